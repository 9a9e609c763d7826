// Backup and restore of a gateway on SQLite: which files, in which order, and what is refused.
#include "hoop/backup.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <iterator>
#include <vector>

#include "base/status.h"
#include "base/status_macros.h"
#include "gateway/data_folder.h"
#include "gateway/secrets_rotation.h"
#include "identity/secret_file.h"
#include "store/migrations.h"
#include "store/secret_box.h"
#include "store/sqlite_backup.h"

namespace hoop {
namespace {

constexpr std::string_view kKeyFiles[] = {kAuditKeyFile, kTokenKeyFile};

std::string TimeText(absl::Time time) { return absl::FormatTime(absl::RFC3339_sec, time, absl::UTCTimeZone()); }

absl::Status Rename(const std::string& from, const std::string& to) {
  return ::rename(from.c_str(), to.c_str()) == 0 ? absl::OkStatus()
                                                 : ErrnoStatus(errno, fmt::format("{} to {}", from, to));
}

bool Exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

absl::Status SyncFolder(const std::string& path) {
  const int folder = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return ErrnoStatus(errno, path);
  const int result = ::fsync(folder);
  const int error = errno;
  ::close(folder);
  return result == 0 ? absl::OkStatus() : ErrnoStatus(error, path);
}

std::string FolderOf(const std::string& file) {
  const std::string folder = std::filesystem::path(file).parent_path().string();
  return folder.empty() ? "." : folder;
}

// A file that is gone unless it was kept.
class PartFile final {
 public:
  explicit PartFile(std::string path) : path_(std::move(path)) { ::unlink(path_.c_str()); }
  ~PartFile() { ::unlink(path_.c_str()); }
  PartFile(const PartFile&) = delete;
  PartFile& operator=(const PartFile&) = delete;
  const std::string& path() const { return path_; }

 private:
  const std::string path_;
};

absl::Status CopyPrivately(const std::string& from, const std::string& to) {
  const int file = ::open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) return ErrnoStatus(errno, to);
  ::close(file);
  std::error_code error;
  std::filesystem::copy_file(from, to, std::filesystem::copy_options::overwrite_existing, error);
  if (error) return ErrnoStatus(error.value(), fmt::format("{} to {}", from, to));
  return ::chmod(to.c_str(), 0600) == 0 ? absl::OkStatus() : ErrnoStatus(errno, to);
}

// Why the database of the folder is not to be replaced without force. Sets whether it is another organization's.
absl::Status MayReplace(const std::string& existing, const DatabaseSummary& backup, bool force, bool& is_other) {
  const absl::StatusOr<DatabaseSummary> summary = SummarizeSqlite(existing);
  if (!summary.ok()) {
    is_other = true;
    return force ? absl::OkStatus() : Annotate(summary.status(), "what is there cannot be read; --force replaces it");
  }
  is_other = summary->organization_id != backup.organization_id;
  if (force) return absl::OkStatus();
  if (is_other) return FailedPrecondition("{}: belongs to another gateway; --force replaces it", existing);
  if (summary->newest_us > backup.newest_us) {
    return FailedPrecondition("{}: has newer sessions than the backup (the last one of {}); --force replaces it",
                              existing, TimeText(absl::FromUnixMicros(summary->newest_us)));
  }
  return absl::OkStatus();
}

// Steps aside what a restore replaces; nothing is deleted.
absl::Status StepAside(const std::vector<std::string>& paths, const std::string& suffix) {
  for (const std::string& path : paths) {
    if (Exists(path)) HOOP_RETURN_IF_ERROR(Rename(path, path + suffix));
  }
  return absl::OkStatus();
}

// What a start will find. The key of the folder is not made here: a new one opens nothing that is in the backup.
std::string SecretsNote(const BackupOptions& options, const std::string& key_id) {
  if (key_id.empty()) return "";
  const SecretsKeySource source = SecretsKeyOf(options.secrets_key, options.data_dir);
  const std::string way_out =
      fmt::format("put back the {} of the gateway that was backed up, as {}, or set {} as it was, before it starts",
                  kSecretsKeyFile, source.file, source.variable);
  const absl::StatusOr<std::unique_ptr<SecretBox>> box = FindSecretBox(source);
  if (!box.ok()) return fmt::format("{}; {}", StatusText(box.status()), way_out);
  if (*box == nullptr) return fmt::format("the key that opens the secrets of connections is not there: {}", way_out);
  if ((*box)->key_id() == key_id) return fmt::format("{} opens the secrets of connections", source.name());
  return fmt::format("{} is another key than the one of the secrets of connections: {}", source.name(), way_out);
}

}  // namespace

