#include "store/admin_action_table.h"

#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"
#include "tests/support/temp_store.h"

namespace hoop {
namespace {

class AdminActionTableTest : public ::testing::Test {
 protected:
  // The `number`-th action; each one a second after the one before.
  AdminActionRow Added(int number) {
    AdminActionRow action{.id = "id-" + std::to_string(number),
                          .org_id = store_.org_id(),
                          .actor_subject = "subject",
                          .actor_email = number % 2 == 0 ? "Ann@example.test" : "ben@example.test",
                          .actor_name = "Somebody",
                          .resource_type = "users",
                          .action = "create",
                          .http_method = "POST",
                          .http_status = 200 + number,
                          .http_path = "/api/users",
                          .client_ip = "127.0.0.1",
                          .payload = R"({"email":"x"})",
                          .error_message = "none",
                          .outcome = number % 2 == 0,
                          .created_at = store_.now() + absl::Seconds(number)};
    EXPECT_OK(actions_.Insert(action));
    return action;
  }
  // The numbers of the actions that are listed.
  std::vector<int> Listed(const AdminActionFilter& filter) {
    std::vector<int> numbers;
    auto rows = actions_.List(store_.org_id(), filter);
    EXPECT_OK(rows);
    for (const AdminActionRow& row : *rows) numbers.push_back(row.http_status - 200);
    return numbers;
  }
  using Numbers = std::vector<int>;

  testing::TempStore store_;
  AdminActionTable& actions_ = store_->admin_actions();
};

TEST_F(AdminActionTableTest, EveryFieldComesBack) {
  const AdminActionRow added = Added(2);
  auto rows = actions_.List(store_.org_id(), {});
  ASSERT_OK(rows);
  ASSERT_EQ(rows->size(), 1u);
  const AdminActionRow& row = rows->front();
  EXPECT_EQ(row.id, added.id);
  EXPECT_EQ(row.org_id, added.org_id);
  EXPECT_EQ(row.actor_subject, added.actor_subject);
  EXPECT_EQ(row.actor_email, added.actor_email);
  EXPECT_EQ(row.actor_name, added.actor_name);
  EXPECT_EQ(row.resource_type, added.resource_type);
  EXPECT_EQ(row.action, added.action);
  EXPECT_EQ(row.http_method, added.http_method);
  EXPECT_EQ(row.http_status, added.http_status);
  EXPECT_EQ(row.http_path, added.http_path);
  EXPECT_EQ(row.client_ip, added.client_ip);
  EXPECT_EQ(row.payload, added.payload);
  EXPECT_EQ(row.error_message, added.error_message);
  EXPECT_EQ(row.outcome, added.outcome);
  EXPECT_EQ(row.created_at, added.created_at);
}

TEST_F(AdminActionTableTest, ListsTheNewestFirstInPages) {
  for (int i = 0; i < 5; ++i) Added(i);
  EXPECT_EQ(Listed({}), (Numbers{4, 3, 2, 1, 0}));
  EXPECT_EQ(Listed({.limit = 2, .offset = 1}), (Numbers{3, 2}));
  EXPECT_EQ(*actions_.Count(store_.org_id(), {.limit = 1}), 5);
  EXPECT_EQ(*actions_.Count("other", {}), 0);
  EXPECT_TRUE(actions_.List("other", {})->empty());
}

TEST_F(AdminActionTableTest, IsNarrowed) {
  for (int i = 0; i < 4; ++i) Added(i);
  EXPECT_EQ(Listed({.actor_email = "ANN"}), (Numbers{2, 0}));
  EXPECT_EQ(Listed({.actor_email = "%"}), Numbers());
  EXPECT_EQ(Listed({.http_status = 203}), Numbers{3});
  EXPECT_EQ(Listed({.outcome = false}), (Numbers{3, 1}));
  EXPECT_EQ(
      Listed({.created_after = store_.now() + absl::Seconds(1), .created_before = store_.now() + absl::Seconds(3)}),
      Numbers{2});
  for (const AdminActionFilter& filter :
       {AdminActionFilter{.actor_subject = "x"}, AdminActionFilter{.resource_type = "x"},
        AdminActionFilter{.action = "x"}, AdminActionFilter{.http_method = "x"}, AdminActionFilter{.http_path = "x"},
        AdminActionFilter{.client_ip = "x"}}) {
    EXPECT_EQ(Listed(filter), Numbers());
    EXPECT_EQ(*actions_.Count(store_.org_id(), filter), 0);
  }
  EXPECT_EQ(Listed({.actor_subject = "subject",
                    .resource_type = "users",
                    .action = "create",
                    .http_method = "POST",
                    .http_path = "/api/users",
                    .client_ip = "127.0.0.1"})
                .size(),
            4u);
}

}  // namespace
}  // namespace hoop
