#include "store/sqlite_backup.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/types/span.h"
#include "base/limits/store.h"
#include "base/status.h"
#include "base/status_macros.h"

namespace hoop {
namespace {

struct Closer {
  void operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};

// A handle without the settings of SqliteConnection, which are for a database that a gateway works on.
class PlainHandle final {
 public:
  static absl::StatusOr<PlainHandle> Open(const std::string& path, bool writes) {
    if (::access(path.c_str(), F_OK) != 0) return NotFound("database {}: there is none", path);
    sqlite3* raw = nullptr;
    const int flags = (writes ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY) | SQLITE_OPEN_EXRESCODE;
    const int code = sqlite3_open_v2(path.c_str(), &raw, flags, nullptr);
    PlainHandle handle(path, raw);
    if (code != SQLITE_OK) return Unavailable("database {}: {}", path, sqlite3_errstr(code));
    sqlite3_busy_timeout(raw, static_cast<int>(absl::ToInt64Milliseconds(limits::kStoreBusyTime)));
    return handle;
  }

  // `values` are bound as $1 and so on, as bytes where `as_bytes`.
  absl::Status Run(
      const std::string& sql, absl::Span<const std::string> values = {}, bool as_bytes = false,
      absl::FunctionRef<void(sqlite3_stmt*)> visit = [](sqlite3_stmt*) {}) {
    sqlite3_stmt* raw = nullptr;
    if (sqlite3_prepare_v2(handle_.get(), sql.c_str(), -1, &raw, nullptr) != SQLITE_OK) return Fail();
    const std::unique_ptr<sqlite3_stmt, Closer> statement(raw);
    for (size_t i = 0; i < values.size(); ++i) {
      const int at = static_cast<int>(i) + 1;
      if (as_bytes && i + 1 == values.size()) {
        sqlite3_bind_blob64(raw, at, values[i].data(), values[i].size(), SQLITE_STATIC);
      } else {
        sqlite3_bind_text64(raw, at, values[i].data(), values[i].size(), SQLITE_STATIC, SQLITE_UTF8);
      }
    }
    int code;
    while ((code = sqlite3_step(raw)) == SQLITE_ROW) visit(raw);
    return code == SQLITE_DONE ? absl::OkStatus() : Fail();
  }

  absl::StatusOr<std::string> Text(const std::string& sql) {
    std::string text;
    HOOP_RETURN_IF_ERROR(Run(sql, {}, false, [&text](sqlite3_stmt* row) {
      if (!text.empty()) return;
      if (const unsigned char* first = sqlite3_column_text(row, 0); first != nullptr) {
        text = reinterpret_cast<const char*>(first);
      }
    }));
    return text;
  }

 private:
  PlainHandle(std::string path, sqlite3* handle) : path_(std::move(path)), handle_(handle) {}

  absl::Status Fail() const {
    const std::string text = fmt::format("database {}: {}", path_, sqlite3_errmsg(handle_.get()));
    switch (sqlite3_errcode(handle_.get()) & 0xff) {
      case SQLITE_FULL:
        return ResourceExhausted("{}", text);
      case SQLITE_CORRUPT:
      case SQLITE_NOTADB:
      case SQLITE_ERROR:  // a table that is missing
        return DataLoss("{}", text);
      default:
        return Unavailable("{}", text);
    }
  }

