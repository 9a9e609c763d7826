#include "identity/local_accounts.h"

#include <gtest/gtest.h>

#include "base/limits/identity.h"
#include "identity/local_verifier.h"
#include "tests/fakes/manual_clock.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_store.h"

namespace hoop {
namespace {

constexpr ScryptCost kCheap = {.log_n = 4, .r = 1, .p = 1};

class LocalAccountsTest : public ::testing::Test {
 protected:
  UserRow Found(const std::string& email) {
    auto user = users_.FindByEmail(store_.org_id(), email);
    EXPECT_OK(user);
    return user.ok() ? *user : UserRow();
  }
  void Registered(const std::string& email, const std::string& password) {
    ASSERT_OK(accounts_.Register(email, password, "Ann"));
  }
  void SetStatus(const std::string& email, UserStatus status) {
    UserRow user = Found(email);
    user.status = status;
    ASSERT_OK(users_.Update(user));
  }

  testing::TempStore store_;
  UserTable& users_ = store_->users();
  ManualClock clock_;
  TokenSigner signer_{Ed25519Key::Generate(), "us"};
  LocalAccounts accounts_{users_, signer_, clock_, store_.org_id(), RoleGroups(), kCheap};
  LocalVerifier verifier_{signer_, *store_, RoleGroups()};
};

TEST_F(LocalAccountsTest, TheFirstWhoRegistersIsAdmin) {
  auto signed_in = accounts_.Register("ann@example.test", "a secret", "Ann");
  ASSERT_OK(signed_in);
  auto identity = verifier_.Verify(signed_in->token, clock_.Now());
  ASSERT_OK(identity);
  EXPECT_EQ(identity->org_id, store_.org_id());
  EXPECT_EQ(identity->user_id, signed_in->user.id);
  EXPECT_EQ(identity->subject, "ann@example.test");
  EXPECT_EQ(identity->email, "ann@example.test");
  EXPECT_EQ(identity->name, "Ann");
  EXPECT_EQ(identity->groups, std::vector<std::string>{"admin"});
  EXPECT_TRUE(identity->is_admin);
  EXPECT_FALSE(identity->is_auditor);
  EXPECT_EQ(identity->expires_at, clock_.Now() + limits::kTokenLifetime);
  EXPECT_EQ(Found("ann@example.test").password_hash.find("a secret"), std::string::npos);
}

TEST_F(LocalAccountsTest, NobodyElseRegisters) {
  Registered("ann@example.test", "a secret");
  EXPECT_STATUS(accounts_.Register("bob@example.test", "a secret", "Bob"), absl::StatusCode::kFailedPrecondition,
                "already");
}

TEST_F(LocalAccountsTest, RegistrationNeedsAnAddressAndAPassword) {
  for (const std::string& email : {std::string(), std::string("ann"), std::string("@example.test"), std::string("ann@"),
                                   std::string("a nn@example.test"), std::string("a@b@c"), std::string("a,b@c"),
                                   std::string(limits::kEmailBytesMax, 'a') + "@example.test"}) {
    EXPECT_STATUS(accounts_.Register(email, "a secret", ""), absl::StatusCode::kInvalidArgument, "e-mail");
  }
  EXPECT_STATUS(accounts_.Register("ann@example.test", "", ""), absl::StatusCode::kInvalidArgument, "password");
  EXPECT_STATUS(users_.FindByEmail(store_.org_id(), "ann@example.test"), absl::StatusCode::kNotFound, "");
}

TEST_F(LocalAccountsTest, LoginGivesATokenThatVerifies) {
  Registered("ann@example.test", "a secret");
  auto signed_in = accounts_.Login("ANN@example.test", "a secret");
  ASSERT_OK(signed_in);
  EXPECT_EQ(signed_in->user.email, "ann@example.test");
  EXPECT_OK(verifier_.Verify(signed_in->token, clock_.Now()));
}

TEST_F(LocalAccountsTest, UnknownUserAndWrongPasswordAreToldAlike) {
  Registered("ann@example.test", "a secret");
  UserRow bare = Found("ann@example.test");
  bare.id = "other";
  bare.subject = bare.email = "bare@example.test";
  bare.password_hash.clear();
  ASSERT_OK(users_.Insert(bare));
  const absl::Status expected = accounts_.Login("ann@example.test", "wrong").status();
  EXPECT_STATUS(expected, absl::StatusCode::kUnauthenticated, "wrong e-mail or password");
  EXPECT_EQ(accounts_.Login("bob@example.test", "a secret").status(), expected);
  EXPECT_EQ(accounts_.Login("bare@example.test", "a secret").status(), expected);
  EXPECT_EQ(accounts_.Login("bare@example.test", "").status(), expected);
  EXPECT_EQ(accounts_.Login("\xff", "a secret").status(), expected);
  EXPECT_EQ(accounts_.Login("", "").status(), expected);
  EXPECT_EQ(accounts_.Login("ann@example.test", std::string(limits::kPasswordBytesMax + 1, 'x')).status(), expected);
}

TEST_F(LocalAccountsTest, InactiveUsersAreToldOnlyWithTheirPassword) {
  Registered("ann@example.test", "a secret");
  for (UserStatus status : {UserStatus::kInactive, UserStatus::kInvited}) {
    SetStatus("ann@example.test", status);
    EXPECT_STATUS(accounts_.Login("ann@example.test", "a secret"), absl::StatusCode::kUnauthenticated,
                  "user is not active");
    EXPECT_STATUS(accounts_.Login("ann@example.test", "wrong"), absl::StatusCode::kUnauthenticated, "wrong e-mail");
  }
}

TEST_F(LocalAccountsTest, PasswordsChangeWithTheOldOne) {
  Registered("ann@example.test", "a secret");
  const std::string id = Found("ann@example.test").id;
  EXPECT_STATUS(accounts_.ChangePassword(id, "wrong", "the new one"), absl::StatusCode::kPermissionDenied,
                "old password");
  EXPECT_STATUS(accounts_.ChangePassword(id, "a secret", ""), absl::StatusCode::kInvalidArgument, "shorter");
  EXPECT_STATUS(accounts_.ChangePassword("nobody", "a secret", "the new one"), absl::StatusCode::kNotFound, "nobody");
  EXPECT_OK(accounts_.Login("ann@example.test", "a secret"));
  ASSERT_OK(accounts_.ChangePassword(id, "a secret", "the new one"));
  EXPECT_OK(accounts_.Login("ann@example.test", "the new one"));
  EXPECT_STATUS(accounts_.Login("ann@example.test", "a secret"), absl::StatusCode::kUnauthenticated, "");
}

TEST_F(LocalAccountsTest, NewPasswordsHaveALeastLength) {
  const std::string least(limits::kPasswordBytesMin, 'x'), shorter = least.substr(1);
  EXPECT_STATUS(accounts_.Register("ann@example.test", shorter, ""), absl::StatusCode::kInvalidArgument, "shorter");
  Registered("ann@example.test", least);
  const std::string id = Found("ann@example.test").id;
  EXPECT_STATUS(accounts_.SetPassword(id, shorter), absl::StatusCode::kInvalidArgument, "shorter");
  EXPECT_STATUS(accounts_.ChangePassword(id, least, shorter), absl::StatusCode::kInvalidArgument, "shorter");
  UserRow bob;
  bob.org_id = store_.org_id();
  bob.email = "bob@example.test";
  EXPECT_STATUS(accounts_.Add(bob, shorter), absl::StatusCode::kInvalidArgument, "shorter");
  EXPECT_OK(accounts_.Add(bob, least));
}

TEST_F(LocalAccountsTest, AddedUsersSignInWithAPasswordOnly) {
  UserRow bob;
  bob.org_id = store_.org_id();
  bob.email = "Bob@example.test";
  bob.groups = {"dba"};
  auto added = accounts_.Add(bob, "");
  ASSERT_OK(added);
  EXPECT_EQ(added->subject, "Bob@example.test");
  EXPECT_STATUS(accounts_.Login("bob@example.test", ""), absl::StatusCode::kUnauthenticated, "");
  EXPECT_STATUS(accounts_.Add(bob, ""), absl::StatusCode::kAlreadyExists, "Bob@example.test");
  ASSERT_OK(accounts_.SetPassword(added->id, "his first password"));
  EXPECT_OK(accounts_.Login("bob@example.test", "his first password"));
  EXPECT_EQ(Found("bob@example.test").groups, std::vector<std::string>{"dba"});
  bob.email = "bob";
  EXPECT_STATUS(accounts_.Add(bob, ""), absl::StatusCode::kInvalidArgument, "e-mail");
}

TEST_F(LocalAccountsTest, TheDevelopmentAdminIsThereAfterEveryStart) {
  auto first = accounts_.EnsureAdmin("dev@example.test", "one", "Dev");
  ASSERT_OK(first);
  const std::string hash = Found("dev@example.test").password_hash;
  auto second = accounts_.EnsureAdmin("dev@example.test", "one", "Dev");
  ASSERT_OK(second);
  EXPECT_EQ(second->user.id, first->user.id);
  EXPECT_EQ(Found("dev@example.test").password_hash, hash);
  EXPECT_OK(verifier_.Verify(first->token, clock_.Now()));
}

TEST_F(LocalAccountsTest, TheDevelopmentAdminIsPutRight) {
  ASSERT_OK(accounts_.EnsureAdmin("dev@example.test", "one", "Dev"));
  UserRow user = Found("dev@example.test");
  user.groups = {"ops"};
  user.status = UserStatus::kInactive;
  ASSERT_OK(users_.Update(user));
  ASSERT_OK(accounts_.EnsureAdmin("dev@example.test", "two", "Dev"));
  user = Found("dev@example.test");
  EXPECT_EQ(user.groups, (std::vector<std::string>{"admin", "ops"}));
  EXPECT_EQ(user.status, UserStatus::kActive);
  EXPECT_OK(accounts_.Login("dev@example.test", "two"));
  EXPECT_STATUS(accounts_.Login("dev@example.test", "one"), absl::StatusCode::kUnauthenticated, "");
  EXPECT_STATUS(accounts_.EnsureAdmin("dev", "two", "Dev"), absl::StatusCode::kInvalidArgument, "e-mail");
}

class LocalVerifierTest : public LocalAccountsTest {
 protected:
  void SetUp() override {
    auto signed_in = accounts_.Register("ann@example.test", "a secret", "Ann");
    ASSERT_OK(signed_in);
    token_ = signed_in->token;
  }
  std::string token_;
};

TEST_F(LocalVerifierTest, RefusesExpiredAndForeignTokens) {
  EXPECT_STATUS(verifier_.Verify(token_, clock_.Now() + limits::kTokenLifetime), absl::StatusCode::kUnauthenticated,
                "expired");
  EXPECT_STATUS(verifier_.Verify("nonsense", clock_.Now()), absl::StatusCode::kUnauthenticated, "three parts");
}

TEST_F(LocalVerifierTest, AnInactiveUserIsOutAtOnceAndBackAtOnce) {
  SetStatus("ann@example.test", UserStatus::kInactive);
  EXPECT_STATUS(verifier_.Verify(token_, clock_.Now()), absl::StatusCode::kUnauthenticated, "user is not active");
  SetStatus("ann@example.test", UserStatus::kActive);
  EXPECT_OK(verifier_.Verify(token_, clock_.Now()));
}

TEST_F(LocalVerifierTest, ADeletedUserIsOutEvenWhenSomebodyGetsHisAddress) {
  UserRow user = Found("ann@example.test");
  ASSERT_OK(users_.Delete(user.org_id, user.id));
  EXPECT_STATUS(verifier_.Verify(token_, clock_.Now()), absl::StatusCode::kUnauthenticated, "gone");
  ASSERT_OK(accounts_.Register("ann@example.test", "other one", "Other Ann"));
  EXPECT_STATUS(verifier_.Verify(token_, clock_.Now()), absl::StatusCode::kUnauthenticated, "gone");
}

TEST_F(LocalVerifierTest, ANewPasswordEndsTheTokensOfBefore) {
  clock_.Advance(absl::Seconds(2));
  const std::string id = Found("ann@example.test").id;
  auto changed = accounts_.ChangePassword(id, "a secret", "another secret");
  ASSERT_OK(changed);
  EXPECT_STATUS(verifier_.Verify(token_, clock_.Now()), absl::StatusCode::kUnauthenticated, "changed since");
  EXPECT_OK(verifier_.Verify(changed->token, clock_.Now()));
  clock_.Advance(absl::Seconds(2));
  ASSERT_OK(accounts_.SetPassword(id, "a third secret"));
  EXPECT_STATUS(verifier_.Verify(changed->token, clock_.Now()), absl::StatusCode::kUnauthenticated, "changed since");
}

TEST_F(LocalVerifierTest, KnowsServiceAccountsWithTheirGroupsOfNow) {
  ServiceAccountRow account{.id = ServiceAccountId("ci"),
                            .org_id = store_.org_id(),
                            .subject = "ci",
                            .name = "CI",
                            .groups = {"dba"},
                            .created_at = clock_.Now(),
                            .updated_at = clock_.Now()};
  ASSERT_OK(store_->service_accounts().Insert(account));
  const std::string token = accounts_.TokenFor(account, absl::Hours(1));
  auto identity = verifier_.Verify(token, clock_.Now());
  ASSERT_OK(identity);
  EXPECT_EQ(identity->user_id, account.id);
  EXPECT_EQ(identity->subject, "ci");
  EXPECT_EQ(identity->email, "ci");
  EXPECT_EQ(identity->groups, std::vector<std::string>{"dba"});
  EXPECT_FALSE(identity->is_admin);
  EXPECT_STATUS(verifier_.Verify(token, clock_.Now() + absl::Hours(1)), absl::StatusCode::kUnauthenticated, "expired");
  account.groups = {"admin"};
  ASSERT_OK(store_->service_accounts().Update(account));
  EXPECT_TRUE(verifier_.Verify(token, clock_.Now())->is_admin);
  account.active = false;
  ASSERT_OK(store_->service_accounts().Update(account));
  EXPECT_STATUS(verifier_.Verify(token, clock_.Now()), absl::StatusCode::kUnauthenticated, "user is not active");
}

TEST_F(LocalVerifierTest, RefusesASubjectThatIsNotTheUsers) {
  const std::string forged =
      signer_.Sign("root@example.test", Found("ann@example.test").id, "ann@example.test", clock_.Now());
  EXPECT_STATUS(verifier_.Verify(forged, clock_.Now()), absl::StatusCode::kUnauthenticated, "another");
}

TEST_F(LocalVerifierTest, RolesComeFromTheGroupsOfNow) {
  UserRow user = Found("ann@example.test");
  user.groups = {"auditor", "dba"};
  ASSERT_OK(users_.Update(user));
  auto identity = verifier_.Verify(token_, clock_.Now());
  ASSERT_OK(identity);
  EXPECT_FALSE(identity->is_admin);
  EXPECT_TRUE(identity->is_auditor);
  LocalVerifier renamed(signer_, *store_, {.admin = "dba", .auditor = "none"});
  identity = renamed.Verify(token_, clock_.Now());
  ASSERT_OK(identity);
  EXPECT_TRUE(identity->is_admin);
  EXPECT_FALSE(identity->is_auditor);
}

}  // namespace
}  // namespace hoop
