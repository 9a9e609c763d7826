// A gateway's SQLite store as one file, and back. Used by `hoop-gateway backup | restore`, for hosts too.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace hoop {

// What a backup holds: users, agents, connections, sessions with their records, and the keys that sign records
// (audit.key) and tokens (token.key). Not: the journal's last second, and the key that encrypts connections' secrets.
struct BackupOptions {
  std::string data_dir;
  std::string journal_dir;  // restore only; default: <data_dir>/journal
  std::string file;         // made with mode 0600: it is as secret as the data folder
  bool force = false;       // backup: replaces the file. Restore: replaces another or a newer database
  absl::Time now;
  std::string version = "unknown";  // of the program, noted in the file
  std::string secrets_key;  // restore only: as the variable HOOP_SECRETS_KEY, to say whether it is the right one
};

struct BackupReport {
  uint64_t bytes = 0;
  int64_t sessions = 0;
  std::string made_at;  // of the backup, RFC 3339
  std::string kept_as;  // restore: what was there before lies beside it under names that end like this; "" if nothing
  std::string secrets_note;  // restore: one line on the key that opens connections' secrets, which no backup holds
};

// Consistent, also while a gateway works on the data; it goes on meanwhile. Checked before the file gets its name.
// NotFound: no database there. AlreadyExists: the file is there and `force` is not set.
absl::StatusOr<BackupReport> BackUp(const BackupOptions& options);

// FailedPrecondition: a gateway runs on the data; or, without `force`, the database there is another organization's or
// has newer sessions; or a newer program made the backup. DataLoss: it is no backup, or not whole.
absl::StatusOr<BackupReport> Restore(const BackupOptions& options);

}  // namespace hoop
