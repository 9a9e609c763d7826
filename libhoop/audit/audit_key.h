// The gateway's key for seals. Made once, kept in one file. Used by session_record.h and recovery.h.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "audit/file_system.h"

struct evp_pkey_st;

namespace hoop {

// Owned by JournalAuditStore. Constant after construction, any thread.
class AuditKey final {
 public:
  // Reads the file (64 hex digits, the Ed25519 seed), or makes it: 0600, complete or not there at all, never replaced.
  // FailedPrecondition: others may read it. InvalidArgument: it is no key; the text names the file.
  static absl::StatusOr<std::unique_ptr<AuditKey>> LoadOrMake(const std::string& path, FileSystem& files);
  ~AuditKey();
  AuditKey(const AuditKey&) = delete;
  AuditKey& operator=(const AuditKey&) = delete;

  std::string Sign(std::string_view message) const;              // 64 bytes
  const std::string& public_key() const { return public_key_; }  // 32 bytes
  const std::string& id() const { return id_; }

 private:
  AuditKey(evp_pkey_st* key, std::string public_key);

  evp_pkey_st* const key_;
  const std::string public_key_;
  const std::string id_;
};

}  // namespace hoop
