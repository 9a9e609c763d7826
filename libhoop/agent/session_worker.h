// One session at the agent: opens it, routes its packets to targets by connection id, closes it exactly once.
// Made by GatewayLink for each AgentSessionOpen; makes a Connector and its Targets (connectors/).
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "agent/agent_context.h"
#include "agent/connectors/connector.h"
#include "agent/line.h"
#include "agent/trunk.h"
#include "base/recent_ids.h"
#include "net/dial.h"
#include "wire/capabilities.h"
#include "wire/packet_stream.h"

namespace hoop {

// Owned by GatewayLink; loop thread only. Ends when it has said ClientSessionClose, when the gateway closed the
// session, or when its stream is gone: then `ended` is called, once, and everything of it is freed at the turn's end.
class SessionWorker final : public Line::User {
 public:
  // `stream` is the session's own, or null: then it shares the trunk.
  SessionWorker(AgentContext& context, Trunk& trunk, Capabilities granted, std::string id,
                std::unique_ptr<PacketStream> stream, absl::AnyInvocable<void()> ended);
  ~SessionWorker() override;

  // AgentSessionOpen, once. A second one is answered by the same open-ok.
  void Open(const Packet& open);
  // A packet of this session on the trunk.
  void OnTrunkPacket(Packet packet);
  void OnTrunkDrained();
  // The gateway opened a stream for one connection id.
  void OnConnectionStream(std::string_view connection_id, std::unique_ptr<PacketStream> stream);
  // Says ClientSessionClose (unless it was said) and ends.
  void Close(int exit_code, std::string_view text);
  // The agent stops: says what a lost agent is for the user, not that the session failed, and ends.
  void Interrupt(std::string_view text);

 private:
  class Place;  // one connection id
  enum class State { kOpening, kOpen, kEnded };

  absl::Status Prepare(const Packet& open);
  void DialOnce(const Address& address);
  void SayOpen();
  void SayClose(int exit_code, std::string_view text, std::initializer_list<Packet::SpecEntry> spec);
  void Finish();

  void OnLinePacket(Packet packet) override;
  void OnLineDrained() override;
  void OnLineEnd(const absl::Status& status) override;

  void OnPacket(Packet packet);
  void OnInput(Packet packet);
  void OnConnectionPacket(Packet packet);
  void CloseConnection(std::string_view connection_id);
  Place* NewPlace(std::string_view connection_id, std::unique_ptr<PacketStream> stream);
  void RemovePlace(const std::string& connection_id);

  AgentContext& context_;
  Trunk& trunk_;
  const Capabilities granted_;
  const std::string id_;
  absl::AnyInvocable<void()> ended_;
  State state_ = State::kOpening;
  std::string connection_type_;
  std::string request_port_;
  std::string command_text_;
  std::unique_ptr<Line> line_;
  std::unique_ptr<Connector> connector_;
  std::unique_ptr<Dialing> liveness_;
  std::unique_ptr<Target> target_;  // of a session without connection ids
  std::map<std::string, std::unique_ptr<Place>, std::less<>> places_;
  RecentIds finished_;
};

}  // namespace hoop
