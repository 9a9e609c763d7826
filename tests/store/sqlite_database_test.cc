#include "store/sqlite_database.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <fstream>
#include <limits>
#include <thread>

#include "absl/synchronization/barrier.h"
#include "base/limits/store.h"
#include "base/status_macros.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_folder.h"

namespace hoop {
namespace {

class SqliteDatabaseTest : public ::testing::Test {
 protected:
  void SetUp() override { Open(); }

  void Open() {
    database_.reset();
    auto database = SqliteDatabase::Create(path_, absl::ZeroDuration());
    ASSERT_OK(database);
    database_ = *std::move(database);
  }

  absl::Status Run(std::string_view sql, absl::Span<const SqlValue> values = {},
                   Durability durability = Durability::kNormal) {
    return database_->Write(durability,
                            [&](Transaction& transaction) { return transaction.Execute(sql, values).status(); });
  }

  int64_t Number(std::string_view sql, absl::Span<const SqlValue> values = {}) {
    int64_t number = -1;
    EXPECT_OK(database_->Read([&](Transaction& transaction) { return ReadNumber(transaction, sql, values, number); }));
    return number;
  }

  static absl::Status ReadNumber(Transaction& transaction, std::string_view sql, absl::Span<const SqlValue> values,
                                 int64_t& number) {
    return transaction.Select(sql, values, [&](const Row& row) {
      number = row.Int(0);
      return absl::OkStatus();
    });
  }

  void MakeItems() {
    ASSERT_OK(Run("create table items (id bigint primary key, name text unique, price bigint check (price > 0))"));
    ASSERT_OK(Run("create table parts (item_id bigint not null references items(id))"));
  }