  std::string path_;
  std::unique_ptr<sqlite3, Closer> handle_;
};

absl::Status SyncFile(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  if (file < 0) return ErrnoStatus(errno, path);
  const int result = ::fsync(file);
  const int error = errno;
  ::close(file);
  return result == 0 ? absl::OkStatus() : ErrnoStatus(error, path);
}

std::string Column(sqlite3_stmt* row, int column) {
  const void* bytes = sqlite3_column_blob(row, column);
  return bytes == nullptr
             ? std::string()
             : std::string(static_cast<const char*>(bytes), static_cast<size_t>(sqlite3_column_bytes(row, column)));
}

}  // namespace

absl::Status CopySqlite(const std::string& path, const std::string& to, const BackupNotes& notes) {
  // Made here, so that nobody else may read it, not even for a moment; SQLite takes an empty file for a new one.
  const int file = ::open(to.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) return ErrnoStatus(errno, to);
  ::close(file);
  {
    HOOP_ASSIGN_OR_RETURN(PlainHandle source, PlainHandle::Open(path, false));
    HOOP_RETURN_IF_ERROR(source.Run("vacuum into $1", {to}));
  }
  {
    HOOP_ASSIGN_OR_RETURN(PlainHandle copy, PlainHandle::Open(to, true));
    HOOP_RETURN_IF_ERROR(copy.Run("begin"));
    HOOP_RETURN_IF_ERROR(copy.Run("create table backup_values (name text primary key, value text not null)"));
    HOOP_RETURN_IF_ERROR(copy.Run("create table backup_files (name text primary key, content blob not null)"));
    for (const auto& [name, value] : notes.values) {
      HOOP_RETURN_IF_ERROR(copy.Run("insert into backup_values values ($1, $2)", {name, value}));
    }
    for (const auto& [name, content] : notes.files) {
      HOOP_RETURN_IF_ERROR(copy.Run("insert into backup_files values ($1, $2)", {name, content}, true));
    }
    HOOP_RETURN_IF_ERROR(copy.Run("commit"));
  }
  HOOP_RETURN_IF_ERROR(CheckSqlite(to));
  return SyncFile(to);
}

absl::StatusOr<BackupNotes> ReadBackupNotes(const std::string& path) {
  HOOP_ASSIGN_OR_RETURN(PlainHandle handle, PlainHandle::Open(path, false));
  BackupNotes notes;
  for (const auto& [table, to] : {std::pair("backup_values", &notes.values), std::pair("backup_files", &notes.files)}) {
    const absl::Status read = handle.Run(fmt::format("select * from {}", table), {}, false,
                                         [&to](sqlite3_stmt* row) { to->emplace(Column(row, 0), Column(row, 1)); });
    if (absl::IsDataLoss(read)) return DataLoss("{}: is no backup of a gateway", path);
    HOOP_RETURN_IF_ERROR(read);
  }
  return notes;
}

absl::Status DropBackupNotes(const std::string& path) {
  {
    HOOP_ASSIGN_OR_RETURN(PlainHandle handle, PlainHandle::Open(path, true));
    HOOP_RETURN_IF_ERROR(handle.Run("pragma secure_delete = on"));  // keys lay there
    HOOP_RETURN_IF_ERROR(handle.Run("drop table backup_files"));
    HOOP_RETURN_IF_ERROR(handle.Run("drop table backup_values"));
  }
  return SyncFile(path);
}

absl::Status CheckSqlite(const std::string& path) {
  HOOP_ASSIGN_OR_RETURN(PlainHandle handle, PlainHandle::Open(path, false));
  HOOP_ASSIGN_OR_RETURN(const std::string integrity, handle.Text("pragma integrity_check(1)"));
  if (integrity != "ok") return DataLoss("{}: {}", path, integrity);
  HOOP_ASSIGN_OR_RETURN(const std::string reference, handle.Text("pragma foreign_key_check"));
  return reference.empty() ? absl::OkStatus() : DataLoss("{}: a row of {} refers to nothing", path, reference);
}

absl::StatusOr<DatabaseSummary> SummarizeSqlite(const std::string& path) {
  HOOP_ASSIGN_OR_RETURN(PlainHandle handle, PlainHandle::Open(path, false));
  DatabaseSummary summary;
  HOOP_ASSIGN_OR_RETURN(summary.organization_id,
                        handle.Text("select id from organizations order by created_at, id limit 1"));
  HOOP_RETURN_IF_ERROR(
      handle.Run("select (select coalesce(max(version), 0) from schema_migrations), "
                 "(select count(*) from sessions), "
                 "(select coalesce(max(started_at), 0) from sessions)",
                 {}, false, [&summary](sqlite3_stmt* row) {
                   summary.schema_version = sqlite3_column_int64(row, 0);
                   summary.sessions = sqlite3_column_int64(row, 1);
                   summary.newest_us = sqlite3_column_int64(row, 2);
                 }));
  HOOP_ASSIGN_OR_RETURN(const std::string has_key,
                        handle.Text("select 1 from sqlite_master where name = 'secrets_key'"));
  if (has_key.empty()) return summary;  // older than secrets that are encrypted
  HOOP_ASSIGN_OR_RETURN(summary.secrets_key_id, handle.Text("select key_id from secrets_key"));
  return summary;
}

}  // namespace hoop
