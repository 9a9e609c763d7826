#include "audit/posix_file_system.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/status.h"
#include "base/status_macros.h"

namespace hoop {
namespace {

// Owns a descriptor.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  int number() const { return number_; }

 private:
  int number_;
};

absl::StatusOr<Descriptor> OpenDescriptor(const std::string& path, int flags) {
  int number;
  do number = ::open(path.c_str(), flags | O_CLOEXEC, 0600);
  while (number < 0 && errno == EINTR);
  if (number < 0) return ErrnoStatus(errno, path);
  return Descriptor(number);
}

class PosixFile final : public File {
 public:
  PosixFile(std::string path, Descriptor descriptor) : path_(std::move(path)), descriptor_(std::move(descriptor)) {}

  absl::Status Write(uint64_t offset, std::string_view bytes) override {
    while (!bytes.empty()) {
      const ssize_t wrote = ::pwrite(descriptor_.number(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
      if (wrote < 0 && errno == EINTR) continue;
      if (wrote < 0) return ErrnoStatus(errno, path_);
      if (wrote == 0) return Unavailable("{}: the disk took nothing", path_);
      bytes.remove_prefix(static_cast<size_t>(wrote));
      offset += static_cast<uint64_t>(wrote);
    }
    return absl::OkStatus();
  }

  absl::Status Read(uint64_t offset, size_t size, std::string& bytes) override {
    bytes.resize(size);
    size_t done = 0;
    while (done < size) {
      const ssize_t got =
          ::pread(descriptor_.number(), bytes.data() + done, size - done, static_cast<off_t>(offset + done));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return ErrnoStatus(errno, path_);
      if (got == 0) break;
      done += static_cast<size_t>(got);
    }
    bytes.resize(done);
    return absl::OkStatus();
  }

  absl::Status Sync() override {
    if (::fdatasync(descriptor_.number()) != 0) return ErrnoStatus(errno, path_);
    return absl::OkStatus();
  }

  absl::Status Reserve(uint64_t size) override {
    int error;
    do error = ::posix_fallocate(descriptor_.number(), 0, static_cast<off_t>(size));
    while (error == EINTR);
    if (error != 0) return ErrnoStatus(error, path_);
    return absl::OkStatus();
  }

  absl::StatusOr<uint64_t> Size() override {
    struct stat status = {};
    if (::fstat(descriptor_.number(), &status) != 0) return ErrnoStatus(errno, path_);
    return static_cast<uint64_t>(status.st_size);
  }

 private:
  const std::string path_;
  const Descriptor descriptor_;
};

class PosixFileLock final : public FileLock {
 public:
  explicit PosixFileLock(Descriptor descriptor) : descriptor_(std::move(descriptor)) {}

 private:
  const Descriptor descriptor_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<File>> PosixFileSystem::Open(const std::string& path, OpenMode mode) {
  const int flags = mode == OpenMode::kCreate ? O_RDWR | O_CREAT | O_EXCL : O_RDWR;
  HOOP_ASSIGN_OR_RETURN(Descriptor descriptor, OpenDescriptor(path, flags));
  return std::make_unique<PosixFile>(path, std::move(descriptor));
}

absl::Status PosixFileSystem::Rename(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) return ErrnoStatus(errno, from);
  return absl::OkStatus();
}

absl::Status PosixFileSystem::Remove(const std::string& path) {
  if (::unlink(path.c_str()) != 0) return ErrnoStatus(errno, path);
  return absl::OkStatus();
}

absl::Status PosixFileSystem::MakeFolder(const std::string& path) {
  const size_t slash = path.find_last_of('/');
  if (::mkdir(path.c_str(), 0700) == 0) return absl::OkStatus();
  if (errno == ENOENT && slash != std::string::npos && slash > 0) {
    HOOP_RETURN_IF_ERROR(MakeFolder(path.substr(0, slash)));
    if (::mkdir(path.c_str(), 0700) == 0) return SyncFolder(path.substr(0, slash));
  }
  const int error = errno;
  struct stat status = {};
  if (error == EEXIST && ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) return absl::OkStatus();
  return ErrnoStatus(error, path);
}

absl::Status PosixFileSystem::SyncFolder(const std::string& path) {
  HOOP_ASSIGN_OR_RETURN(const Descriptor folder, OpenDescriptor(path, O_RDONLY | O_DIRECTORY));
  if (::fsync(folder.number()) != 0) return ErrnoStatus(errno, path);
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> PosixFileSystem::List(const std::string& folder) {
  std::error_code error;
  std::vector<std::string> names;
  for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    names.push_back(entry->path().filename().string());
  }
  if (error) return ErrnoStatus(error.value(), folder);
  std::sort(names.begin(), names.end());
  return names;
}

absl::StatusOr<std::unique_ptr<FileLock>> PosixFileSystem::Lock(const std::string& path) {
  HOOP_ASSIGN_OR_RETURN(Descriptor descriptor, OpenDescriptor(path, O_RDWR | O_CREAT));
  if (::flock(descriptor.number(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return FailedPrecondition("{}: locked by another gateway", path);
    return ErrnoStatus(errno, path);
  }
  return std::make_unique<PosixFileLock>(std::move(descriptor));
}

}  // namespace hoop
