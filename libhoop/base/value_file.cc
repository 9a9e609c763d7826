#include "hoop/value_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "base/limits/values.h"
#include "base/status.h"

namespace hoop {
namespace {

absl::Status CannotRead(std::string_view variable, const std::string& path, int error) {
  // Something else may have been given by mistake: only what looks like a path is repeated.
  const bool is_path = path.size() <= limits::kShownPathBytesMax && path.find('\n') == std::string::npos;
  return InvalidArgument("{}: {}: {}", variable, is_path ? path : "its path", std::generic_category().message(error));
}

}  // namespace

absl::StatusOr<std::string> ReadValueFile(std::string_view variable, const std::string& path, size_t bytes_max) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return CannotRead(variable, path, errno);
  std::string text(bytes_max + 1, '\0');
  size_t size = 0;
  ssize_t got = 0;
  do {
    got = ::read(file, text.data() + size, text.size() - size);
    if (got > 0) size += static_cast<size_t>(got);
  } while (size < text.size() && (got > 0 || (got < 0 && errno == EINTR)));
  const int error = errno;
  ::close(file);
  if (got < 0) return CannotRead(variable, path, error);
  if (size > bytes_max) return InvalidArgument("{}: {}: longer than {} bytes", variable, path, bytes_max);
  text.resize(size);
  text.shrink_to_fit();
  return text;
}

absl::StatusOr<std::string> ReadTextFile(std::string_view variable, const std::string& path, size_t bytes_max) {
  absl::StatusOr<std::string> text = ReadValueFile(variable, path, bytes_max);
  while (text.ok() && (text->ends_with('\n') || text->ends_with('\r'))) text->pop_back();
  return text;
}

}  // namespace hoop
