#include "identity/secret_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "base/ids.h"
#include "base/limits/identity.h"
#include "base/status.h"
#include "base/status_macros.h"

namespace hoop {
namespace {

// An open file that closes itself.
class File final {
 public:
  explicit File(int descriptor) : descriptor_(descriptor) {}
  ~File() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int get() const { return descriptor_; }

 private:
  const int descriptor_;
};

absl::Status FileError(const std::string& path) { return ErrnoStatus(errno, fmt::format("file {}", path)); }

absl::Status WriteAndSync(const std::string& path, std::string_view content) {
  const File file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (file.get() < 0) return FileError(path);
  while (!content.empty()) {
    const ssize_t written = ::write(file.get(), content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return FileError(path);
    content.remove_prefix(static_cast<size_t>(written));
  }
  return ::fsync(file.get()) == 0 ? absl::OkStatus() : FileError(path);
}

absl::Status SyncFolderOf(const std::string& path) {
  std::string folder = std::filesystem::path(path).parent_path().string();
  if (folder.empty()) folder = ".";
  const File file(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (file.get() < 0 || ::fsync(file.get()) != 0) return FileError(folder);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::string> ReadSecretFile(const std::string& path) {
  // Not blocking: something else than a file, a pipe say, must not hold us up.
  const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0) return FileError(path);
  struct stat entry;
  if (::fstat(file.get(), &entry) != 0) return FileError(path);
  if (!S_ISREG(entry.st_mode)) return FailedPrecondition("file {}: it is no plain file", path);
  if ((entry.st_mode & 077) != 0) return FailedPrecondition("file {}: others may read it, chmod 600 it", path);
  if (entry.st_size > static_cast<off_t>(limits::kSecretFileBytesMax)) {
    return FailedPrecondition("file {}: longer than {} bytes", path, limits::kSecretFileBytesMax);
  }
  std::string content(static_cast<size_t>(entry.st_size), '\0');
  size_t filled = 0;
  while (filled < content.size()) {
    const ssize_t got = ::read(file.get(), content.data() + filled, content.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return FileError(path);
    if (got == 0) break;
    filled += static_cast<size_t>(got);
  }
  content.resize(filled);
  return content;
}

absl::Status CreateSecretFile(const std::string& path, std::string_view content) {
  // A link, unlike a rename, fails where the name is taken: of two processes one wins and both agree.
  const std::string fresh = fmt::format("{}.{}", path, RandomToken(9));
  absl::Status status = WriteAndSync(fresh, content);
  if (status.ok() && ::link(fresh.c_str(), path.c_str()) != 0) status = FileError(path);
  ::unlink(fresh.c_str());
  HOOP_RETURN_IF_ERROR(status);
  return SyncFolderOf(path);
}

}  // namespace hoop
