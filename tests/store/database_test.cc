#include "store/database.h"

#include <gtest/gtest.h>

#include <atomic>
#include <limits>
#include <thread>

#include "absl/synchronization/barrier.h"
#include "base/limits/store.h"
#include "base/status_macros.h"
#include "tests/store/database_fixture.h"
#include "tests/support/temp_database.h"

namespace hoop {
namespace {

// What both engines do alike.
class DatabaseTest : public DatabaseFixture {
 protected:
  void SetUp() override { Open(); }

  void Open() {
    database_.reset();
    auto database = temp_.Open(kWait);
    ASSERT_OK(database);
    database_ = *std::move(database);
  }

  static constexpr absl::Duration kWait = absl::Milliseconds(1);
  testing::TempDatabase temp_;
};

TEST_F(DatabaseTest, ValuesComeBackAsTheyWere) {
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

TEST_F(DatabaseTest, TimesKeepMicroseconds) {
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

TEST_F(DatabaseTest, ParametersGoByNumberNotByPlace) {
  EXPECT_EQ(Number("select cast($2 as bigint) - cast($1 as bigint)", {1, 10}), 9);
  EXPECT_EQ(Number("select cast($1 as bigint) + cast($1 as bigint)", {4}), 8);
}

TEST_F(DatabaseTest, RefusesAWrongNumberOfValues) {
  EXPECT_STATUS(Run("select $1", {}), absl::StatusCode::kInternal, "select");
  EXPECT_STATUS(Run("select cast($1 as bigint)", {1, 2}), absl::StatusCode::kInternal, "select");
}

TEST_F(DatabaseTest, RefusesTextThatPostgresWouldNotStore) {
  MakeItems();
  const std::string nul("a\0b", 3);
  EXPECT_STATUS(Run("insert into items (id, name) values (1, $1)", {nul}), absl::StatusCode::kInvalidArgument, "$1");
  EXPECT_STATUS(Run("insert into items (id, name) values (1, $1)", {"\xff"}), absl::StatusCode::kInvalidArgument, "$1");
  EXPECT_EQ(Number("select count(*) from items"), 0);
}

TEST_F(DatabaseTest, TextInDoubleQuotesIsNoText) {
  EXPECT_STATUS(Run("select \"nope\""), absl::StatusCode::kInternal, "nope");
}

TEST_F(DatabaseTest, BrokenRulesHaveTheirCodes) {
  MakeItems();
  ASSERT_OK(Run("insert into items values (1, 'a', 5)"));
  EXPECT_STATUS(Run("insert into items values (1, 'b', 5)"), absl::StatusCode::kAlreadyExists, "items");
  EXPECT_STATUS(Run("insert into items values (2, 'a', 5)"), absl::StatusCode::kAlreadyExists, "name");
  EXPECT_STATUS(Run("insert into items values (2, 'b', 0)"), absl::StatusCode::kFailedPrecondition, "insert");
  EXPECT_STATUS(Run("insert into parts values (7)"), absl::StatusCode::kFailedPrecondition, "insert");
  EXPECT_STATUS(Run("insert into parts values (null)"), absl::StatusCode::kFailedPrecondition, "insert");
}

TEST_F(DatabaseTest, ErrorsShowNoValues) {
  MakeItems();
  ASSERT_OK(Run("insert into items (id, name) values (1, $1)", {"hunter2"}));
  const absl::Status status = Run("insert into items (id, name) values (2, $1)", {"hunter2"});
  EXPECT_EQ(StatusText(status).find("hunter2"), std::string::npos) << status;
}

TEST_F(DatabaseTest, AnotherProcessThatWritesMakesItUnavailable) {
  MakeItems();
  auto other = temp_.Open(kWait);
  ASSERT_OK(other);
  ASSERT_OK((*other)->Write(Durability::kNormal, [&](Transaction&) {
    EXPECT_STATUS(Run("insert into items values (1, 'a', 5)"), absl::StatusCode::kUnavailable, "lock");
    return absl::OkStatus();
  }));
  EXPECT_OK(Run("insert into items values (1, 'a', 5)"));
}

TEST_F(DatabaseTest, WorkThatFailsIsRolledBack) {
  MakeItems();
  const absl::Status status = database_->Write(Durability::kNormal, [&](Transaction& transaction) -> absl::Status {
    HOOP_RETURN_IF_ERROR(transaction.Execute("insert into items values (1, 'a', 5)").status());
    return NotFound("thing: there is none");
  });
  EXPECT_STATUS(status, absl::StatusCode::kNotFound, "thing");
  EXPECT_EQ(Number("select count(*) from items"), 0);
}

TEST_F(DatabaseTest, AfterAFailedStatementNothingIsCommitted) {
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

TEST_F(DatabaseTest, AVisitorsErrorEndsTheSelect) {
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

TEST_F(DatabaseTest, ReadsCannotWrite) {
  MakeItems();
  EXPECT_STATUS(database_->Read([](Transaction& transaction) {
    return transaction.Execute("insert into items values (1, 'a', 5)").status();
  }),
                absl::StatusCode::kFailedPrecondition, "read");
}

TEST_F(DatabaseTest, AReadSeesOneStateOfTheData) {
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

TEST_F(DatabaseTest, NoMoreReadersThanItsBound) {
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

TEST_F(DatabaseTest, WritersOfManyThreadsTakeTurns) {
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

TEST_F(DatabaseTest, MoreStatementsThanItKeepsWorkToo) {
  for (size_t i = 0; i <= 2 * limits::kStoreStatementsMax; ++i) {
    const std::string sql = fmt::format("select {} + cast($1 as bigint)", i);
    ASSERT_EQ(Number(sql, {1}), static_cast<int64_t>(i + 1));
  }
}

TEST_F(DatabaseTest, DataOutlivesTheProcess) {
  MakeItems();
  ASSERT_OK(Run("insert into items values (1, 'a', 5)", {}, Durability::kFull));
  Open();
  EXPECT_EQ(Number("select price from items"), 5);
}

}  // namespace
}  // namespace hoop
