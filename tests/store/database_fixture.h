// A database and the questions that its tests ask.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string_view>

#include "store/database.h"
#include "tests/support/status_matchers.h"

namespace hoop {

// Who derives from it opens `database_`.
class DatabaseFixture : public ::testing::Test {
 protected:
  void TearDown() override { database_.reset(); }  // before its files or its schema go

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

  std::unique_ptr<Database> database_;
};

}  // namespace hoop
