#include "store/service_account_table.h"

#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"
#include "tests/support/temp_store.h"

namespace hoop {
namespace {

class ServiceAccountTableTest : public ::testing::Test {
 protected:
  ServiceAccountRow Added(const std::string& subject) {
    ServiceAccountRow account{.id = "id-" + subject,
                              .org_id = store_.org_id(),
                              .subject = subject,
                              .name = "Some Program",
                              .groups = {"admin", "dba"},
                              .created_at = store_.now(),
                              .updated_at = store_.now()};
    EXPECT_OK(accounts_.Insert(account));
    return account;
  }
  static void ExpectSame(const ServiceAccountRow& a, const ServiceAccountRow& b) {
    EXPECT_EQ(a.id, b.id);
    EXPECT_EQ(a.org_id, b.org_id);
    EXPECT_EQ(a.subject, b.subject);
    EXPECT_EQ(a.name, b.name);
    EXPECT_EQ(a.active, b.active);
    EXPECT_EQ(a.groups, b.groups);
    EXPECT_EQ(a.created_at, b.created_at);
    EXPECT_EQ(a.updated_at, b.updated_at);
  }

  testing::TempStore store_;
  ServiceAccountTable& accounts_ = store_->service_accounts();
};

TEST_F(ServiceAccountTableTest, IsFoundByIdAndSubject) {
  const ServiceAccountRow account = Added("ci");
  for (const auto& found : {accounts_.FindById("id-ci"), accounts_.FindBySubject(store_.org_id(), "ci")}) {
    ASSERT_OK(found);
    ExpectSame(*found, account);
  }
}

TEST_F(ServiceAccountTableTest, UnknownOnesAreNotFound) {
  Added("ci");
  EXPECT_STATUS(accounts_.FindById("x"), absl::StatusCode::kNotFound, "service account x");
  EXPECT_STATUS(accounts_.FindBySubject("other", "ci"), absl::StatusCode::kNotFound, "service account ci");
  ServiceAccountRow unknown;
  unknown.subject = "x";
  EXPECT_STATUS(accounts_.Update(unknown), absl::StatusCode::kNotFound, "service account x");
}

TEST_F(ServiceAccountTableTest, SubjectsAreUnique) {
  ServiceAccountRow account = Added("ci");
  account.id = "another";
  EXPECT_STATUS(accounts_.Insert(account), absl::StatusCode::kAlreadyExists, "service account ci");
}

TEST_F(ServiceAccountTableTest, ListsBySubjectWithGroups) {
  const ServiceAccountRow zoo = Added("zoo"), ant = Added("ant");
  auto list = accounts_.List(store_.org_id());
  ASSERT_OK(list);
  ASSERT_EQ(list->size(), 2u);
  ExpectSame((*list)[0], ant);
  ExpectSame((*list)[1], zoo);
  EXPECT_TRUE(accounts_.List("other")->empty());
}

TEST_F(ServiceAccountTableTest, UpdateReplacesNameStatusAndGroups) {
  ServiceAccountRow account = Added("ci");
  account.name = "CI";
  account.active = false;
  account.groups = {"ops"};
  account.updated_at += absl::Seconds(1);
  ASSERT_OK(accounts_.Update(account));
  ExpectSame(*accounts_.FindById(account.id), account);
}

}  // namespace
}  // namespace hoop
