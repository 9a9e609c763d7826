// The agent's leg as a session needs it. gateway/ makes one from router's link; tests from a memory stream.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "wire/packet_stream.h"

namespace hoop {

// Owned by Session; loop thread only.
class AgentLeg {
 public:
  class Receiver {
   public:
    virtual ~Receiver() = default;
    virtual void OnAgentPacket(Packet packet) = 0;             // of this session, on the agent's control stream
    virtual void OnAgentGone(const absl::Status& status) = 0;  // last call
    virtual void OnAgentDrained() = 0;
  };
  using StreamReady = absl::AnyInvocable<void(absl::StatusOr<std::unique_ptr<PacketStream>>)>;

  virtual ~AgentLeg() = default;

  // Packets of this session go to `receiver` from now on. Destroying the leg ends that.
  virtual void Start(Receiver& receiver) = 0;

  // On the control stream, which the agent's other sessions share.
  virtual void Send(Packet packet) = 0;
  virtual size_t queued_bytes() const = 0;

  // While held, nothing is read from the control stream (for agents that put all bytes on it). Calls pair up.
  virtual void HoldReading() = 0;
  virtual void ReleaseReading() = 0;

  // A one-time token for a data stream; `ready` is called once. ForgetStream: it is not wanted any more.
  virtual std::string ExpectStream(StreamReady ready) = 0;
  virtual void ForgetStream(std::string_view token) = 0;
};

}  // namespace hoop
