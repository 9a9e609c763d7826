// A gateway in memory for tests of the client: what a client dials, and the far ends of the streams that it opens.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "transport/gateway_dialer.h"
#include "transport/memory_stream.h"
#include "wire/capabilities.h"
#include "wire/packet_types.h"
#include "wire/spec_keys.h"

namespace hoop {

inline constexpr char kTestSession[] = "11111111-2222-4333-8444-555555555555";

// The gateway's end of one stream: keeps what came.
class FarStream final : public PacketStream::Receiver {
 public:
  explicit FarStream(std::unique_ptr<PacketStream> stream) : stream_(std::move(stream)) { stream_->SetReceiver(this); }

  void OnPacket(Packet packet) override {
    packets.push_back(std::move(packet));
    if (on_packet) on_packet(packets.back());
  }
  void OnPeerDone() override { peer_done = true; }
  void OnEnd(const absl::Status&) override { ended = true; }

  void Send(Packet packet) { stream_->Send(std::move(packet)); }
  void Finish(const absl::Status& status) { stream_->Finish(status); }
  void SetReading(bool reading) { stream_->SetReading(reading); }
  size_t queued_bytes() const { return stream_->queued_bytes(); }
  const Metadata& metadata() const { return stream_->metadata(); }

  // How many packets of a type came; their payloads as one text.
  size_t Count(std::string_view type) const {
    size_t count = 0;
    for (const Packet& packet : packets) count += packet.type() == type ? 1 : 0;
    return count;
  }
  std::string Payloads(std::string_view type) const {
    std::string text;
    for (const Packet& packet : packets) {
      if (packet.type() == type) text += packet.payload();
    }
    return text;
  }
  const Packet* Last(std::string_view type) const {
    for (auto packet = packets.rbegin(); packet != packets.rend(); ++packet) {
      if (packet->type() == type) return &*packet;
    }
    return nullptr;
  }

  std::vector<Packet> packets;
  bool peer_done = false;
  bool ended = false;
  std::function<void(const Packet&)> on_packet;

 private:
  std::unique_ptr<PacketStream> stream_;
};

class FakeGateway final : public GatewayDialer {
 public:
  explicit FakeGateway(Loop& loop) : loop_(loop) {}

  std::unique_ptr<Dialing> DialGateway(Done done) override {
    ++dials;
    auto dialing = std::make_unique<PendingDial>();
    dialing->timer = loop_.After(absl::ZeroDuration(), [this, done = std::move(done)]() mutable {
      if (!dial_status.ok()) return done(dial_status);
      done(std::make_unique<Channel>(*this));
    });
    return dialing;
  }

  // The streams of all channels, in the order they were opened; the newest control stream.
  FarStream& stream(size_t index) { return *streams.at(index); }
  FarStream& control() { return *streams.at(last_control); }
  FarStream* DataStream(std::string_view connection_id) {
    for (auto& stream : streams) {
      if (stream->metadata().Get(header::kConnection) == connection_id) return stream.get();
    }
    return nullptr;
  }

  void SendOpenOk(std::string_view type, std::string_view caps) {
    Packet packet(packet::kClientSessionOpenOk,
                  {{spec::kSessionId, kTestSession}, {spec::kConnectionType, type}, {spec::kClientCommand, "bash"}});
    if (!caps.empty()) packet.AppendSpec(spec::kCapabilities, caps);
    control().Send(std::move(packet));
  }
  void SendClose(std::string_view text, std::string_view exit_code, bool retry = false) {
    Packet packet(packet::kClientSessionClose, {{spec::kSessionId, kTestSession}}, text);
    if (!exit_code.empty()) packet.AppendSpec(spec::kExitCode, exit_code);
    if (retry) packet.AppendSpec(spec::kRetry, "1");
    control().Send(std::move(packet));
  }

  absl::Status dial_status;
  int dials = 0;
  int open_channels = 0;
  absl::Duration ping_interval;
  std::vector<std::unique_ptr<FarStream>> streams;
  size_t last_control = 0;
  std::function<void(FarStream&)> on_stream;

 private:
  struct PendingDial final : Dialing {
    std::unique_ptr<Timer> timer;
  };
  class Channel final : public GatewayChannel {
   public:
    explicit Channel(FakeGateway& gateway) : gateway_(gateway) { ++gateway_.open_channels; }
    ~Channel() override { --gateway_.open_channels; }
    std::unique_ptr<PacketStream> OpenStream(Metadata metadata) override {
      MemoryStreamPair pair = MakeMemoryStreamPair(gateway_.loop_, metadata);
      gateway_.streams.push_back(std::make_unique<FarStream>(std::move(pair.listening)));
      if (metadata.Get(header::kConnection).empty()) gateway_.last_control = gateway_.streams.size() - 1;
      if (gateway_.on_stream) gateway_.on_stream(*gateway_.streams.back());
      return std::move(pair.dialling);
    }
    void CallUnary(std::string_view, Metadata, std::string, OnUnaryDone done, absl::Duration) override {
      done(Unimplemented("no unary calls here"));
    }
    void SetPingInterval(absl::Duration interval) override { gateway_.ping_interval = interval; }
    bool accepts_streams() const override { return true; }

   private:
    FakeGateway& gateway_;
  };

  Loop& loop_;
};

// What a run told its user.
class KeptEvents final : public ClientEvents {
 public:
  void OnEvent(const ClientEvent& event) override { events.push_back(event); }
  const ClientEvent* Last(ClientEvent::Kind kind) const {
    for (auto event = events.rbegin(); event != events.rend(); ++event) {
      if (event->kind == kind) return &*event;
    }
    return nullptr;
  }
  size_t Count(ClientEvent::Kind kind) const {
    size_t count = 0;
    for (const ClientEvent& event : events) count += event.kind == kind ? 1 : 0;
    return count;
  }
  std::vector<ClientEvent> events;
};

}  // namespace hoop
