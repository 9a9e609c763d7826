#include "store/sqlite_database.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "base/limits/store.h"
#include "base/niceness.h"
#include "base/status.h"
#include "base/status_macros.h"

namespace hoop {
namespace {

// One connection out of a pool, for the length of one transaction.
class Lease final {
 public:
  explicit Lease(ConnectionPool<SqliteConnection>& pool)
      : pool_(pool), connection_(*pool.Take(absl::InfiniteDuration())) {}
  ~Lease() {
    connection_->Rollback();  // nothing to do after a commit
    pool_.GiveBack(std::move(connection_));
    LetOthersRun();  // now nobody waits for what it holds
  }
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;

  SqliteConnection& operator*() { return *connection_; }
  SqliteConnection* operator->() { return connection_.get(); }

 private:
  ConnectionPool<SqliteConnection>& pool_;
  std::unique_ptr<SqliteConnection> connection_;
};

// SQLite would make it readable for all; its log files copy the mode.
absl::Status MakePrivateFile(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) return ErrnoStatus(errno, fmt::format("database {}", path));
  ::close(file);
  return absl::OkStatus();
}

// The name of a new file survives power loss only when its folder was synced.
absl::Status SyncFolder(const std::string& path) {
  std::string folder = std::filesystem::path(path).parent_path().string();
  if (folder.empty()) folder = ".";
  const int file = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (file < 0) return ErrnoStatus(errno, fmt::format("folder {}", folder));
  const int result = ::fsync(file);
  const int error = errno;
  ::close(file);
  return result == 0 ? absl::OkStatus() : ErrnoStatus(error, fmt::format("folder {}", folder));
}

}  // namespace

absl::StatusOr<std::unique_ptr<SqliteDatabase>> SqliteDatabase::Create(const std::string& path,
                                                                       absl::Duration busy_time) {
  HOOP_RETURN_IF_ERROR(MakePrivateFile(path));
  std::vector<std::unique_ptr<SqliteConnection>> writer, readers;
  HOOP_ASSIGN_OR_RETURN(writer.emplace_back(),
                        SqliteConnection::Open(path, SqliteConnection::Role::kWriter, busy_time));
  for (size_t i = 0; i < limits::kStoreReadersMax; ++i) {
    HOOP_ASSIGN_OR_RETURN(readers.emplace_back(),
                          SqliteConnection::Open(path, SqliteConnection::Role::kReader, busy_time));
  }
  HOOP_RETURN_IF_ERROR(SyncFolder(path));
  return std::unique_ptr<SqliteDatabase>(new SqliteDatabase(std::move(writer), std::move(readers)));
}

absl::Status SqliteDatabase::Write(Durability durability, absl::FunctionRef<absl::Status(Transaction&)> work) {
  Lease connection(writer_);
  HOOP_RETURN_IF_ERROR(connection->SetDurability(durability));
  HOOP_RETURN_IF_ERROR(connection->Begin());
  HOOP_RETURN_IF_ERROR(work(*connection));
  return connection->Commit();
}

absl::Status SqliteDatabase::Read(absl::FunctionRef<absl::Status(Transaction&)> work) {
  Lease connection(readers_);
  HOOP_RETURN_IF_ERROR(connection->Begin());
  HOOP_RETURN_IF_ERROR(work(*connection));
  return connection->Commit();
}

}  // namespace hoop
