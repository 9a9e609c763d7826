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
  loop_.Post([kept = *found, task = std::move(task)]() mutable { task(); });
  calls_.erase(found);
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
