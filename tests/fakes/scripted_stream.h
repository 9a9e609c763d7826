// A packet stream whose other end is the test: what was sent lies in `sent`, what arrives is delivered by hand.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "wire/packet_stream.h"

namespace hoop {

// What outlives the stream, so that a test can look after its owner destroyed it.
struct StreamScript {
  std::vector<Packet> sent;
  std::optional<absl::Status> finished;
  bool reading = true;
  bool destroyed = false;
  size_t queued_bytes = 0;
  PacketStream::Receiver* receiver = nullptr;
  std::deque<Packet> waiting;

  void Deliver(Packet packet) {
    if (destroyed) return;
    if (receiver == nullptr || !reading) {
      waiting.push_back(std::move(packet));
    } else {
      receiver->OnPacket(std::move(packet));
    }
  }
  void End(const absl::Status& status) {
    if (!destroyed && receiver != nullptr) receiver->OnEnd(status);
  }
  void PeerDone() {
    if (!destroyed && receiver != nullptr) receiver->OnPeerDone();
  }
  void Drain() {
    queued_bytes = 0;
    if (!destroyed && receiver != nullptr) receiver->OnDrained();
  }
  std::vector<std::string> SentTypes() const {
    std::vector<std::string> types;
    for (const Packet& packet : sent) types.emplace_back(packet.type());
    return types;
  }
};

class ScriptedStream final : public PacketStream {
 public:
  explicit ScriptedStream(StreamScript& script, Metadata metadata = {})
      : script_(script), metadata_(std::move(metadata)) {}
  ~ScriptedStream() override { script_.destroyed = true; }

  const Metadata& metadata() const override { return metadata_; }
  void SetReceiver(Receiver* receiver) override {
    script_.receiver = receiver;
    Pump();
  }
  void Send(Packet packet) override {
    if (!script_.finished) script_.sent.push_back(std::move(packet));
  }
  size_t queued_bytes() const override { return script_.queued_bytes; }
  void SetReading(bool reading) override {
    script_.reading = reading;
    Pump();
  }
  void Finish(const absl::Status& status) override {
    if (!script_.finished) script_.finished = status;
  }

 private:
  void Pump() {
    while (script_.reading && script_.receiver != nullptr && !script_.waiting.empty()) {
      Packet packet = std::move(script_.waiting.front());
      script_.waiting.pop_front();
      script_.receiver->OnPacket(std::move(packet));
    }
  }

  StreamScript& script_;
  const Metadata metadata_;
};

}  // namespace hoop
