// The way of one local connection's packets to the gateway and back: a stream of its own, or, with gateways that do
// not grant `streams`, the session's control stream that all share. Used by LocalConnection.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

#include "absl/time/time.h"
#include "base/limits/session.h"
#include "client/client_session.h"
#include "wire/packet_stream.h"

namespace hoop {

// Owned by a LocalConnection; loop thread.
class ConnectionLink {
 public:
  // When a local program is too slow: above `high_bytes` the link is not read until below `low_bytes`.
  struct Bounds {
    size_t high_bytes;
    size_t low_bytes;
    absl::Duration stall_time;  // a backlog that moved no byte for so long ends its connection
  };

  virtual ~ConnectionLink() = default;
  virtual void Send(Packet packet) = 0;
  virtual size_t queued_bytes() const = 0;
  virtual void SetReading(bool reading) = 0;
  // After what was sent; nothing is received afterwards.
  virtual void Finish() = 0;
  virtual bool is_shared() const = 0;
  virtual Bounds bounds() const = 0;
};

// As above. The receiver of the stream is the connection.
class OwnStreamLink final : public ConnectionLink {
 public:
  explicit OwnStreamLink(std::unique_ptr<PacketStream> stream) : stream_(std::move(stream)) {}

  PacketStream& stream() { return *stream_; }
  void Send(Packet packet) override { stream_->Send(std::move(packet)); }
  size_t queued_bytes() const override { return stream_->queued_bytes(); }
  void SetReading(bool reading) override { stream_->SetReading(reading); }
  void Finish() override {
    stream_->SetReceiver(nullptr);
    stream_->Finish(absl::OkStatus());
  }
  bool is_shared() const override { return false; }
  // Waits as long as it takes: nobody else does.
  Bounds bounds() const override {
    return {limits::kSendQueueHighBytes, limits::kSendQueueLowBytes, absl::InfiniteDuration()};
  }

 private:
  std::unique_ptr<PacketStream> stream_;
};

// Counts who holds back the stream that all local connections of a session share. Owned by ConnectRun, outlives its
// links.
class SharedReading final {
 public:
  explicit SharedReading(ClientSession& session) : session_(session) {}
  ClientSession& session() { return session_; }
  void Hold() {
    if (holds_++ == 0) session_.SetReading(false);
  }
  void Release() {
    if (--holds_ == 0) session_.SetReading(true);
  }

 private:
  ClientSession& session_;
  int holds_ = 0;
};

class SharedStreamLink final : public ConnectionLink {
 public:
  explicit SharedStreamLink(SharedReading& shared) : shared_(shared) {}
  ~SharedStreamLink() override { SetReading(true); }

  void Send(Packet packet) override {
    if (!finished_) shared_.session().Send(std::move(packet));
  }
  size_t queued_bytes() const override { return shared_.session().queued_bytes(); }
  void SetReading(bool reading) override {
    if (reading == reading_) return;
    reading_ = reading;
    reading ? shared_.Release() : shared_.Hold();
  }
  void Finish() override {
    finished_ = true;
    SetReading(true);
  }
  bool is_shared() const override { return true; }
  Bounds bounds() const override {
    return {limits::kSharedStreamQueueHighBytes, limits::kSharedStreamQueueLowBytes, limits::kSharedStreamStallTime};
  }

 private:
  SharedReading& shared_;
  bool reading_ = true;
  bool finished_ = false;
};

}  // namespace hoop
