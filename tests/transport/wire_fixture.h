// Our server and our channel joined by bytes in memory, turned by hand: every test on it is deterministic.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "tests/fakes/manual_clock.h"
#include "tests/fakes/manual_loop.h"
#include "tests/fakes/memory_bytes.h"
#include "tests/support/status_matchers.h"
#include "transport/grpc_channel.h"
#include "transport/grpc_server.h"

namespace hoop::testing {

// Remembers what a stream told it. `on_packet` is called after it was remembered.
struct Recorder final : PacketStream::Receiver {
  Recorder() = default;
  explicit Recorder(std::unique_ptr<PacketStream> owned) : stream(std::move(owned)) { stream->SetReceiver(this); }

  void OnPacket(Packet packet) override {
    bytes += packet.size();
    packets.push_back(std::move(packet));
    if (on_packet) on_packet();
  }
  void OnPeerDone() override { ++done_count; }
  void OnEnd(const absl::Status& status) override {
    ++end_count;
    end = status;
    if (on_end) on_end();
  }
  void OnDrained() override { ++drained_count; }

  std::string_view payload(size_t index) const { return packets.at(index).payload(); }

  std::unique_ptr<PacketStream> stream;
  std::vector<Packet> packets;
  size_t bytes = 0;
  int done_count = 0, drained_count = 0, end_count = 0;
  std::optional<absl::Status> end;
  std::function<void()> on_packet, on_end;
};

inline Packet Payload(std::string_view payload) { return Packet("T", {}, payload); }

// A server that keeps its streams for the test; by default it trusts its peers at once.
struct ScriptedServer final : GrpcServer::Delegate {
  void OnStream(std::unique_ptr<PacketStream> stream, GrpcConnection& connection) override {
    last_connection = &connection;
    if (trusting) connection.Authenticated("peer");
    if (on_stream) {
      on_stream(std::move(stream), connection);
      return;
    }
    streams.push_back(std::make_unique<Recorder>(std::move(stream)));
  }
  void OnUnary(std::unique_ptr<UnaryCall> call) override {
    unary_metadata = call->metadata();
    if (hold_unary) return waiting.push_back(std::move(call));
    if (call->method() != "HealthCheck") return call->Answer(Unimplemented("no"));
    call->Answer(std::string("re:").append(call->request()));
  }

  void OnCut(const std::string& who, const absl::Status& why) override { cuts.emplace_back(who, why.code()); }

  bool trusting = true;
  std::vector<std::pair<std::string, absl::StatusCode>> cuts;
  std::function<void(std::unique_ptr<PacketStream>, GrpcConnection&)> on_stream;
  std::vector<std::unique_ptr<Recorder>> streams;
  GrpcConnection* last_connection = nullptr;
  Metadata unary_metadata;
  bool hold_unary = false;
  std::vector<std::unique_ptr<UnaryCall>> waiting;
};

class WireTest : public ::testing::Test {
 protected:
  ~WireTest() override {
    channel.reset();
    server_side.streams.clear();
    server.reset();
    loop.TurnUntilIdle();
  }

  // Joins them. Socket buffers of `capacity` bytes.
  void Connect(size_t capacity = 256 * 1024) {
    auto pair = MemoryBytes::Make(loop, capacity);
    server_bytes = pair.a.get();
    channel_bytes = pair.b.get();
    server->Accept(std::move(pair.a));
    channel = GrpcChannel::Create(loop, std::move(pair.b), {.authority = "gw:8010", .user_agent = "test/1"},
                                  [this](const absl::Status& status) { closed = status; });
  }

  // Opens a stream and lets the server accept it.
  std::unique_ptr<Recorder> Open(Metadata metadata = {}) {
    auto recorder = std::make_unique<Recorder>(channel->OpenStream(std::move(metadata)));
    loop.TurnUntilIdle();
    return recorder;
  }
  Recorder& served(size_t index = 0) { return *server_side.streams.at(index); }

  ManualClock clock;
  ManualLoop loop{clock};
  ScriptedServer server_side;
  std::unique_ptr<GrpcServer> server = std::make_unique<GrpcServer>(loop, server_side);
  std::unique_ptr<GrpcChannel> channel;
  MemoryBytes* server_bytes = nullptr;  // valid while the connection lives
  MemoryBytes* channel_bytes = nullptr;
  std::optional<absl::Status> closed;
};

}  // namespace hoop::testing
