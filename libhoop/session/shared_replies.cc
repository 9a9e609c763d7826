#include "session/shared_replies.h"

#include "base/limits/session.h"

namespace hoop {

size_t SharedReplies::bytes() const {
  const PacketStream* control = owner_.client_control();
  return counted_bytes_ + (control == nullptr ? 0 : control->queued_bytes());
}

void SharedReplies::Update() {
  if (ended_) return;
  if (holding_) {
    if (bytes() <= limits::kSharedStreamQueueLowBytes) Release();
    return;
  }
  if (bytes() <= limits::kSharedStreamQueueHighBytes) return;
  owner_.CountSharedReplies();  // some may have left since they were counted
  if (bytes() > limits::kSharedStreamQueueHighBytes) Hold();
}

void SharedReplies::End() {
  ended_ = true;
  if (holding_) Release();
}

void SharedReplies::Hold() {
  AgentLeg* leg = owner_.agent();
  if (leg == nullptr) return;
  holding_ = true;
  least_bytes_ = bytes();
  progress_at_ = loop_.Monotonic();
  leg->HoldReading();
  Watch();
}

void SharedReplies::Release() {
  holding_ = false;
  if (watch_ != nullptr) loop_.DestroyLater(std::move(watch_));  // it may be on the stack
  if (AgentLeg* leg = owner_.agent(); leg != nullptr) leg->ReleaseReading();
}

void SharedReplies::Watch() {
  watch_ = loop_.After(limits::kSharedStreamCheckTime, [this] {
    loop_.DestroyLater(std::move(watch_));  // it is on the stack
    LookAgain();
  });
}

// Bytes that wait for the disk are not the client's fault.
void SharedReplies::LookAgain() {
  owner_.CountSharedReplies();
  Update();
  if (!holding_) return;
  const absl::Duration now = loop_.Monotonic();
  if (bytes() < least_bytes_ || owner_.client_queued_bytes() == 0) {
    least_bytes_ = bytes();
    progress_at_ = now;
  }
  if (now - progress_at_ >= limits::kSharedStreamStallTime) return owner_.OnStalled();
  Watch();
}

}  // namespace hoop
