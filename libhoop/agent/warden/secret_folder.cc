#include "agent/warden/secret_folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "base/ids.h"
#include "base/status.h"

namespace hoop {
namespace {

constexpr std::string_view kPrefix = "hoop-agent-";
constexpr int kAttempts = 3;

std::vector<std::string> NamesIn(int folder) {
  std::vector<std::string> names;
  const int copy = ::openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (copy < 0) return names;
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(::fdopendir(copy), ::closedir);
  if (entries == nullptr) {
    ::close(copy);
    return names;
  }
  while (const dirent* entry = ::readdir(entries.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  return names;
}

Descriptor OpenFolder(const std::string& path) {
  return Descriptor(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

// True when `folder` is still what `path` names: a sweep of another start may have come between making and locking.
bool IsAt(const Descriptor& folder, const std::string& path) {
  struct stat here {
  }, there{};
  return ::fstat(folder.get(), &here) == 0 && ::lstat(path.c_str(), &there) == 0 && here.st_ino == there.st_ino &&
         here.st_dev == there.st_dev;
}

void Sweep(const std::string& runtime_dir) {
  const Descriptor all = OpenFolder(runtime_dir);
  if (!all.is_open()) return;
  for (const std::string& name : NamesIn(all.get())) {
    if (!name.starts_with(kPrefix) || !IsUuid(name.substr(kPrefix.size()))) continue;
    const std::string path = fmt::format("{}/{}", runtime_dir, name);
    const Descriptor folder = OpenFolder(path);
    struct stat about {};
    if (!folder.is_open() || ::fstat(folder.get(), &about) != 0 || about.st_uid != ::geteuid()) continue;
    if (::flock(folder.get(), LOCK_EX | LOCK_NB) != 0) continue;  // its agent, or a process of it, lives
    RemoveSecretFolder(path, folder);
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<SecretFolder>> SecretFolder::Create(const std::string& runtime_dir) {
  Sweep(runtime_dir);
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    std::string path = fmt::format("{}/{}{}", runtime_dir, kPrefix, NewUuid());
    if (::mkdir(path.c_str(), 0700) != 0) return ErrnoStatus(errno, fmt::format("make secret folder {}", path));
    Descriptor folder = OpenFolder(path);
    if (folder.is_open() && ::flock(folder.get(), LOCK_EX | LOCK_NB) == 0 && IsAt(folder, path)) {
      return std::unique_ptr<SecretFolder>(new SecretFolder(std::move(path), std::move(folder)));
    }
  }
  return Unavailable("secret folder in {}: could not be locked", runtime_dir);
}

SecretFolder::~SecretFolder() { RemoveSecretFolder(path_, descriptor_); }

std::string SecretFolder::NewFileName() const { return fmt::format("{}.envfs", NewUuid()); }

void RemoveSecretFolder(const std::string& path, const Descriptor& folder) {
  for (const std::string& name : NamesIn(folder.get())) ::unlinkat(folder.get(), name.c_str(), 0);
  ::rmdir(path.c_str());
}

}  // namespace hoop
