// An SQLite database as one file, and back: the copy, the notes that lie in it, the look at what it is.
// Used by gateway/backup.cc.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace hoop {

// Texts and files that travel in a backup, beside the tables.
struct BackupNotes {
  std::map<std::string, std::string> values;  // "made_at" ...
  std::map<std::string, std::string> files;   // name in the data folder -> content
};

// What a database is, as far as a restore has to know.
struct DatabaseSummary {
  int64_t schema_version = 0;
  std::string organization_id;  // of the oldest
  int64_t sessions = 0;
  int64_t newest_us = 0;       // when the newest session began; 0: there is none
  std::string secrets_key_id;  // of the key that the secrets in it are encrypted with; "" if none is
};

// Copies the database at `path`, as one moment saw it, into the new file `to`, compactly, and adds the notes. Others
// may work on it meanwhile. The copy is checked and synced. NotFound: no database. DataLoss: the copy is not whole.
absl::Status CopySqlite(const std::string& path, const std::string& to, const BackupNotes& notes);

// DataLoss: it is no backup. The notes stay where they are.
absl::StatusOr<BackupNotes> ReadBackupNotes(const std::string& path);

// Makes a copied backup a plain database again.
absl::Status DropBackupNotes(const std::string& path);

// Every page and every reference. DataLoss says what is wrong first.
absl::Status CheckSqlite(const std::string& path);

absl::StatusOr<DatabaseSummary> SummarizeSqlite(const std::string& path);

}  // namespace hoop
