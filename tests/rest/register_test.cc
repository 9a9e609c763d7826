// The first account: who shows the set-up token makes it, nobody else and nobody after.
#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/rest/rest_fixture.h"
#include "tests/support/temp_folder.h"

namespace hoop::rest {
namespace {

class RegisterTest : public PartsTest {
 protected:
  RegisterTest() {
    auto setup = SetupToken::Create(folder_.path() + "/setup-token");
    EXPECT_OK(setup);
    setup_.emplace(*std::move(setup));
    Make(&*setup_);
  }
  void Make(const SetupToken* setup) {
    ApiParts parts = Parts();
    parts.info = {};
    parts.setup = setup;
    api_ = std::make_unique<Api>(parts);
  }
  Response Register(const std::string& token) {
    const nlohmann::json body = {{"email", "ann@example.test"}, {"password", "a secret"}, {"setup_token", token}};
    return AskOf(*api_, "", "POST", "/api/localauth/register", body.dump());
  }

  hoop::testing::TempFolder folder_;
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
