#include "store/resource_table.h"

#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"
#include "tests/support/temp_store.h"

namespace hoop {
namespace {

class ResourceTableTest : public ::testing::Test {
 protected:
  ResourceRow MakeResource(const std::string& name) {
    return {.id = "id-" + name,
            .org_id = store_.org_id(),
            .name = name,
            .type = "database",
            .subtype = "postgres",
            .agent_id = "a1",
            .created_at = store_.now(),
            .updated_at = store_.now() + absl::Seconds(1)};
  }
  static void ExpectSame(const ResourceRow& a, const ResourceRow& b) {
    EXPECT_EQ(a.id, b.id);
    EXPECT_EQ(a.org_id, b.org_id);
    EXPECT_EQ(a.name, b.name);
    EXPECT_EQ(a.type, b.type);
    EXPECT_EQ(a.subtype, b.subtype);
    EXPECT_EQ(a.agent_id, b.agent_id);
    EXPECT_EQ(a.created_at, b.created_at);
    EXPECT_EQ(a.updated_at, b.updated_at);
  }

  testing::TempStore store_;
  ResourceTable& resources_ = store_->resources();
};

TEST_F(ResourceTableTest, ListsByName) {
  const ResourceRow zoo = MakeResource("zoo"), ant = MakeResource("ant");
  ASSERT_OK(resources_.Insert(zoo));
  ASSERT_OK(resources_.Insert(ant));
  auto list = resources_.List(store_.org_id());
  ASSERT_OK(list);
  ASSERT_EQ(list->size(), 2u);
  ExpectSame((*list)[0], ant);
  ExpectSame((*list)[1], zoo);
  EXPECT_TRUE(resources_.List("other")->empty());
}

TEST_F(ResourceTableTest, ComesWithAllItsRolesOrNot) {
  ConnectionRow role;
  role.id = "c1";
  role.org_id = store_.org_id();
  role.name = "reader";
  ASSERT_OK(resources_.Insert(MakeResource("one"), {role}));
  EXPECT_OK(store_->connections().Find(store_.org_id(), "reader"));
  EXPECT_STATUS(resources_.Insert(MakeResource("one")), absl::StatusCode::kAlreadyExists, "resource one");
  role.id = "c2";
  EXPECT_STATUS(resources_.Insert(MakeResource("two"), {role}), absl::StatusCode::kAlreadyExists, "connection reader");
  EXPECT_EQ(resources_.List(store_.org_id())->size(), 1u);
}

TEST_F(ResourceTableTest, PutKeepsIdAndBirth) {
  const ResourceRow first = MakeResource("one");
  ASSERT_OK(resources_.Put(first));
  ResourceRow second = first;
  second.id = "another";
  second.type = "custom";
  second.subtype = "x";
  second.agent_id = "a2";
  second.created_at += absl::Seconds(9);
  second.updated_at += absl::Seconds(9);
  ASSERT_OK(resources_.Put(second));
  second.id = first.id;
  second.created_at = first.created_at;
  ExpectSame(resources_.List(store_.org_id())->front(), second);
}

TEST_F(ResourceTableTest, IsDeletedByItsOrganization) {
  ASSERT_OK(resources_.Insert(MakeResource("one")));
  EXPECT_STATUS(resources_.Delete("other", "one"), absl::StatusCode::kNotFound, "resource one");
  EXPECT_OK(resources_.Delete(store_.org_id(), "one"));
  EXPECT_STATUS(resources_.Delete(store_.org_id(), "one"), absl::StatusCode::kNotFound, "resource one");
}

}  // namespace
}  // namespace hoop
