#include "gateway/admission.h"

#include <gtest/gtest.h>

#include "absl/synchronization/notification.h"
#include "tests/fakes/manual_clock.h"
#include "tests/fakes/scripted_stream.h"
#include "tests/fakes/waiting_loop.h"

namespace hoop {
namespace {

class AdmissionTest : public ::testing::Test {
 protected:
  void Ask(StreamScript& script, absl::AnyInvocable<absl::StatusOr<int>()> question) {
    admission_.Ask<int>({std::make_unique<ScriptedStream>(script)}, std::move(question),
                        [this](Admission::Candidate back, absl::StatusOr<int> answer) {
                          answers_.push_back(*answer);
                          back.Refuse(absl::OkStatus());
                        });
  }

  ManualClock clock_;
  WaitingLoop loop_{clock_};
  Admission admission_{loop_};
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
  absl::Notification go_on;
  bool asked = false;
  Ask(first, [&go_on] {
    go_on.WaitForNotification();
    return 1;
  });
  Ask(leaving, [&asked] {
    asked = true;
    return 2;
  });
  Ask(last, [] { return 3; });
  leaving.End(absl::CancelledError("left"));
  go_on.Notify();
  ASSERT_TRUE(loop_.TurnUntil([this] { return answers_.size() == 2; }));
  EXPECT_EQ(answers_, (std::vector<int>{1, 3}));
  EXPECT_FALSE(asked);
}

}  // namespace
}  // namespace hoop
