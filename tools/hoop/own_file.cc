#include "own_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

namespace hoop::cli {
namespace {

// The number of the error, 0: none.
int WriteAndClose(int descriptor, std::string_view text) {
  int error = 0;
  while (error == 0 && !text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<size_t>(written));
    } else if (errno != EINTR) {
      error = errno;
    }
  }
  if (::close(descriptor) != 0 && error == 0) error = errno;
  return error;
}

}  // namespace

absl::Status WriteOwnFile(const std::string& path, std::string_view text) {
  const std::string part = fmt::format("{}.{}.part", path, ::getpid());
  ::unlink(part.c_str());  // of an earlier process with our number
  const int descriptor = ::open(part.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  int error = descriptor < 0 ? errno : WriteAndClose(descriptor, text);
  if (error == 0 && ::rename(part.c_str(), path.c_str()) != 0) error = errno;
  if (error == 0) return absl::OkStatus();
  if (descriptor >= 0) ::unlink(part.c_str());
  return absl::ErrnoToStatus(error, fmt::format("file {}", path));
}

}  // namespace hoop::cli
