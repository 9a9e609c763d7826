#include "transport/grpc/pending_calls.h"

#include <utility>
#include <vector>

namespace hoop {

void PendingCalls::Add(std::shared_ptr<PendingCall> call) {
  absl::MutexLock lock(&mu_);
  calls_.insert(std::move(call));
}

void PendingCalls::TellEnd(PendingCall& call, absl::AnyInvocable<void()> task) {
  absl::MutexLock lock(&mu_);
  auto found = calls_.begin();
  while (found->get() != &call) ++found;
  // Moved, not copied: the loop may be done with the task before this thread leaves here.
  loop_.Post([kept = std::move(calls_.extract(found).value()), task = std::move(task)]() mutable { task(); });
}

void PendingCalls::AbandonAll() {
  std::vector<std::shared_ptr<PendingCall>> calls;
  {
    absl::MutexLock lock(&mu_);
    calls.assign(calls_.begin(), calls_.end());
  }
  for (const auto& call : calls) call->Abandon();
  absl::MutexLock lock(&mu_);
  const auto none = [this]() ABSL_SHARED_LOCKS_REQUIRED(mu_) { return calls_.empty(); };
  mu_.Await(absl::Condition(&none));
}

}  // namespace hoop
