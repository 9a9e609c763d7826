// A session's leg on router's link to a connected agent. Made by gateway/client_entry for each session.
#pragma once

#include <set>
#include <string>

#include "router/agent_link.h"
#include "session/agent_leg.h"

namespace hoop {

// Owned by its Session; loop thread only. Destroying it detaches the session from the link.
class LinkedAgentLeg final : public AgentLeg, private AgentLink::SessionSide {
 public:
  LinkedAgentLeg(AgentLink& link, std::string session_id);
  ~LinkedAgentLeg() override;

  void Start(Receiver& receiver) override;
  void Send(Packet packet) override;
  size_t queued_bytes() const override { return link_ == nullptr ? 0 : link_->queued_bytes(); }
  void HoldReading() override;
  void ReleaseReading() override;
  std::string ExpectStream(StreamReady ready) override;
  void ForgetStream(std::string_view token) override;

 private:
  void OnAgentPacket(Packet packet) override { receiver_->OnAgentPacket(std::move(packet)); }
  void OnAgentGone(const absl::Status& status) override;
  void OnAgentDrained() override { receiver_->OnAgentDrained(); }

  AgentLink* link_;  // null: the agent is gone
  const std::string session_id_;
  Receiver* receiver_ = nullptr;
  int holds_ = 0;
  std::set<std::string, std::less<>> expected_;  // tokens
};

}  // namespace hoop
