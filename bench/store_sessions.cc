// How long the store takes to list and get sessions among many: fills it, asks each question many times.
//   store_sessions SESSIONS QUESTIONS SQLITE_FILE
//   store_sessions SESSIONS QUESTIONS postgres://...
// Prints a line for each question: name, median and 95th percentile in microseconds.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/status_macros.h"
#include "store/store.h"

namespace hoop {
namespace {

constexpr int kRowsOfStatement = 100;
constexpr int kStatementsOfTransaction = 100;
constexpr int kUsers = 2000;
constexpr int kConnections = 300;
constexpr int kOpenOneOf = 10'000;
constexpr int64_t kSpacingMicros = 30'000'000;  // a million of them span a year
const absl::Time kBegin = absl::FromUnixSeconds(1'700'000'000);

[[noreturn]] void Fail(const absl::Status& status) {
  std::fprintf(stderr, "store_sessions: %s\n", std::string(status.message()).c_str());
  std::exit(1);
}

void Check(const absl::Status& status) {
  if (!status.ok()) Fail(status);
}

template <typename T>
T Take(absl::StatusOr<T> result) {
  if (!result.ok()) Fail(result.status());
  return *std::move(result);
}

std::string UserId(int64_t i) { return fmt::format("user-{:04}", i * 7919 % kUsers); }
std::string ConnectionName(int64_t i) { return fmt::format("connection-{:03}", i * 104'729 % kConnections); }
absl::Time StartOf(int64_t i) { return kBegin + absl::Microseconds(i * kSpacingMicros); }

class Sessions final {
 public:
  Sessions(Store& store, int64_t count) : store_(store), count_(count) {}

  void Fill() {
    std::string sql =
        "insert into sessions (id, org_id, user_id, user_email, user_name, connection, connection_type, "
        "connection_subtype, wire_type, agent_id, verb, origin, command, client_args, record_policy, started_at, "
        "status, ended_at, end_reason, records, request_bytes, reply_bytes, seal) values ";
    for (int row = 0; row < kRowsOfStatement; ++row) {
      const int p = row * 7;
      sql += fmt::format(
          "{}(${}, ${}, ${}, ${}, 'Some One', ${}, 'database', 'postgres', 'postgres', 'agent', 'connect', 'client', "
          "'[]', '[]', 'durable', ${}, ${}, null, 'the client closed', 120, 4000, 90000, null)",
          row == 0 ? "" : ", ", p + 1, p + 2, p + 3, p + 4, p + 5, p + 6, p + 7);
    }
    while (filled() < count_) {
      Check(store_.database().Write(Durability::kNormal, [&](Transaction& transaction) -> absl::Status {
        for (int i = 0; i < kStatementsOfTransaction && filled() < count_; ++i) {
          HOOP_RETURN_IF_ERROR(Insert(transaction, sql));
        }
        return absl::OkStatus();
      }));
    }
  }

  int64_t filled() const { return static_cast<int64_t>(ids_.size()); }
  const std::string& id(int64_t i) const { return ids_[static_cast<size_t>(i)]; }

 private:
  absl::Status Insert(Transaction& transaction, const std::string& sql) {
    std::vector<std::string> texts;
    texts.reserve(kRowsOfStatement * 4);
    std::vector<SqlValue> values;
    for (int row = 0; row < kRowsOfStatement; ++row) {
      const int64_t i = filled();
      ids_.push_back(NewUuid());
      const std::string& user = texts.emplace_back(UserId(i));
      const std::string& email = texts.emplace_back(user + "@example.test");
      const std::string& connection = texts.emplace_back(ConnectionName(i));
      const std::string& session = texts.emplace_back(ids_.back());
      const char* status = i % kOpenOneOf == 0 ? "open" : "done";
      values.insert(values.end(),
                    {session, store_.default_organization().id, user, email, connection, StartOf(i), status});
    }
    return transaction.Execute(sql, values).status();
  }

  Store& store_;
  const int64_t count_;
  std::vector<std::string> ids_;  // by number
};

class Questions final {
 public:
  Questions(Store& store, const Sessions& sessions, int count) : store_(store), sessions_(sessions), count_(count) {}

  void Ask() {
    Measure("list, newest", [&] { return List({}); });
    Measure("list, one user's own", [&] { return List({.owner_id = UserId(Random())}); });
    Measure("list, one connection", [&] { return List({.connection_pattern = ConnectionName(Random())}); });
    Measure("list, one user by e-mail", [&] { return List({.user_pattern = UserId(Random()) + "@example.test"}); });
    Measure("list, open ones", [&] { return List({.status = SessionStatus::kOpen}); });
    Measure("list, one day", [&] {
      const absl::Time day = StartOf(Random());
      return List({.started_after = day, .started_before = day + absl::Hours(24)});
    });
    Measure("deep page by key", [&] {
      const int64_t i = Random();
      return List({.older_than = SessionKey{StartOf(i), sessions_.id(i)}});
    });
    Measure("deep page by key, one user", [&] {
      const int64_t i = Random();
      return List({.owner_id = UserId(i), .older_than = SessionKey{StartOf(i), sessions_.id(i)}});
    });
    Measure("page at offset 10,000", [&] { return List({.offset = 10'000}); });
    Measure("count up to 10,000",
            [&] { return store_.sessions().Count(store_.default_organization().id, {}, 10'000).status(); });
    Measure("count, one connection", [&] {
      return store_.sessions()
          .Count(store_.default_organization().id, {.connection_pattern = ConnectionName(Random())}, 10'000)
          .status();
    });
    Measure("get", [&] { return store_.sessions().Find(sessions_.id(Random())).status(); });
  }

 private:
  int64_t Random() { return std::uniform_int_distribution<int64_t>(0, sessions_.filled() - 1)(random_); }
  absl::Status List(const SessionFilter& filter) {
    return store_.sessions().List(store_.default_organization().id, filter).status();
  }

  template <typename Question>
  void Measure(const char* name, Question question) {
    Check(question());  // prepares the statement
    std::vector<double> took;
    for (int i = 0; i < count_; ++i) {
      const auto begin = std::chrono::steady_clock::now();
      Check(question());
      took.push_back(std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begin).count());
    }
    std::sort(took.begin(), took.end());
    fmt::print("{:30} {:10.0f} {:10.0f}\n", name, took[took.size() / 2], took[took.size() * 95 / 100]);
    std::fflush(stdout);
  }

  Store& store_;
  const Sessions& sessions_;
  const int count_;
  std::mt19937_64 random_{7};
};

int Main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: store_sessions SESSIONS QUESTIONS SQLITE_FILE|POSTGRES_URI\n");
    return 2;
  }
  const std::string where = argv[3];
  StoreAddress address;
  (where.find("://") == std::string::npos ? address.sqlite_path : address.postgres_uri) = where;
  auto box = Take(SecretBox::Create(std::string(SecretBox::kKeyBytes, 'k')));
  const std::unique_ptr<Store> store = Take(Store::Open(address, std::move(box), kBegin));
  Sessions sessions(*store, std::atoll(argv[1]));
  const auto begin = std::chrono::steady_clock::now();
  sessions.Fill();
  // What the server's own housekeeping does in time.
  Check(store->database().Write(
      Durability::kNormal, [](Transaction& transaction) { return transaction.Execute("analyze sessions").status(); }));
  fmt::print("{} sessions in {:.1f} s; microseconds: median, p95\n", sessions.filled(),
             std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
  Questions(*store, sessions, std::atoi(argv[2])).Ask();
  return 0;
}

}  // namespace
}  // namespace hoop

int main(int argc, char** argv) { return hoop::Main(argc, argv); }
