#include "identity/agent_keys.h"

#include <gtest/gtest.h>

#include "base/agent_dsn.h"
#include "base/ids.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_store.h"

namespace hoop {
namespace {

class AgentVerifierTest : public ::testing::Test {
 protected:
  void Add(const std::string& name, const std::string& mode, const std::string& key_hash) {
    ASSERT_OK(store_->agents().Insert({.id = AgentId(store_.org_id(), name),
                                       .org_id = store_.org_id(),
                                       .name = name,
                                       .mode = mode,
                                       .key_hash = key_hash,
                                       .created_at = store_.now(),
                                       .updated_at = store_.now()}));
  }
  void ExpectAgent(const std::string& token, const std::string& name) {
    auto agent = verifier_.Verify(token);
    ASSERT_OK(agent);
    EXPECT_EQ(agent->name, name);
    EXPECT_EQ(agent->id, AgentId(store_.org_id(), name));
  }

  testing::TempStore store_;
  AgentVerifier verifier_{store_->agents()};
  const std::string key_ = NewAgentKey();
};

const absl::Status kInvalid(absl::StatusCode::kUnauthenticated, "invalid authentication");
const absl::Status kMismatch(absl::StatusCode::kUnauthenticated, "invalid authentication, mismatch dsn attributes");

TEST(AgentKeys, AreAPrefixAndRandomText) {
  const std::string key = NewAgentKey();
  EXPECT_EQ(key.substr(0, 5), "xagt-");
  EXPECT_EQ(key.size(), 5u + 43u);
  EXPECT_NE(key, NewAgentKey());
}

TEST(AgentKeys, TheHashCoversThePrefix) {
  EXPECT_EQ(HashAgentKey("xagt-abc"), "1aab557cde2de27087610d7b8de4cfbbf5cdaee2e9c8291c9d55ecb22c80b3c5");
}

TEST(AgentKeys, TheIdFollowsFromOrganizationAndName) {
  EXPECT_EQ(AgentId("7e358a9f-879c-44fa-b35a-548383dbbe6f", "agent1"), "32f5981b-0c67-5a8c-9794-c6d7d1de76e0");
}

TEST_F(AgentVerifierTest, KnowsAnAgentByItsDsn) {
  Add("one", "standard", HashAgentKey(key_));
  Add("two", "standard", HashAgentKey(NewAgentKey()));
  auto dsn = MakeAgentDsn("grpc://127.0.0.1:8010", "one", key_, "standard");
  ASSERT_OK(dsn);
  ExpectAgent(*dsn, "one");
  ExpectAgent("https://one:" + key_ + "@elsewhere:1?mode=standard&v2=true", "one");  // only name and mode count
}

TEST_F(AgentVerifierTest, ADsnWithoutModeIsChecked) {
  Add("_default", "multi-connection", HashAgentKey(key_));
  ExpectAgent("grpc://_default:" + key_ + "@h:8010", "_default");
}

TEST_F(AgentVerifierTest, TheRightKeyUnderAnotherNameOrModeIsAMismatch) {
  Add("one", "standard", HashAgentKey(key_));
  EXPECT_EQ(verifier_.Verify("grpc://two:" + key_ + "@h:8010?mode=standard").status(), kMismatch);
  EXPECT_EQ(verifier_.Verify("grpc://ONE:" + key_ + "@h:8010?mode=standard").status(), kMismatch);
  EXPECT_EQ(verifier_.Verify("grpc://one:" + key_ + "@h:8010?mode=embedded").status(), kMismatch);
}

TEST_F(AgentVerifierTest, OldDsnsAreHashedWhole) {
  const std::string dsn = "grpc://gw.example.test:8443/" + std::string(64, 'a');
  Add("old", "embedded", HashAgentKey(dsn));
  ExpectAgent(dsn, "old");
  EXPECT_EQ(verifier_.Verify("grpc://gw.example.test:8444/" + std::string(64, 'a')).status(), kInvalid);
}

TEST_F(AgentVerifierTest, TokensOfBeforeTheHashesAreComparedAsTheyAre) {
  Add("old", "standard", "x-agt-0123");
  ExpectAgent("x-agt-0123", "old");
  EXPECT_EQ(verifier_.Verify("x-agt-0124").status(), kInvalid);
  EXPECT_EQ(verifier_.Verify("x-agt-").status(), kInvalid);
}

TEST_F(AgentVerifierTest, RefusesEverythingElse) {
  Add("one", "standard", HashAgentKey(key_));
  const std::string cases[] = {
      "",
      "nonsense",
      key_,                // the bare secret is no token
      HashAgentKey(key_),  // nor what is stored
      "a.b.c",             // no JWT identities of agents here
      "grpc://one:" + NewAgentKey() + "@h:8010?mode=standard",
      "grpc://one:" + HashAgentKey(key_) + "@h:8010?mode=standard",
      "grpc://one:" + key_ + "@h:8010?mode=nope",
      "tcp://one:" + key_ + "@h:8010?mode=standard",
      "grpc://h:8010",
      "grpc://one:" + key_ + "\xff@h:8010",
      "x-agt-\xff",
      "://",
  };
  for (const std::string& token : cases) EXPECT_EQ(verifier_.Verify(token).status(), kInvalid) << token;
}

TEST_F(AgentVerifierTest, ADeletedAgentIsUnknown) {
  Add("one", "standard", HashAgentKey(key_));
  ASSERT_OK(store_->agents().Delete(store_.org_id(), "one"));
  EXPECT_EQ(verifier_.Verify("grpc://one:" + key_ + "@h:8010?mode=standard").status(), kInvalid);
}

}  // namespace
}  // namespace hoop
