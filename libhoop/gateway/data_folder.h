// The folder that belongs to one running gateway: store, keys, journal.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace hoop {

// What lies in it under a fixed name.
inline constexpr char kDatabaseFile[] = "hoop.db";
inline constexpr char kSecretsKeyFile[] = "secrets.key";
inline constexpr char kTokenKeyFile[] = "token.key";
inline constexpr char kAuditKeyFile[] = "audit.key";
inline constexpr char kJournalFolder[] = "journal";

// Owned by Gateway; the folder stays locked as long as it lives (also against kill -9: the lock is the kernel's).
class DataFolder final {
 public:
  // Makes the folder with mode 0700 when it is missing. FailedPrecondition: another gateway runs in it, or
  // others may write to it.
  static absl::StatusOr<std::unique_ptr<DataFolder>> Open(const std::string& path);
  ~DataFolder();

  // FailedPrecondition: others may write to it. OK where there is none.
  static absl::Status CheckMode(const std::string& path);

  const std::string& path() const { return path_; }
  std::string File(const std::string& name) const { return path_ + "/" + name; }

 private:
  DataFolder(std::string path, int lock) : path_(std::move(path)), lock_(lock) {}
  const std::string path_;
  const int lock_;
};

}  // namespace hoop