absl::StatusOr<BackupReport> BackUp(const BackupOptions& options) {
  if (Exists(options.file) && !options.force) {
    return absl::AlreadyExistsError(fmt::format("{}: is there already; --force replaces it", options.file));
  }
  BackupNotes notes;
  notes.values = {{"made_at", TimeText(options.now)}, {"version", options.version}};
  for (const std::string_view name : kKeyFiles) {
    auto key = ReadSecretFile(fmt::format("{}/{}", options.data_dir, name));
    if (absl::IsNotFound(key.status())) continue;
    if (!key.ok()) return key.status();
    notes.files[std::string(name)] = *std::move(key);
  }
  const PartFile part(options.file + ".part");
  HOOP_RETURN_IF_ERROR(CopySqlite(options.data_dir + "/" + kDatabaseFile, part.path(), notes));
  HOOP_ASSIGN_OR_RETURN(const DatabaseSummary summary, SummarizeSqlite(part.path()));
  BackupReport report;
  report.sessions = summary.sessions;
  report.made_at = notes.values["made_at"];
  report.bytes = std::filesystem::file_size(part.path());
  HOOP_RETURN_IF_ERROR(Rename(part.path(), options.file));
  HOOP_RETURN_IF_ERROR(SyncFolder(FolderOf(options.file)));
  return report;
}

absl::StatusOr<BackupReport> Restore(const BackupOptions& options) {
  HOOP_ASSIGN_OR_RETURN(const BackupNotes notes, ReadBackupNotes(options.file));
  for (const auto& [name, content] : notes.files) {
    const bool is_key = std::find(std::begin(kKeyFiles), std::end(kKeyFiles), name) != std::end(kKeyFiles);
    if (!is_key) return DataLoss("{}: holds a file that is no key of ours", options.file);
  }
  HOOP_RETURN_IF_ERROR(CheckSqlite(options.file));
  HOOP_ASSIGN_OR_RETURN(const DatabaseSummary backup, SummarizeSqlite(options.file));
  if (backup.schema_version > NewestSchemaVersion()) {
    return FailedPrecondition("{}: a newer program made it (schema {}, this one knows {})", options.file,
                              backup.schema_version, NewestSchemaVersion());
  }
  HOOP_ASSIGN_OR_RETURN(const std::unique_ptr<DataFolder> folder, DataFolder::Open(options.data_dir));
  const std::string database = folder->File(kDatabaseFile);
  const bool replaces = Exists(database);
  bool is_other = false;
  if (replaces) HOOP_RETURN_IF_ERROR(MayReplace(database, backup, options.force, is_other));

  const PartFile part(database + ".part");
  HOOP_RETURN_IF_ERROR(CopyPrivately(options.file, part.path()));
  HOOP_RETURN_IF_ERROR(DropBackupNotes(part.path()));
  HOOP_RETURN_IF_ERROR(CheckSqlite(part.path()));

  BackupReport report;
  report.sessions = backup.sessions;
  report.bytes = std::filesystem::file_size(part.path());
  if (const auto made = notes.values.find("made_at"); made != notes.values.end()) report.made_at = made->second;
  const std::string suffix = fmt::format(".before-restore-{}", absl::ToUnixSeconds(options.now));
  std::vector<std::string> aside = {database, database + "-wal", database + "-shm"};
  for (const auto& [name, content] : notes.files) aside.push_back(folder->File(name));
  // What a journal still holds belongs to the database that it was written for.
  const std::string journal = options.journal_dir.empty() ? folder->File(kJournalFolder) : options.journal_dir;
  if (is_other) aside.push_back(journal);
  if (replaces) report.kept_as = suffix;
  HOOP_RETURN_IF_ERROR(StepAside(aside, suffix));
  for (const auto& [name, content] : notes.files) {
    HOOP_RETURN_IF_ERROR(CreateSecretFile(folder->File(name), content));
  }
  HOOP_RETURN_IF_ERROR(Rename(part.path(), database));
  HOOP_RETURN_IF_ERROR(SyncFolder(options.data_dir));
  report.secrets_note = SecretsNote(options, backup.secrets_key_id);
  return report;
}

}  // namespace hoop
