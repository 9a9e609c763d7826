#include "identity/host_verifier.h"

#include <gtest/gtest.h>

#include "base/ids.h"
#include "base/limits/identity.h"
#include "base/status.h"
#include "identity/api_keys.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_store.h"

namespace hoop {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1'700'000'000);

struct FixedVerifier final : IdpVerifier {
  explicit FixedVerifier(absl::StatusOr<Identity> answer) : answer(std::move(answer)) {}
  absl::StatusOr<Identity> Verify(std::string_view, absl::Time) override {
    ++asked;
    return answer;
  }
  bool MayWait(std::string_view) const override { return may_wait; }
  absl::StatusOr<Identity> answer;
  bool may_wait = true;
  int asked = 0;
};

struct CountingSink final : LogSink {
  bool Wants(LogLevel level) const override { return level == LogLevel::kError; }
  void Write(LogLevel, std::string_view, const std::vector<LogField>& fields) override {
    ++lines;
    last = std::string(fields.at(0).value);
  }
  int lines = 0;
  std::string last;
};

Identity Me() { return {.subject = "idp|7", .email = "me@example.test", .name = "Me", .groups = {"dba"}}; }

class HostVerifierTest : public ::testing::Test {
 protected:
  absl::StatusOr<Identity> Answer(absl::StatusOr<Identity> of_host) {
    FixedVerifier host(std::move(of_host));
    return HostVerifier(host, own_, "our-org", Log(&sink_)).Verify("token", kNow);
  }
  void ExpectUnusable(const Identity& answer, const std::string& why) {
    const auto identity = Answer(answer);
    EXPECT_EQ(identity.status().code(), absl::StatusCode::kInternal);
    EXPECT_EQ(StatusText(identity.status()), "identity provider: " + why);
    EXPECT_EQ(sink_.last, why);
  }