  testing::TempFolder folder_;
  const std::string path_ = folder_.file("test.db");
  std::unique_ptr<SqliteDatabase> database_;
};

TEST_F(SqliteDatabaseTest, ValuesComeBackAsTheyWere) {
  ASSERT_OK(Run("create table v (n bigint, low bigint, high bigint, t text, e text, b bytea, eb bytea)"));
  const std::string bytes("a\0b\xff", 4);
  const std::optional<int> absent;
  ASSERT_OK(Run("insert into v values ($1, $2, $3, $4, $5, $6, $7)",
                {absent, std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max(), "p\xc3\xa9", "",
                 SqlValue::Bytes{bytes}, SqlValue::Bytes{""}}));
  int rows = 0;
  ASSERT_OK(database_->Read([&](Transaction& transaction) {
    return transaction.Select("select n, low, high, t, e, b, eb from v", {}, [&](const Row& row) {
      ++rows;
      EXPECT_TRUE(row.IsNull(0));
      EXPECT_EQ(row.OptionalInt(0), std::nullopt);
      EXPECT_EQ(row.Int(1), std::numeric_limits<int64_t>::min());
      EXPECT_EQ(row.Int(2), std::numeric_limits<int64_t>::max());
      EXPECT_EQ(row.Text(3), "p\xc3\xa9");
      EXPECT_FALSE(row.IsNull(4));
      EXPECT_EQ(row.Text(4), "");
      EXPECT_EQ(row.Bytes(5), bytes);
      EXPECT_FALSE(row.IsNull(6));
      return absl::OkStatus();
    });
  }));
  EXPECT_EQ(rows, 1);
}

TEST_F(SqliteDatabaseTest, TimesKeepMicroseconds) {
  ASSERT_OK(Run("create table v (t bigint, u bigint)"));
  const absl::Time time = absl::FromUnixMicros(1'700'000'000'123'456);
  ASSERT_OK(Run("insert into v values ($1, $2)", {time, std::optional<absl::Time>()}));
  ASSERT_OK(database_->Read([&](Transaction& transaction) {
    return transaction.Select("select t, u from v", {}, [&](const Row& row) {
      EXPECT_EQ(row.Time(0), time);
      EXPECT_EQ(row.OptionalTime(1), std::nullopt);
      return absl::OkStatus();
    });
  }));
}

TEST_F(SqliteDatabaseTest, ParametersGoByNumberNotByPlace) {
  EXPECT_EQ(Number("select $2 - $1", {1, 10}), 9);
  EXPECT_EQ(Number("select $1 + $1", {4}), 8);
}

TEST_F(SqliteDatabaseTest, RefusesCastsThatOnlyPostgresKnows) {
  EXPECT_STATUS(Run("select $1::text", {"x"}), absl::StatusCode::kInternal, "not $1 to $n");
}

TEST_F(SqliteDatabaseTest, RefusesAWrongNumberOfValues) {
  EXPECT_STATUS(Run("select $1", {}), absl::StatusCode::kInternal, "0 values");
  EXPECT_STATUS(Run("select $1", {1, 2}), absl::StatusCode::kInternal, "2 values");
}

TEST_F(SqliteDatabaseTest, RefusesTextThatPostgresWouldNotStore) {
  MakeItems();
  const std::string nul("a\0b", 3);
  EXPECT_STATUS(Run("insert into items (id, name) values (1, $1)", {nul}), absl::StatusCode::kInvalidArgument, "$1");
  EXPECT_STATUS(Run("insert into items (id, name) values (1, $1)", {"\xff"}), absl::StatusCode::kInvalidArgument, "$1");
  EXPECT_EQ(Number("select count(*) from items"), 0);
}

TEST_F(SqliteDatabaseTest, TextInDoubleQuotesIsNoText) {
  EXPECT_STATUS(Run("select \"nope\""), absl::StatusCode::kInternal, "no such column");
}

TEST_F(SqliteDatabaseTest, BrokenRulesHaveTheirCodes) {
  MakeItems();
  ASSERT_OK(Run("insert into items values (1, 'a', 5)"));
  EXPECT_STATUS(Run("insert into items values (1, 'b', 5)"), absl::StatusCode::kAlreadyExists, "items.id");
  EXPECT_STATUS(Run("insert into items values (2, 'a', 5)"), absl::StatusCode::kAlreadyExists, "items.name");
  EXPECT_STATUS(Run("insert into items values (2, 'b', 0)"), absl::StatusCode::kFailedPrecondition, "CHECK");
  EXPECT_STATUS(Run("insert into parts values (7)"), absl::StatusCode::kFailedPrecondition, "FOREIGN KEY");
  EXPECT_STATUS(Run("insert into parts values (null)"), absl::StatusCode::kFailedPrecondition, "NOT NULL");
}

TEST_F(SqliteDatabaseTest, ErrorsShowNoValues) {
  MakeItems();
  ASSERT_OK(Run("insert into items (id, name) values (1, $1)", {"hunter2"}));
  const absl::Status status = Run("insert into items (id, name) values (2, $1)", {"hunter2"});
  EXPECT_EQ(StatusText(status).find("hunter2"), std::string::npos) << status;
}

TEST_F(SqliteDatabaseTest, AFullFileIsResourceExhaustedAndChangesNothing) {
  ASSERT_OK(Run("create table blobs (b bytea)"));
  ASSERT_OK(Run("pragma max_page_count = 20"));
  const std::string big(1 << 20, 'x');
  EXPECT_STATUS(Run("insert into blobs values ($1)", {SqlValue::Bytes{big}}), absl::StatusCode::kResourceExhausted,
                "full");
  EXPECT_EQ(Number("select count(*) from blobs"), 0);
  ASSERT_OK(Run("pragma max_page_count = 100000"));
  EXPECT_OK(Run("insert into blobs values ($1)", {SqlValue::Bytes{big}}));
}

TEST_F(SqliteDatabaseTest, AnotherProcessThatWritesMakesItUnavailable) {
  MakeItems();
  auto other = SqliteDatabase::Create(path_, absl::ZeroDuration());
  ASSERT_OK(other);
  ASSERT_OK((*other)->Write(Durability::kNormal, [&](Transaction&) {
    EXPECT_STATUS(Run("insert into items values (1, 'a', 5)"), absl::StatusCode::kUnavailable, "locked");
    return absl::OkStatus();
  }));
  EXPECT_OK(Run("insert into items values (1, 'a', 5)"));
}

TEST_F(SqliteDatabaseTest, WorkThatFailsIsRolledBack) {
  MakeItems();
  const absl::Status status = database_->Write(Durability::kNormal, [&](Transaction& transaction) -> absl::Status {
    HOOP_RETURN_IF_ERROR(transaction.Execute("insert into items values (1, 'a', 5)").status());
    return NotFound("thing: there is none");
  });
  EXPECT_STATUS(status, absl::StatusCode::kNotFound, "thing");
  EXPECT_EQ(Number("select count(*) from items"), 0);
}

TEST_F(SqliteDatabaseTest, AfterAFailedStatementNothingIsCommitted) {
  MakeItems();
  const absl::Status status = database_->Write(Durability::kNormal, [&](Transaction& transaction) {
    EXPECT_OK(transaction.Execute("insert into items values (1, 'a', 5)"));
    EXPECT_STATUS(transaction.Execute("insert into items values (1, 'a', 5)"), absl::StatusCode::kAlreadyExists, "");
    EXPECT_STATUS(transaction.Execute("insert into items values (2, 'b', 5)"), absl::StatusCode::kAlreadyExists, "");
    return absl::OkStatus();
  });
  EXPECT_STATUS(status, absl::StatusCode::kAlreadyExists, "");
  EXPECT_EQ(Number("select count(*) from items"), 0);
}

TEST_F(SqliteDatabaseTest, AVisitorsErrorEndsTheSelect) {
  int visits = 0;
  EXPECT_STATUS(database_->Read([&](Transaction& transaction) {
    return transaction.Select("select 1 union all select 2", {}, [&](const Row&) {
      ++visits;
      return DataLoss("row: not readable");
    });
  }),
                absl::StatusCode::kDataLoss, "row");
  EXPECT_EQ(visits, 1);
  EXPECT_EQ(Number("select 3"), 3);  // the connection is as good as before
}

TEST_F(SqliteDatabaseTest, ReadsCannotWrite) {
  MakeItems();
  EXPECT_STATUS(database_->Read([](Transaction& transaction) {
    return transaction.Execute("insert into items values (1, 'a', 5)").status();
  }),
                absl::StatusCode::kFailedPrecondition, "readonly");
}

TEST_F(SqliteDatabaseTest, AReadSeesOneStateOfTheData) {
  MakeItems();
  ASSERT_OK(database_->Read([&](Transaction& transaction) -> absl::Status {
    int64_t before = -1, after = -1;
    HOOP_RETURN_IF_ERROR(ReadNumber(transaction, "select count(*) from items", {}, before));
    std::thread writer([&] { EXPECT_OK(Run("insert into items values (1, 'a', 5)")); });
    writer.join();
    HOOP_RETURN_IF_ERROR(ReadNumber(transaction, "select count(*) from items", {}, after));
    EXPECT_EQ(before, 0);
    EXPECT_EQ(after, 0);
    return absl::OkStatus();
  }));
  EXPECT_EQ(Number("select count(*) from items"), 1);
}

TEST_F(SqliteDatabaseTest, FullDurabilitySyncsEachCommitAndNormalDoesNot) {
  const auto level = [&](Durability durability) {
    int64_t number = -1;
    EXPECT_OK(database_->Write(durability, [&](Transaction& transaction) {
      return ReadNumber(transaction, "pragma synchronous", {}, number);
    }));
    return number;
  };
  EXPECT_EQ(level(Durability::kNormal), 1);
  EXPECT_EQ(level(Durability::kFull), 2);
  EXPECT_EQ(level(Durability::kNormal), 1);
}

TEST_F(SqliteDatabaseTest, NoMoreReadersThanItsBound) {
  std::atomic<int> inside = 0, most = 0, arrivals = 0;
  constexpr int kBound = static_cast<int>(limits::kStoreReadersMax);
  absl::Barrier first_ones(kBound);  // they leave together: the pool was empty once, and the others waited
  std::vector<std::thread> threads;
  for (int i = 0; i < 3 * kBound; ++i) {
    threads.emplace_back([&] {
      EXPECT_OK(database_->Read([&](Transaction&) {
        const int now = ++inside;
        for (int seen = most; now > seen && !most.compare_exchange_weak(seen, now);) {
        }
        if (++arrivals <= kBound) first_ones.Block();
        --inside;
        return absl::OkStatus();
      }));
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(most, kBound);
}

TEST_F(SqliteDatabaseTest, WritersOfManyThreadsTakeTurns) {
  MakeItems();
  ASSERT_OK(Run("insert into items values (1, 'sum', 1)"));
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 25; ++round) EXPECT_OK(Run("update items set price = price + 1 where id = 1"));
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(Number("select price from items"), 101);
}

TEST_F(SqliteDatabaseTest, MoreStatementsThanItKeepsWorkToo) {
  for (size_t i = 0; i <= 2 * limits::kStoreStatementsMax; ++i) {
    const std::string sql = fmt::format("select {}", i);
    ASSERT_EQ(Number(sql), static_cast<int64_t>(i));
  }
}

TEST_F(SqliteDatabaseTest, OnlyTheOwnerReadsTheFiles) {
  MakeItems();
  for (const char* suffix : {"", "-wal", "-shm"}) {
    struct stat entry;
    ASSERT_EQ(::stat((path_ + suffix).c_str(), &entry), 0) << suffix;
    EXPECT_EQ(entry.st_mode & 0777, 0600u) << suffix;
  }
}

TEST_F(SqliteDatabaseTest, DataOutlivesTheProcess) {
  MakeItems();
  ASSERT_OK(Run("insert into items values (1, 'a', 5)", {}, Durability::kFull));
  Open();
  EXPECT_EQ(Number("select price from items"), 5);
}

TEST(SqliteDatabase, SaysWhatItCannotOpen) {
  testing::TempFolder folder;
  EXPECT_STATUS(SqliteDatabase::Create(folder.file("none/test.db")), absl::StatusCode::kNotFound, "none/test.db");
  std::ofstream(folder.file("text.db")) << std::string(8192, 'x');
  EXPECT_STATUS(SqliteDatabase::Create(folder.file("text.db")), absl::StatusCode::kDataLoss, "text.db");
}

}  // namespace
}  // namespace hoop
