#include "session/shared_replies.h"

#include "base/limits/session.h"
#include "session/session.h"

namespace hoop {

size_t SharedReplies::bytes() const {
  const PacketStream* control = session_.client_control();
  return counted_bytes_ + (control == nullptr ? 0 : control->queued_bytes());
}

void SharedReplies::Update() {
  if (ended_) return;
  if (holding_) {
    if (bytes() <= limits::kSharedStreamQueueLowBytes) Release();
    return;
  }
  if (bytes() <= limits::kSharedStreamQueueHighBytes) return;
  session_.CountSharedReplies();  // some may have left since they were counted
  if (bytes() > limits::kSharedStreamQueueHighBytes) Hold();
}

void SharedReplies::End() {
  ended_ = true;
  if (holding_) Release();
}

void SharedReplies::Hold() {
  AgentLeg* leg = session_.agent();
  if (leg == nullptr) return;
  holding_ = true;
  least_bytes_ = bytes();
  progress_at_ = session_.loop_.Monotonic();
  leg->HoldReading();
  Watch();
}

void SharedReplies::Release() {
  holding_ = false;
  if (watch_ != nullptr) session_.loop_.DestroyLater(std::move(watch_));  // it may be on the stack
  if (AgentLeg* leg = session_.agent(); leg != nullptr) leg->ReleaseReading();
}

void SharedReplies::Watch() {
  watch_ = session_.loop_.After(limits::kSharedStreamCheckTime, [this] {
    session_.loop_.DestroyLater(std::move(watch_));  // it is on the stack
    LookAgain();
  });
}

// Bytes that wait for the disk are not the client's fault.
void SharedReplies::LookAgain() {
  session_.CountSharedReplies();
  Update();
  if (!holding_) return;
  const absl::Duration now = session_.loop_.Monotonic();
  if (bytes() < least_bytes_ || session_.client_queued_bytes() == 0) {
    least_bytes_ = bytes();
    progress_at_ = now;
  }
  if (now - progress_at_ >= limits::kSharedStreamStallTime) return session_.OnStalled();
  Watch();
}

}  // namespace hoop
