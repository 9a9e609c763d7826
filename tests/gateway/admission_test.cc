#include "gateway/admission.h"

#include <gtest/gtest.h>

#include <array>
#include <deque>
#include <thread>

#include "absl/synchronization/notification.h"
#include "base/limits/listener.h"
#include "base/limits/workers.h"
#include "base/status.h"
#include "identity/digest.h"
#include "tests/fakes/manual_clock.h"
#include "tests/fakes/scripted_stream.h"
#include "tests/fakes/waiting_loop.h"
#include "tests/support/status_matchers.h"

namespace hoop {
namespace {

class AdmissionTest : public ::testing::Test {
 protected:
  using Question = absl::AnyInvocable<absl::StatusOr<int>()>;

  void Ask(StreamScript& script, Question question, Admission::Asked asked = Admission::Asked::kStore) {
    admission_->Ask<int>({std::make_unique<ScriptedStream>(script)}, asked, std::move(question),
                         [this](Admission::Candidate back, absl::StatusOr<int> answer) {
                           answers_.push_back(*answer);
                           back.Refuse(absl::OkStatus());
                         });
  }
  void AskIssuer(StreamScript& script, Question question) {
    Ask(script, std::move(question), Admission::Asked::kIssuer);
  }
  // One for each thread that waits for an issuer: all are busy until go_on_.
  void BlockIssuer() {
    for (StreamScript& script : blocked_) {
      AskIssuer(script, [this] {
        go_on_.WaitForNotification();
        return 0;
      });
    }
  }

  ManualClock clock_;
  WaitingLoop loop_{clock_};
  absl::Notification go_on_;
  std::array<StreamScript, limits::kIssuerThreads> blocked_;
  std::unique_ptr<Admission> admission_ = std::make_unique<Admission>(loop_);
  std::vector<int> answers_;
};

TEST_F(AdmissionTest, AnswersOnTheLoop) {
  StreamScript script;
  Ask(script, [] { return 7; });
  ASSERT_TRUE(loop_.TurnUntil([this] { return !answers_.empty(); }));
  EXPECT_EQ(answers_, std::vector<int>{7});
  EXPECT_TRUE(script.finished.has_value());
}

TEST_F(AdmissionTest, AsksNothingAboutWhoHasLeft) {
  StreamScript first, leaving, last;
  bool asked = false;
  Ask(first, [this] {
    go_on_.WaitForNotification();
    return 1;
  });
  Ask(leaving, [&asked] {
    asked = true;
    return 2;
  });
  Ask(last, [] { return 3; });
  leaving.End(absl::CancelledError("left"));
  go_on_.Notify();
  ASSERT_TRUE(loop_.TurnUntil([this] { return answers_.size() == 2; }));
  EXPECT_EQ(answers_, (std::vector<int>{1, 3}));
  EXPECT_FALSE(asked);
}

TEST_F(AdmissionTest, NobodyElseWaitsForASlowIssuer) {
  BlockIssuer();
  StreamScript of_issuer, of_store;
  AskIssuer(of_issuer, [] { return 1; });
  Ask(of_store, [] { return 2; });
  ASSERT_TRUE(loop_.TurnUntil([this] { return !answers_.empty(); }));
  EXPECT_EQ(answers_, std::vector<int>{2});
  go_on_.Notify();
  ASSERT_TRUE(loop_.TurnUntil([this] { return answers_.size() == limits::kIssuerThreads + 2; }));
  EXPECT_TRUE(of_issuer.finished.has_value());
}

TEST_F(AdmissionTest, RefusesWhoAnIssuerHasNoTimeFor) {
  BlockIssuer();
  std::deque<StreamScript> waiting(limits::kIssuerQueueMax);
  for (StreamScript& script : waiting) AskIssuer(script, [] { return 1; });
  StreamScript refused, let_in;
  AskIssuer(refused, [] { return 2; });
  ASSERT_TRUE(refused.finished.has_value());
  EXPECT_EQ(*refused.finished, Unavailable("identity provider: 512 others wait for it already"));
  // Who has left makes room.
  waiting.front().End(absl::CancelledError("left"));
  AskIssuer(let_in, [] { return 3; });
  EXPECT_FALSE(let_in.finished.has_value());
  go_on_.Notify();
  ASSERT_TRUE(loop_.TurnUntil([&let_in] { return let_in.finished.has_value(); }));
  admission_.reset();  // before the scripts of those who wait
}

TEST_F(AdmissionTest, AFullQueueForTheStoreRefusesByName) {
  absl::Notification started;
  StreamScript first, refused;
  Ask(first, [this, &started] {
    started.Notify();
    go_on_.WaitForNotification();
    return 1;
  });
  started.WaitForNotification();
  std::deque<StreamScript> waiting(limits::kWorkerQueueMax);
  for (StreamScript& script : waiting) Ask(script, [] { return 2; });
  Ask(refused, [] { return 3; });
  ASSERT_TRUE(refused.finished.has_value());
  EXPECT_EQ(*refused.finished, ResourceExhausted("hoop-admission: 4096 tasks are waiting already"));
  go_on_.Notify();
  admission_.reset();  // before the scripts of those who wait
}

struct TrustedAs final : GrpcConnection {
  uint64_t id() const override { return 1; }
  const std::string& peer() const override { return who; }
  std::string VerifiedSubject() const override { return {}; }
  void Authenticated(std::string name) override { who = std::move(name); }
  void Close(const absl::Status&) override {}

