#include "gateway/data_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include "base/status.h"
#include "base/status_macros.h"

namespace hoop {

absl::StatusOr<std::unique_ptr<DataFolder>> DataFolder::Open(const std::string& path) {
  std::error_code error;
  if (const auto parent = std::filesystem::path(path).parent_path(); !parent.empty()) {
    std::filesystem::create_directories(parent, error);
    if (error) return ErrnoStatus(error.value(), fmt::format("data_dir: {}", path));
  }
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
    return ErrnoStatus(errno, fmt::format("data_dir: {}", path));
  }
  HOOP_RETURN_IF_ERROR(CheckMode(path));
  const std::string lock_path = path + "/lock";
  const int lock = ::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock < 0) return ErrnoStatus(errno, fmt::format("data_dir: {}: open lock", path));
  if (::flock(lock, LOCK_EX | LOCK_NB) != 0) {
    ::close(lock);
    return FailedPrecondition("data_dir: {}: another gateway runs in it", path);
  }
  return std::unique_ptr<DataFolder>(new DataFolder(path, lock));
}

// Who may write there may put keys and a database of his own into our place.
absl::Status DataFolder::CheckMode(const std::string& path) {
  struct stat folder = {};
  if (::stat(path.c_str(), &folder) != 0) {
    return errno == ENOENT ? absl::OkStatus() : ErrnoStatus(errno, fmt::format("data_dir: {}", path));
  }
  if ((folder.st_mode & 022) == 0) return absl::OkStatus();
  return FailedPrecondition("data_dir: {}: others may write to it (mode {:o}); chmod 700", path,
                            folder.st_mode & 07777);
}

DataFolder::~DataFolder() { ::close(lock_); }

}  // namespace hoop
