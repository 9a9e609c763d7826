#include "store/agent_table.h"

#include <gtest/gtest.h>

#include "base/ids.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_store.h"

namespace hoop {
namespace {

class AgentTableTest : public ::testing::Test {
 protected:
  AgentRow MakeAgent(const std::string& name) {
    return {.id = NewUuid(),
            .org_id = store_.org_id(),
            .name = name,
            .mode = "standard",
            .key_hash = "hash of " + name,
            .metadata = {{"version", "1.0"}, {"hostname", "h\"1"}},
            .created_at = store_.now(),
            .updated_at = store_.now()};
  }
  AgentRow Added(const std::string& name) {
    AgentRow agent = MakeAgent(name);
    EXPECT_OK(agents_.Insert(agent));
    return agent;
  }
  AgentRow Found(const std::string& name_or_id) {
    auto found = agents_.Find(store_.org_id(), name_or_id);
    EXPECT_OK(found);
    return found.ok() ? *found : AgentRow();
  }

  testing::TempStore store_;
  AgentTable& agents_ = store_->agents();
};

TEST_F(AgentTableTest, IsFoundByNameIdAndKeyHash) {
  const AgentRow agent = Added("one");
  Added("two");
  for (const auto& found : {agents_.Find(agent.org_id, "one"), agents_.Find(agent.org_id, agent.id),
                            agents_.FindByKeyHash("hash of one")}) {
    ASSERT_OK(found);
    EXPECT_EQ(found->id, agent.id);
    EXPECT_EQ(found->org_id, agent.org_id);
    EXPECT_EQ(found->name, "one");
    EXPECT_EQ(found->mode, "standard");
    EXPECT_EQ(found->key_hash, "hash of one");
    EXPECT_FALSE(found->connected);
    EXPECT_EQ(found->metadata, agent.metadata);
    EXPECT_EQ(found->created_at, agent.created_at);
    EXPECT_EQ(found->updated_at, agent.updated_at);
  }
}

TEST_F(AgentTableTest, AnIdWinsOverANameThatLooksLikeIt) {
  const AgentRow first = Added("one");
  AgentRow second = MakeAgent(first.id);
  ASSERT_OK(agents_.Insert(second));
  EXPECT_EQ(Found(first.id).name, "one");
  ASSERT_OK(agents_.Delete(store_.org_id(), first.id));
  EXPECT_EQ(Found(first.id).id, second.id);
}

TEST_F(AgentTableTest, UnknownAgentsAreNotFound) {
  EXPECT_STATUS(agents_.Find(store_.org_id(), "x"), absl::StatusCode::kNotFound, "agent x");
  EXPECT_STATUS(agents_.FindByKeyHash("x"), absl::StatusCode::kNotFound, "agent");
  EXPECT_STATUS(agents_.Delete(store_.org_id(), "x"), absl::StatusCode::kNotFound, "agent x");
  EXPECT_STATUS(agents_.SetConnected("x", {}, store_.now()), absl::StatusCode::kNotFound, "agent x");
  EXPECT_STATUS(agents_.SetDisconnected("x", store_.now()), absl::StatusCode::kNotFound, "agent x");
}

TEST_F(AgentTableTest, RefusesASecondOfThatNameOrKey) {
  Added("one");
  AgentRow twin = MakeAgent("one");
  twin.key_hash = "other";
  EXPECT_STATUS(agents_.Insert(twin), absl::StatusCode::kAlreadyExists, "agent one");
  twin = MakeAgent("two");
  twin.key_hash = "hash of one";
  EXPECT_STATUS(agents_.Insert(twin), absl::StatusCode::kAlreadyExists, "agent two");
}

TEST_F(AgentTableTest, RefusesAnUnknownMode) {
  AgentRow agent = MakeAgent("one");
  agent.mode = "nope";
  EXPECT_STATUS(agents_.Insert(agent), absl::StatusCode::kFailedPrecondition, "agent one");
}

TEST_F(AgentTableTest, PutChangesTheKeyAndKeepsTheRest) {
  const AgentRow agent = Added("one");
  AgentRow again = MakeAgent("one");
  again.key_hash = "new";
  again.mode = "embedded";
  again.metadata.clear();
  ASSERT_OK(agents_.Put(again));
  const AgentRow found = Found("one");
  EXPECT_EQ(found.id, agent.id);
  EXPECT_EQ(found.key_hash, "new");
  EXPECT_EQ(found.mode, "embedded");
  EXPECT_EQ(found.metadata, agent.metadata);
  ASSERT_OK(agents_.Put(MakeAgent("two")));
  EXPECT_EQ(Found("two").name, "two");
}

TEST_F(AgentTableTest, AKeyIsReadAgainWhenItWasGivenForThat) {
  ASSERT_OK(agents_.Insert(MakeAgent("one"), "xagt-clear"));
  auto key = agents_.Key(store_.org_id(), "one");
  ASSERT_OK(key);
  EXPECT_EQ(*key, "xagt-clear");
  Added("two");
  EXPECT_STATUS(agents_.Key(store_.org_id(), "two"), absl::StatusCode::kNotFound, "key of agent two");
  EXPECT_STATUS(agents_.Key(store_.org_id(), "x"), absl::StatusCode::kNotFound, "key of agent x");
  ASSERT_OK(agents_.Put(MakeAgent("one")));
  EXPECT_STATUS(agents_.Key(store_.org_id(), "one"), absl::StatusCode::kNotFound, "key of agent one");
}

TEST_F(AgentTableTest, ListsByName) {
  Added("b");
  Added("a");
  auto agents = agents_.List(store_.org_id());
  ASSERT_OK(agents);
  ASSERT_EQ(agents->size(), 2u);
  EXPECT_EQ((*agents)[0].name, "a");
  EXPECT_EQ((*agents)[1].name, "b");
}

TEST_F(AgentTableTest, RemembersWhoIsConnected) {
  const AgentRow agent = Added("one");
  ASSERT_OK(agents_.SetConnected(agent.id, {{"version", "2"}}, store_.now() + absl::Seconds(1)));
  EXPECT_TRUE(Found("one").connected);
  EXPECT_EQ(Found("one").metadata, (std::map<std::string, std::string>{{"version", "2"}}));
  EXPECT_EQ(Found("one").updated_at, store_.now() + absl::Seconds(1));
  ASSERT_OK(agents_.SetDisconnected(agent.id, store_.now() + absl::Seconds(2)));
  EXPECT_FALSE(Found("one").connected);
  EXPECT_EQ(Found("one").metadata.at("version"), "2");
}

TEST_F(AgentTableTest, NobodyIsConnectedAfterAStart) {
  for (const char* name : {"one", "two"}) {
    ASSERT_OK(agents_.SetConnected(Added(name).id, {}, store_.now()));
  }
  ASSERT_OK(agents_.DisconnectAll(store_.now()));
  EXPECT_FALSE(Found("one").connected);
  EXPECT_FALSE(Found("two").connected);
}

}  // namespace
}  // namespace hoop
