// A question of another thread to a loop, with patience. Used by what REST asks of the packet loop.
#pragma once

#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "base/limits/workers.h"
#include "base/loop.h"
#include "base/status.h"

namespace hoop {

// Shared: the asking thread may have given up when the loop answers.
template <typename T>
struct LoopQuestion {
  absl::Mutex mu;
  bool answered ABSL_GUARDED_BY(mu) = false;
  T answer ABSL_GUARDED_BY(mu) = Unknown("not answered");
};

// Runs `question` on the loop and waits for its answer, a Status or a StatusOr; not from the loop itself.
// DeadlineExceeded: it did not come within limits::kLoopAnswerTime, and may still come: what the question refers to
// outlives the loop's turns.
template <typename T>
T AskLoop(Loop& loop, absl::AnyInvocable<T()> question) {
  auto shared = std::make_shared<LoopQuestion<T>>();
  loop.Post([shared, question = std::move(question)]() mutable {
    T answer = question();
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

}  // namespace hoop
