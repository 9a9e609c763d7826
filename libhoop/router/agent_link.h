// One connected agent: its control stream, the sessions that run over it, the data streams it was asked to open.
// Made by gateway/agent_entry when an agent was accepted; found by sessions through AgentRouter.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/loop.h"
#include "base/recent_ids.h"
#include "hoop/router.h"
#include "router/packets_for_nobody.h"
#include "wire/capabilities.h"
#include "wire/packet_stream.h"

namespace hoop {

// An accepted agent. A value.
struct AgentInfo {
  ConnectedAgent agent;
  // Under which ids sessions find it: the agent's own, or one for each connection that it brings along.
  std::vector<std::string> routes;
  std::string bearer_hash;  // its data streams must show the same bearer
  Capabilities capabilities;
};

// Owned by AgentRouter; ends with the control stream, which ends every session on it. Loop thread only.
class AgentLink final : public PacketStream::Receiver {
 public:
  // The side of a session that faces the agent. Detached before it is destroyed.
  class SessionSide {
   public:
    virtual ~SessionSide() = default;
    // A packet of this session on the control stream.
    virtual void OnAgentPacket(Packet packet) = 0;
    // The agent is gone: nothing comes any more. The side is detached already.
    virtual void OnAgentGone(const absl::Status& status) = 0;
    // The control stream can take more again.
    virtual void OnAgentDrained() = 0;
  };
  using StreamReady = absl::AnyInvocable<void(absl::StatusOr<std::unique_ptr<PacketStream>>)>;

  // `ended` is called once, last; it may destroy the link.
  AgentLink(Loop& loop, AgentInfo info, std::unique_ptr<PacketStream> control,
            absl::AnyInvocable<void(const absl::Status&)> ended);
  ~AgentLink() override;

  const AgentInfo& info() const { return info_; }

  // Says AgentGatewayConnectOK and begins to receive.
  void Start();

  void Attach(std::string_view session_id, SessionSide& side);
  void Detach(std::string_view session_id);
  size_t session_count() const { return sessions_.size(); }

  // Sends on the control stream.
  void Send(Packet packet) { control_->Send(std::move(packet)); }
  size_t queued_bytes() const { return control_->queued_bytes(); }

  // With an agent that shares one stream among its sessions: while somebody holds, nothing is read from it.
  // Calls pair up.
  void HoldReading();
  void ReleaseReading();

  // A one-time token with which the agent opens the data stream of one connection id; `ready` is called once: with
  // the stream, or DeadlineExceeded after limits::kAgentStreamOpenTime, or when the agent is gone.
  std::string ExpectStream(StreamReady ready);
  void ForgetStream(std::string_view token);
  bool Expects(std::string_view token) const { return expected_.find(token) != expected_.end(); }
  // The agent opened a stream with `token`. PermissionDenied: foreign, used or late.
  absl::Status OfferStream(std::string_view token, std::unique_ptr<PacketStream>& stream);

  // Ends the link from our side with `status` as the reason. `ended` is called.
  void End(const absl::Status& status);

  // Asks for a sign of life; an answer counts as heard.
  void Probe();
  // When the agent was last heard of: tells a silent agent from a living one.
  absl::Duration last_heard() const { return last_heard_; }

 private:
  struct Expected {
    StreamReady ready;
    std::unique_ptr<Timer> timeout;
  };

  void OnPacket(Packet packet) override;
  void OnEnd(const absl::Status& status) override;
  void OnDrained() override;
  void Finish(const absl::Status& status);
  // A packet reached no session.
  void CountForNobody();

  Loop& loop_;
  const AgentInfo info_;
  std::unique_ptr<PacketStream> control_;
  absl::AnyInvocable<void(const absl::Status&)> ended_;
  std::map<std::string, SessionSide*, std::less<>> sessions_;
  RecentIds ended_sessions_;  // what comes late for them harms nobody
  std::map<std::string, Expected, std::less<>> expected_;
  PacketsForNobody for_nobody_;
  int holds_ = 0;
  bool over_ = false;
  absl::Duration last_heard_;
};

}  // namespace hoop
