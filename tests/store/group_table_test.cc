#include "store/group_table.h"

#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"
#include "tests/support/temp_store.h"

namespace hoop {
namespace {

using Names = std::vector<std::string>;

class GroupTableTest : public ::testing::Test {
 protected:
  GroupTableTest() {
    UserRow user;
    user.id = "u1";
    user.org_id = store_.org_id();
    user.subject = user.email = "ann@example.test";
    user.groups = {"dba", "ops", "dba"};
    EXPECT_OK(store_->users().Insert(user));
    ServiceAccountRow account;
    account.id = "s1";
    account.org_id = store_.org_id();
    account.subject = "ci";
    account.groups = {"deploy", "ops"};
    EXPECT_OK(store_->service_accounts().Insert(account));
    ApiKeyRow key;
    key.id = "k1";
    key.org_id = store_.org_id();
    key.groups = {"ops", "robots"};
    EXPECT_OK(store_->api_keys().Insert(key));
  }

  testing::TempStore store_;
  GroupTable& groups_ = store_->groups();
};

TEST_F(GroupTableTest, NamesEachOnceWithAndWithoutMembers) {
  ASSERT_OK(groups_.Insert(store_.org_id(), "empty", store_.now()));
  EXPECT_EQ(*groups_.List(store_.org_id()), (Names{"dba", "deploy", "empty", "ops", "robots"}));
  EXPECT_EQ(*groups_.List("other"), Names());
}

TEST_F(GroupTableTest, AGroupIsMadeOnce) {
  ASSERT_OK(groups_.Insert(store_.org_id(), "empty", store_.now()));
  for (const char* name : {"empty", "dba", "deploy", "robots"}) {
    EXPECT_STATUS(groups_.Insert(store_.org_id(), name, store_.now()), absl::StatusCode::kAlreadyExists, name);
  }
}

TEST_F(GroupTableTest, DeletingTakesEverybodyOut) {
  ASSERT_OK(groups_.Insert(store_.org_id(), "empty", store_.now()));
  EXPECT_OK(groups_.Delete(store_.org_id(), "ops"));
  EXPECT_OK(groups_.Delete(store_.org_id(), "empty"));
  EXPECT_EQ(*groups_.List(store_.org_id()), (Names{"dba", "deploy", "robots"}));
  EXPECT_EQ(store_->users().FindById("u1")->groups, Names{"dba"});
  EXPECT_EQ(store_->service_accounts().FindById("s1")->groups, Names{"deploy"});
  EXPECT_EQ(store_->api_keys().Find(store_.org_id(), "k1")->groups, Names{"robots"});
  EXPECT_STATUS(groups_.Delete(store_.org_id(), "ops"), absl::StatusCode::kNotFound, "group ops");
  EXPECT_STATUS(groups_.Delete("other", "dba"), absl::StatusCode::kNotFound, "group dba");
}

}  // namespace
}  // namespace hoop
