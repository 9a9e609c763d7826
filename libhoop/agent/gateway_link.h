// One connected life of the agent: its control stream to the gateway and the sessions that run over it.
// Made by DialLoop for each connection; makes a SessionWorker for each AgentSessionOpen.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "agent/agent_context.h"
#include "agent/session_worker.h"
#include "agent/trunk.h"
#include "base/recent_ids.h"
#include "wire/capabilities.h"
#include "wire/packet_stream.h"

namespace hoop {

// Owned by DialLoop; loop thread only. Ends with its control stream, which ends every session: `on_end` is called
// once, with the final status, and may destroy the link.
class GatewayLink final : public Trunk, public PacketStream::Receiver {
 public:
  class Owner {
   public:
    virtual ~Owner() = default;
    // Another stream on the same connection, opened with `headers` besides the agent's own.
    virtual std::unique_ptr<PacketStream> OpenStream(const Metadata& headers) = 0;
    // The gateway accepted this agent and granted `capabilities`.
    virtual void OnConnected(Capabilities capabilities) = 0;
    virtual void OnLinkEnd(const absl::Status& status) = 0;
  };

  // `control` is open already. Begins with a keepalive packet.
  GatewayLink(AgentContext& context, std::unique_ptr<PacketStream> control, Owner& owner);
  ~GatewayLink() override;

  // Says goodbye to every session, then half-closes.
  void CloseSessions(std::string_view reason);

  size_t session_count() const { return sessions_.size(); }

 private:
  class LingeringStream;

  void Send(Packet packet) override { control_->Send(std::move(packet)); }
  size_t queued_bytes() const override { return control_->queued_bytes(); }
  void HoldReading() override;
  void ReleaseReading() override;
  void Linger(std::unique_ptr<PacketStream> stream) override;

  void OnPacket(Packet packet) override;
  void OnPeerDone() override { control_->Finish(absl::OkStatus()); }
  void OnEnd(const absl::Status& status) override;
  void OnDrained() override;

  void OnConnectOk(const Packet& packet);
  void OnSessionOpen(const Packet& packet);
  void OnStreamOpen(const Packet& packet);
  void OnSessionPacket(Packet packet);
  void OnSessionEnd(const std::string& session_id);
  void RefuseSession(std::string_view session_id, std::string_view text);
  void KeepAlive();

  AgentContext& context_;
  Owner& owner_;
  std::unique_ptr<PacketStream> control_;
  Capabilities granted_;
  bool accepted_ = false;
  bool over_ = false;
  int holds_ = 0;
  std::unique_ptr<Timer> keep_alive_;
  std::set<std::unique_ptr<LingeringStream>> lingering_;
  std::map<std::string, std::unique_ptr<SessionWorker>, std::less<>> sessions_;
  RecentIds finished_;
};

}  // namespace hoop
