#include "store/sqlite_database.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "base/status_macros.h"
#include "tests/store/database_fixture.h"
#include "tests/support/temp_folder.h"

namespace hoop {
namespace {

class SqliteDatabaseTest : public DatabaseFixture {
 protected:
  void SetUp() override { Open(); }

  void Open() {
    database_.reset();
    auto database = SqliteDatabase::Create(path_, absl::ZeroDuration());
    ASSERT_OK(database);
    database_ = *std::move(database);
  }

  testing::TempFolder folder_;
  const std::string path_ = folder_.file("test.db");
};

TEST_F(SqliteDatabaseTest, RefusesCastsThatOnlyPostgresKnows) {
  EXPECT_STATUS(Run("select $1::text", {"x"}), absl::StatusCode::kInternal, "not $1 to $n");
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

TEST_F(SqliteDatabaseTest, OnlyTheOwnerReadsTheFiles) {
  MakeItems();
  for (const char* suffix : {"", "-wal", "-shm"}) {
    struct stat entry;
    ASSERT_EQ(::stat((path_ + suffix).c_str(), &entry), 0) << suffix;
    EXPECT_EQ(entry.st_mode & 0777, 0600u) << suffix;
  }
}

TEST(SqliteDatabase, SaysWhatItCannotOpen) {
  testing::TempFolder folder;
  EXPECT_STATUS(SqliteDatabase::Create(folder.file("none/test.db")), absl::StatusCode::kNotFound, "none/test.db");
  std::ofstream(folder.file("text.db")) << std::string(8192, 'x');
  EXPECT_STATUS(SqliteDatabase::Create(folder.file("text.db")), absl::StatusCode::kDataLoss, "text.db");
}

}  // namespace
}  // namespace hoop
