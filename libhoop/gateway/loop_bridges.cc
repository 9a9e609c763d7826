#include "gateway/loop_bridges.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/synchronization/mutex.h"
#include "base/limits/workers.h"
#include "base/status.h"

namespace hoop {
namespace {

// Shared: the asking thread may have given up when the loop answers.
struct Question {
  absl::Mutex mu;
  bool answered ABSL_GUARDED_BY(mu) = false;
  absl::Status answer ABSL_GUARDED_BY(mu);
};

absl::Status AskLoop(Loop& loop, absl::AnyInvocable<absl::Status()> question) {
  auto shared = std::make_shared<Question>();
  loop.Post([shared, question = std::move(question)]() mutable {
    absl::Status answer = question();
    absl::MutexLock lock(&shared->mu);
    shared->answer = std::move(answer);
    shared->answered = true;
  });
  absl::MutexLock lock(&shared->mu);
  if (!shared->mu.AwaitWithTimeout(absl::Condition(&shared->answered), limits::kLoopAnswerTime)) {
    return DeadlineExceeded("the gateway did not answer within {}", absl::FormatDuration(limits::kLoopAnswerTime));
  }
  return shared->answer;
}

}  // namespace

absl::Status LoopSessionControl::Kill(std::string_view session_id, std::string_view by) {
  return AskLoop(loop_, [this, id = std::string(session_id), by = std::string(by)] {
    return sessions_.Find(id) != nullptr ? sessions_.Kill(id, by) : runs_.Kill(id, by);
  });
}

void LoopSessionControl::EndOfUser(std::string_view user_id, std::string_view reason) {
  loop_.Post([this, user_id = std::string(user_id), reason = std::string(reason)] {
    sessions_.EndWhere([&user_id](const SessionHead& head) { return head.user_id == user_id; }, reason);
  });
}

void LoopSessionControl::EndOnConnection(std::string_view org_id, std::string_view connection,
                                         std::string_view reason) {
  loop_.Post([this, org_id = std::string(org_id), connection = std::string(connection), reason = std::string(reason)] {
    const auto concerned = [&](const SessionHead& head) {
      return head.org_id == org_id && head.connection == connection;
    };
    sessions_.EndWhere(concerned, reason);
  });
}

void RouterPresence::Disconnect(std::string_view agent_id) {
  loop_.Post([this, id = std::string(agent_id)] { router_.EndAgent(id, Unauthenticated("agent was deleted")); });
}

}  // namespace hoop