  std::string who;
};

TEST_F(AdmissionTest, WhoFloodedWaits) {
  TrustedAs first, other, again, later;
  ASSERT_OK(admission_->LetIn(first, "agent-1", Sha256("key")));
  EXPECT_EQ(first.who, "agent-1");
  admission_->OnCut("agent-1", ResourceExhausted("too many"));
  ASSERT_OK(admission_->LetIn(other, "agent-2", Sha256("another key")));
  // With new credentials, too.
  EXPECT_OK(admission_->CheckBearer("a new key"));
  EXPECT_EQ(admission_->LetIn(again, "agent-1", Sha256("a new key")),
            ResourceExhausted("a connection with these credentials was cut for what it sent; try again in 10s"));
  EXPECT_EQ(again.who, "");
  clock_.Advance(limits::kFloodPenaltyTime - absl::Milliseconds(1));
  EXPECT_EQ(admission_->CheckBearer("a new key"),
            ResourceExhausted("a connection with these credentials was cut for what it sent; try again in 1s"));
  clock_.Advance(absl::Milliseconds(1));
  EXPECT_OK(admission_->CheckBearer("a new key"));
  EXPECT_OK(admission_->LetIn(later, "agent-1", Sha256("a new key")));
  EXPECT_EQ(later.who, "agent-1");
}

// A mistake now and then is forgiven.
TEST_F(AdmissionTest, WhoOftenBreaksTheProtocolWaits) {
  const auto comes = [this] {
    TrustedAs connection;
    return admission_->LetIn(connection, "agent-1", Sha256("key")).ok();
  };
  for (int64_t i = 1; i < limits::kProtocolErrorsAtOnceMax; ++i) {
    admission_->OnCut("agent-1", Internal("no HTTP/2"));
    EXPECT_TRUE(comes());
  }
  admission_->OnCut("agent-1", Internal("no HTTP/2"));
  EXPECT_FALSE(comes());
  clock_.Advance(limits::kProtocolErrorTime);
  EXPECT_TRUE(comes());
  admission_->OnCut("agent-1", Internal("no HTTP/2"));
  EXPECT_FALSE(comes());
  clock_.Advance(limits::kProtocolErrorsAtOnceMax * limits::kProtocolErrorTime);
  EXPECT_TRUE(comes());
}

TEST_F(AdmissionTest, ItsEndWaitsForQuestionsThatRunAndBeginsNone) {
  BlockIssuer();
  absl::Notification started;
  StreamScript running, waiting, of_issuer;
  int asked = 0;
  Ask(running, [this, &started] {
    started.Notify();
    go_on_.WaitForNotification();
    return 1;
  });
  started.WaitForNotification();
  Ask(waiting, [&asked] { return ++asked; });
  AskIssuer(of_issuer, [&asked] { return ++asked; });
  std::thread release([this] { go_on_.Notify(); });
  admission_.reset();
  release.join();
  EXPECT_EQ(asked, 0);
}

}  // namespace
}  // namespace hoop
