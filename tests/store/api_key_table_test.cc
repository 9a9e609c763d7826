#include "store/api_key_table.h"

#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"
#include "tests/support/temp_store.h"

namespace hoop {
namespace {

class ApiKeyTableTest : public ::testing::Test {
 protected:
  ApiKeyRow Added(const std::string& name) {
    ApiKeyRow key{.id = "id-" + name,
                  .org_id = store_.org_id(),
                  .name = name,
                  .key_hash = "hash-" + name,
                  .masked_key = "hpk_abcd***",
                  .groups = {"admin", "dba"},
                  .created_by = "ann@example.test",
                  .created_at = store_.now()};
    EXPECT_OK(keys_.Insert(key));
    return key;
  }
  static void ExpectSame(const ApiKeyRow& a, const ApiKeyRow& b) {
    EXPECT_EQ(a.id, b.id);
    EXPECT_EQ(a.org_id, b.org_id);
    EXPECT_EQ(a.name, b.name);
    EXPECT_EQ(a.key_hash, b.key_hash);
    EXPECT_EQ(a.masked_key, b.masked_key);
    EXPECT_EQ(a.active, b.active);
    EXPECT_EQ(a.groups, b.groups);
    EXPECT_EQ(a.created_by, b.created_by);
    EXPECT_EQ(a.deactivated_by, b.deactivated_by);
    EXPECT_EQ(a.created_at, b.created_at);
    EXPECT_EQ(a.deactivated_at, b.deactivated_at);
    EXPECT_EQ(a.last_used_at, b.last_used_at);
  }

  testing::TempStore store_;
  ApiKeyTable& keys_ = store_->api_keys();
};

TEST_F(ApiKeyTableTest, IsFoundByHashNameAndId) {
  const ApiKeyRow key = Added("ci");
  for (const auto& found :
       {keys_.FindByHash("hash-ci"), keys_.Find(store_.org_id(), "ci"), keys_.Find(store_.org_id(), "id-ci")}) {
    ASSERT_OK(found);
    ExpectSame(*found, key);
  }
  Added("id-ci");  // an id wins over a name
  EXPECT_EQ(keys_.Find(store_.org_id(), "id-ci")->name, "ci");
}

TEST_F(ApiKeyTableTest, UnknownOnesAreNotFound) {
  ApiKeyRow key = Added("ci");
  EXPECT_STATUS(keys_.FindByHash("x"), absl::StatusCode::kNotFound, "api key");
  EXPECT_STATUS(keys_.Find("other", "ci"), absl::StatusCode::kNotFound, "api key ci");
  key.org_id = "other";
  EXPECT_STATUS(keys_.Update(key), absl::StatusCode::kNotFound, "api key ci");
  EXPECT_TRUE(keys_.List("other")->empty());
}

TEST_F(ApiKeyTableTest, NamesAndHashesAreUnique) {
  ApiKeyRow key = Added("ci");
  key.id = "another";
  key.key_hash = "another";
  EXPECT_STATUS(keys_.Insert(key), absl::StatusCode::kAlreadyExists, "api key ci");
  key.name = "another";
  key.key_hash = "hash-ci";
  EXPECT_STATUS(keys_.Insert(key), absl::StatusCode::kAlreadyExists, "api key another");
  Added("second");
  key = *keys_.Find(store_.org_id(), "second");
  key.name = "ci";
  EXPECT_STATUS(keys_.Update(key), absl::StatusCode::kAlreadyExists, "api key ci");
}

TEST_F(ApiKeyTableTest, UpdateReplacesNameStatusAndGroups) {
  Added("zoo");
  ApiKeyRow key = Added("ci");
  key.name = "ant";
  key.active = false;
  key.groups = {"ops"};
  key.deactivated_by = "ben@example.test";
  key.deactivated_at = store_.now() + absl::Seconds(1);
  ASSERT_OK(keys_.Update(key));
  ASSERT_OK(keys_.SetLastUsed(key.id, store_.now() + absl::Seconds(2)));
  key.last_used_at = store_.now() + absl::Seconds(2);
  auto list = keys_.List(store_.org_id());
  ASSERT_OK(list);
  ASSERT_EQ(list->size(), 2u);
  ExpectSame((*list)[0], key);
  EXPECT_EQ((*list)[1].name, "zoo");
}

}  // namespace
}  // namespace hoop