  testing::TempStore store_;
  TokenSigner signer_{Ed25519Key::Generate(), "us"};
  LocalVerifier own_{signer_, *store_, RoleGroups()};
  CountingSink sink_;
};

TEST_F(HostVerifierTest, WhatTheHostSaysIsTheIdentity) {
  Identity answer = Me();
  answer.org_id = "another-org";
  answer.user_id = "7";
  answer.is_auditor = true;
  answer.expires_at = kNow + absl::Seconds(1);
  const auto identity = Answer(answer);
  ASSERT_OK(identity.status());
  EXPECT_EQ(identity->org_id, "another-org");
  EXPECT_EQ(identity->user_id, "7");
  EXPECT_EQ(identity->subject, "idp|7");
  EXPECT_EQ(identity->email, "me@example.test");
  EXPECT_EQ(identity->groups, std::vector<std::string>{"dba"});
  EXPECT_FALSE(identity->is_admin);
  EXPECT_TRUE(identity->is_auditor);
  EXPECT_EQ(sink_.lines, 0);
}

TEST_F(HostVerifierTest, WhatTheHostLeavesOutFollowsFromTheSubject) {
  const auto identity = Answer(Identity{.subject = "idp|7"});
  ASSERT_OK(identity.status());
  EXPECT_EQ(identity->org_id, "our-org");
  EXPECT_EQ(identity->user_id, "idp|7");
  EXPECT_EQ(identity->email, "idp|7");
  EXPECT_EQ(identity->expires_at, absl::InfiniteFuture());
}

TEST_F(HostVerifierTest, WhatTheHostDoesNotKnowIsNobodys) {
  EXPECT_EQ(Answer(NotFound("not ours")).status(), Unauthenticated("token: it has not three parts"));
  EXPECT_EQ(sink_.lines, 0);
}

TEST_F(HostVerifierTest, TheHostIsNotAskedAboutWhatWeMade) {
  UserRow ann{.id = NewUuid(), .org_id = store_.org_id(), .subject = "ann@example.test", .email = "ann@example.test"};
  ASSERT_OK(store_->users().Insert(ann));
  const std::string token = signer_.Sign(ann.subject, ann.id, ann.email, kNow);
  FixedVerifier host{Me()};
  HostVerifier verifier(host, own_, "our-org", Log());
  const auto identity = verifier.Verify(token, kNow);
  ASSERT_OK(identity);
  EXPECT_EQ(identity->subject, "ann@example.test");
  EXPECT_FALSE(verifier.Verify(token + "x", kNow).ok()) << "a signature that is wrong";
  EXPECT_FALSE(verifier.Verify(NewApiKey(), kNow).ok()) << "a key that was revoked";
  EXPECT_EQ(host.asked, 0);
}

TEST_F(HostVerifierTest, OnlyTheHostMayMakeItsUsersWait) {
  FixedVerifier host{Me()};
  HostVerifier verifier(host, own_, "our-org", Log());
  const TokenSigner of_another(Ed25519Key::Generate(), "us");
  EXPECT_FALSE(verifier.MayWait(NewApiKey()));
  EXPECT_FALSE(verifier.MayWait(signer_.Sign("s", "u", "e", kNow)));
  EXPECT_TRUE(verifier.MayWait(of_another.Sign("s", "u", "e", kNow)));
  for (const char* token : {"", "token", "a.b.c", "e30.e30.e30"}) EXPECT_TRUE(verifier.MayWait(token)) << token;
  host.may_wait = false;
  EXPECT_FALSE(verifier.MayWait("token"));
  EXPECT_FALSE(own_.MayWait("token"));
}

TEST_F(HostVerifierTest, RefusalsKeepTheirReason) {
  EXPECT_EQ(Answer(Unauthenticated("token: withdrawn")).status(), Unauthenticated("token: withdrawn"));
  EXPECT_EQ(Answer(Unavailable("issuer: no answer")).status(), Unavailable("issuer: no answer"));
  EXPECT_EQ(sink_.lines, 0);
  EXPECT_EQ(Answer(PermissionDenied("no")).status(), Internal("identity provider: no"));
  EXPECT_EQ(sink_.lines, 1);
}

TEST_F(HostVerifierTest, AReasonThatCannotBeShownIsNotShown) {
  const std::string instead = "refused, for a reason that is no short line of UTF-8";
  for (const std::string& reason : {std::string("\xff"), std::string("a\nb"), std::string(3000, 'x')}) {
    EXPECT_EQ(Answer(Unauthenticated("{}", reason)).status(), Unauthenticated("identity provider: {}", instead));
    EXPECT_EQ(Answer(Internal("{}", reason)).status(),
              Internal("identity provider: failed, for a reason that is no short line of UTF-8"));
  }
}

TEST_F(HostVerifierTest, AnIdentityThatHasExpiredIsNobodys) {
  Identity answer = Me();
  answer.expires_at = kNow;
  EXPECT_EQ(Answer(answer).status(), Unauthenticated("token: it is expired"));
}

TEST_F(HostVerifierTest, AnAnswerThatIsNoIdentityIsRefused) {
  ExpectUnusable({.email = "me@example.test"}, "subject: is not set");
  ExpectUnusable({.subject = "\xc3("}, "subject: not UTF-8");
  ExpectUnusable({.user_id = "\xff", .subject = "s"}, "user_id: not UTF-8");
  ExpectUnusable({.subject = "s", .email = "me\r\n"}, "email: holds a control character");
  ExpectUnusable({.subject = "s", .name = "\x7f"}, "name: holds a control character");
  ExpectUnusable({.subject = "s", .groups = {"dba", "\xff"}}, "group: not UTF-8");
}

TEST_F(HostVerifierTest, AnAnswerHasBounds) {
  Identity answer{.subject = std::string(limits::kProfileTextBytesMax, 'x'),
                  .groups = std::vector<std::string>(limits::kGroupsMax, "g")};
  EXPECT_OK(Answer(answer).status());
  answer.groups.emplace_back("g");
  ExpectUnusable(answer, "groups: more than 1000");
  answer.subject += "x";
  ExpectUnusable(answer, "subject: more than 2048 bytes");
}

}  // namespace
}  // namespace hoop
