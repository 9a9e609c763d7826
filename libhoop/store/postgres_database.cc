#include "store/postgres_database.h"

#include <utility>
#include <vector>

#include "base/status.h"
#include "base/status_macros.h"

namespace hoop {
namespace {

std::vector<std::unique_ptr<PostgresConnection>> Places(size_t count, std::unique_ptr<PostgresConnection> first) {
  std::vector<std::unique_ptr<PostgresConnection>> places(count);
  places.back() = std::move(first);
  return places;
}

// What a request that comes while the server is away may be told, for it is passed on to whoever asked: why, but not
// where the server is and as whom it is asked. libpq: `connection to server at "db" (10.0.0.1), port 5432 failed: why`.
absl::Status WithoutPlace(const absl::Status& status) {
  constexpr std::string_view kBefore = " failed: ", kFatal = "FATAL:  ";
  const std::string text = StatusText(status);
  const size_t at = text.rfind(kBefore);
  std::string_view why = at == std::string::npos ? "" : std::string_view(text).substr(at + kBefore.size());
  if (why.starts_with(kFatal)) why.remove_prefix(kFatal.size());
  if (why.empty() || why.find('"') != std::string_view::npos) return Unavailable("database: it cannot be reached");
  return Unavailable("database: it cannot be reached: {}", why);
}

}  // namespace

// One place of a pool, for the length of one transaction. What was lost leaves the place empty.
class PostgresDatabase::Lease final {
 public:
  Lease(Pool& pool, std::unique_ptr<PostgresConnection> connection) : pool_(pool), connection_(std::move(connection)) {}
  ~Lease() {
    if (connection_ != nullptr) connection_->Rollback();  // nothing to do after a commit
    if (connection_ != nullptr && !connection_->alive()) connection_.reset();
    pool_.GiveBack(std::move(connection_));
  }
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;

  std::unique_ptr<PostgresConnection>& connection() { return connection_; }

 private:
  Pool& pool_;
  std::unique_ptr<PostgresConnection> connection_;
};

PostgresDatabase::PostgresDatabase(std::string connection_text, const PostgresTimes& times,
                                   std::unique_ptr<PostgresConnection> connection)
    : connection_text_(std::move(connection_text)),
      times_(times),
      writer_(Places(1, std::move(connection))),
      readers_(Places(limits::kStoreReadersMax, nullptr)) {}

absl::StatusOr<std::unique_ptr<PostgresDatabase>> PostgresDatabase::Create(const std::string& connection_text,
                                                                           const PostgresTimes& times) {
  HOOP_ASSIGN_OR_RETURN(std::unique_ptr<PostgresConnection> connection,
                        PostgresConnection::Open(connection_text, times));
  return std::unique_ptr<PostgresDatabase>(new PostgresDatabase(connection_text, times, std::move(connection)));
}

absl::Status PostgresDatabase::Write(Durability durability, absl::FunctionRef<absl::Status(Transaction&)> work) {
  return Run(
      writer_, [durability](PostgresConnection& connection) { return connection.BeginWrite(durability); }, work);
}

absl::Status PostgresDatabase::Read(absl::FunctionRef<absl::Status(Transaction&)> work) {
  return Run(
      readers_, [](PostgresConnection& connection) { return connection.BeginRead(); }, work);
}

absl::Status PostgresDatabase::Run(Pool& pool, absl::FunctionRef<absl::Status(PostgresConnection&)> begin,
                                   absl::FunctionRef<absl::Status(Transaction&)> work) {
  auto place = pool.Take(limits::kStoreTurnTime);
  if (!place.has_value()) {
    return Unavailable("database: no connection was free for {} s", absl::ToInt64Seconds(limits::kStoreTurnTime));
  }
  Lease lease(pool, *std::move(place));
  std::unique_ptr<PostgresConnection>& connection = lease.connection();
  absl::Status begun = connection == nullptr ? absl::OkStatus() : begin(*connection);
  if (connection == nullptr || !connection->alive()) {
    connection.reset();
    absl::StatusOr<std::unique_ptr<PostgresConnection>> opened = PostgresConnection::Open(connection_text_, times_);
    if (!opened.ok()) return WithoutPlace(opened.status());
    connection = *std::move(opened);
    begun = begin(*connection);
  }
  HOOP_RETURN_IF_ERROR(begun);
  HOOP_RETURN_IF_ERROR(work(*connection));
  return connection->Commit();
}

}  // namespace hoop
