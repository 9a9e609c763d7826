// The first account: who shows the set-up token makes it, nobody else and nobody after.
#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/rest/rest_fixture.h"
#include "tests/support/temp_folder.h"

namespace hoop::rest {
namespace {

class RegisterTest : public ::testing::Test {
 protected:
  RegisterTest() {
    auto setup = SetupToken::Create(folder_.path() + "/setup-token");
    EXPECT_OK(setup);
    setup_.emplace(*std::move(setup));
    Make(&*setup_);
  }
  void Make(const SetupToken* setup) {
    api_ = std::make_unique<Api>(ApiParts{.store = *store_,
                                          .audit = audit_,
                                          .verifier = verifier_,
                                          .accounts = accounts_,
                                          .sessions = control_,
                                          .agents = presence_,
                                          .exec = exec_,
                                          .proxy_manager = proxy_manager_,
                                          .agent_verifier = agent_verifier_,
                                          .clock = clock_,
                                          .log = Log(),
                                          .info = {},
                                          .setup = setup});
  }
  Response Register(const std::string& token) {
    const auto match = api_->Match("POST", "/api/localauth/register");
    EXPECT_OK(match);
    const nlohmann::json body = {{"email", "ann@example.test"}, {"password", "a secret"}, {"setup_token", token}};
    return std::get<Response>(api_->Run(*match->route, "", body.dump(), Request()));
  }

  hoop::testing::TempStore store_;
  hoop::testing::TempFolder folder_;
  ManualClock clock_;
  NamedVerifier verifier_;
  ListedAuditStore audit_;
  NotedSessionControl control_;
  ListedAgentPresence presence_;
  NotedExecRunner exec_;
  NotedProxyManager proxy_manager_;
  AgentVerifier agent_verifier_{store_->agents()};
  TokenSigner signer_{Ed25519Key::Generate(), "us"};
  LocalAccounts accounts_{store_->users(), signer_,      clock_,
                          store_.org_id(), RoleGroups(), ScryptCost{.log_n = 4, .r = 1, .p = 1}};
  std::optional<SetupToken> setup_;
  std::unique_ptr<Api> api_;
};

TEST_F(RegisterTest, MakesTheFirstAccountAnAdministratorOnce) {
  const Response made = Register(setup_->text());
  EXPECT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(made.headers.at(0).first, "Token");
  EXPECT_OK(accounts_.Login("ann@example.test", "a secret"));
  EXPECT_NE(::access((folder_.path() + "/setup-token").c_str(), F_OK), 0);
  EXPECT_EQ(Register(setup_->text()).status, 403);
}

TEST_F(RegisterTest, RefusesAWrongOrMissingToken) {
  EXPECT_EQ(Register("wrong").status, 403);
  EXPECT_EQ(Register("").status, 403);
}

TEST_F(RegisterTest, RefusesEverybodyOnceThereAreAccounts) {
  Make(nullptr);
  EXPECT_EQ(Register(setup_->text()).status, 403);
}

}  // namespace
}  // namespace hoop::rest
