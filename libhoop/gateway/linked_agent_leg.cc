#include "gateway/linked_agent_leg.h"

#include <utility>

namespace hoop {

LinkedAgentLeg::LinkedAgentLeg(AgentLink& link, std::string session_id)
    : link_(&link), session_id_(std::move(session_id)) {
  link_->Attach(session_id_, *this);
}

LinkedAgentLeg::~LinkedAgentLeg() {
  if (link_ == nullptr) return;
  for (const std::string& token : expected_) link_->ForgetStream(token);
  while (holds_ > 0) ReleaseReading();
  link_->Detach(session_id_);
}

void LinkedAgentLeg::Start(Receiver& receiver) { receiver_ = &receiver; }

void LinkedAgentLeg::Send(Packet packet) {
  if (link_ != nullptr) link_->Send(std::move(packet));
}

void LinkedAgentLeg::HoldReading() {
  if (link_ == nullptr) return;
  ++holds_;
  link_->HoldReading();
}

void LinkedAgentLeg::ReleaseReading() {
  if (link_ == nullptr || holds_ == 0) return;
  --holds_;
  link_->ReleaseReading();
}

std::string LinkedAgentLeg::ExpectStream(StreamReady ready) {
  if (link_ == nullptr) return {};
  std::string token = link_->ExpectStream(std::move(ready));
  expected_.insert(token);
  return token;
}

void LinkedAgentLeg::ForgetStream(std::string_view token) {
  if (link_ != nullptr) link_->ForgetStream(token);
  if (auto found = expected_.find(token); found != expected_.end()) expected_.erase(found);
}

void LinkedAgentLeg::OnAgentGone(const absl::Status& status) {
  link_ = nullptr;
  if (receiver_ != nullptr) receiver_->OnAgentGone(status);
}

}  // namespace hoop
