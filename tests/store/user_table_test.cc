#include "store/user_table.h"

#include <gtest/gtest.h>

#include "base/ids.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_store.h"

namespace hoop {
namespace {

class UserTableTest : public ::testing::Test {
 protected:
  UserRow MakeUser(const std::string& email) {
    return {.id = NewUuid(),
            .org_id = store_.org_id(),
            .subject = email,
            .email = email,
            .name = "Some One",
            .picture = "https://example.test/p.png",
            .slack_id = "U1",
            .password_hash = "$scrypt$x",
            .status = UserStatus::kActive,
            .groups = {"admin", "dba"},
            .created_at = store_.now(),
            .updated_at = store_.now()};
  }

  UserRow Added(const std::string& email) {
    UserRow user = MakeUser(email);
    EXPECT_OK(users_.Insert(user));
    return user;
  }

  testing::TempStore store_;
  UserTable& users_ = store_->users();
};

void ExpectSame(const UserRow& a, const UserRow& b) {
  EXPECT_EQ(a.id, b.id);
  EXPECT_EQ(a.org_id, b.org_id);
  EXPECT_EQ(a.subject, b.subject);
  EXPECT_EQ(a.email, b.email);
  EXPECT_EQ(a.name, b.name);
  EXPECT_EQ(a.picture, b.picture);
  EXPECT_EQ(a.slack_id, b.slack_id);
  EXPECT_EQ(a.password_hash, b.password_hash);
  EXPECT_EQ(a.status, b.status);
  EXPECT_EQ(a.groups, b.groups);
  EXPECT_EQ(a.created_at, b.created_at);
  EXPECT_EQ(a.updated_at, b.updated_at);
}

TEST_F(UserTableTest, IsFoundByIdSubjectAndEmail) {
  const UserRow user = Added("ann@example.test");
  for (const auto& found :
       {users_.FindById(user.id), users_.FindBySubject(user.org_id, user.subject),
        users_.FindByEmail(user.org_id, "ann@example.test"), users_.FindByEmail(user.org_id, "Ann@Example.TEST")}) {
    ASSERT_OK(found);
    ExpectSame(*found, user);
  }
}

TEST_F(UserTableTest, UnknownUsersAreNotFound) {
  EXPECT_STATUS(users_.FindById("x"), absl::StatusCode::kNotFound, "user x");
  EXPECT_STATUS(users_.FindBySubject(store_.org_id(), "x"), absl::StatusCode::kNotFound, "user x");
  EXPECT_STATUS(users_.FindByEmail(store_.org_id(), "x"), absl::StatusCode::kNotFound, "user x");
  EXPECT_STATUS(users_.Update(MakeUser("x@example.test")), absl::StatusCode::kNotFound, "x@example.test");
  EXPECT_STATUS(users_.SetPasswordHash("x", "h", store_.now()), absl::StatusCode::kNotFound, "user x");
  EXPECT_STATUS(users_.Delete(store_.org_id(), "x"), absl::StatusCode::kNotFound, "user x");
}

TEST_F(UserTableTest, IsNotFoundInAnotherOrganization) {
  Added("ann@example.test");
  EXPECT_STATUS(users_.FindByEmail("other", "ann@example.test"), absl::StatusCode::kNotFound, "");
  EXPECT_STATUS(users_.FindBySubject("other", "ann@example.test"), absl::StatusCode::kNotFound, "");
}

TEST_F(UserTableTest, RefusesTheSameEmailInOtherCase) {
  Added("ann@example.test");
  UserRow twin = MakeUser("ANN@example.test");
  EXPECT_STATUS(users_.Insert(twin), absl::StatusCode::kAlreadyExists, "ANN@example.test");
  twin.email = "bob@example.test";
  twin.subject = "ann@example.test";
  EXPECT_STATUS(users_.Insert(twin), absl::StatusCode::kAlreadyExists, "bob@example.test");
}

TEST_F(UserTableTest, RefusesAnUnknownOrganization) {
  UserRow user = MakeUser("ann@example.test");
  user.org_id = "other";
  EXPECT_STATUS(users_.Insert(user), absl::StatusCode::kFailedPrecondition, "ann@example.test");
}

TEST_F(UserTableTest, OnlyTheFirstUserIsFirst) {
  EXPECT_OK(users_.InsertFirst(MakeUser("ann@example.test")));
  EXPECT_STATUS(users_.InsertFirst(MakeUser("bob@example.test")), absl::StatusCode::kFailedPrecondition, "already");
  auto count = users_.Count(store_.org_id());
  ASSERT_OK(count);
  EXPECT_EQ(*count, 1);
}

TEST_F(UserTableTest, ListsByEmailWithGroups) {
  const UserRow bob = Added("bob@example.test"), ann = Added("Ann@example.test");
  auto users = users_.List(store_.org_id());
  ASSERT_OK(users);
  ASSERT_EQ(users->size(), 2u);
  ExpectSame((*users)[0], ann);
  ExpectSame((*users)[1], bob);
}

TEST_F(UserTableTest, UpdateReplacesGroupsAndKeepsThePassword) {
  UserRow user = Added("ann@example.test");
  user.name = "Ann";
  user.email = "ann2@example.test";
  user.status = UserStatus::kInactive;
  user.groups = {"ops"};
  user.updated_at += absl::Seconds(5);
  UserRow changed = user;
  changed.password_hash = "ignored";
  ASSERT_OK(users_.Update(changed));
  auto found = users_.FindById(user.id);
  ASSERT_OK(found);
  ExpectSame(*found, user);
}

TEST_F(UserTableTest, SetsThePasswordHash) {
  const UserRow user = Added("ann@example.test");
  ASSERT_OK(users_.SetPasswordHash(user.id, "new", store_.now() + absl::Seconds(1)));
  auto found = users_.FindById(user.id);
  ASSERT_OK(found);
  EXPECT_EQ(found->password_hash, "new");
  EXPECT_EQ(found->updated_at, store_.now() + absl::Seconds(1));
  EXPECT_EQ(user.password_changed_at, absl::UnixEpoch());
  EXPECT_EQ(found->password_changed_at, store_.now() + absl::Seconds(1));
}

TEST_F(UserTableTest, AKeptGroupKeepsAnActiveMember) {
  UserRow ann = Added("ann@example.test"), bob = Added("bob@example.test");
  ann.status = UserStatus::kInactive;
  EXPECT_OK(users_.Update(ann, "admin"));
  bob.groups = {"dba"};
  EXPECT_STATUS(users_.Update(bob, "admin"), absl::StatusCode::kFailedPrecondition, "group admin");
  bob.groups = {"admin"};
  bob.status = UserStatus::kInvited;
  EXPECT_STATUS(users_.Update(bob, "admin"), absl::StatusCode::kFailedPrecondition, "group admin");
  EXPECT_STATUS(users_.Delete(bob.org_id, bob.id, "admin"), absl::StatusCode::kFailedPrecondition, "group admin");
  EXPECT_EQ(users_.FindById(bob.id)->groups, (std::vector<std::string>{"admin", "dba"}));  // nothing was done
  EXPECT_OK(users_.Delete(ann.org_id, ann.id, "admin"));
  EXPECT_OK(users_.Update(bob, "nobody was ever in it"));
}

TEST_F(UserTableTest, IsNotDeletedByAnotherOrganization) {
  const UserRow user = Added("ann@example.test");
  EXPECT_STATUS(users_.Delete("other", user.id), absl::StatusCode::kNotFound, "");
  EXPECT_OK(users_.FindById(user.id));
}

TEST_F(UserTableTest, DeletedUsersLeaveNoGroups) {
  const UserRow user = Added("ann@example.test");
  ASSERT_OK(users_.Delete(user.org_id, user.id));
  EXPECT_STATUS(users_.FindById(user.id), absl::StatusCode::kNotFound, "");
  auto names = store_->groups().List(store_.org_id());
  ASSERT_OK(names);
  EXPECT_TRUE(names->empty());
}

}  // namespace
}  // namespace hoop
