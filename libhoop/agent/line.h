// The way between the gateway and one connection id (or one session), whether it has a stream of its own or shares
// the agent's control stream. Made by SessionWorker; spoken to by the connectors, which need not know which it is.
#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "agent/trunk.h"
#include "base/fifo.h"
#include "base/loop.h"
#include "wire/packet_stream.h"

namespace hoop {

// Owned by the session worker; loop thread only. Ends when it is destroyed; after Finish() what was sent still leaves.
class Line final : private PacketStream::Receiver {
 public:
  // Outlives the line. Each call may destroy it.
  class User {
   public:
    virtual ~User() = default;
    virtual void OnLinePacket(Packet packet) = 0;
    // queued_bytes() is low again.
    virtual void OnLineDrained() = 0;
    // The stream ended under it, or its share of the control stream is overfull; nothing follows.
    virtual void OnLineEnd(const absl::Status& status) = 0;
  };

  // On a stream of its own.
  Line(Loop& loop, Trunk& trunk, std::string session_id, std::string connection_id,
       std::unique_ptr<PacketStream> stream);
  // On the trunk: packets come by Deliver, Drained is passed on by the session worker.
  Line(Loop& loop, Trunk& trunk, std::string session_id, std::string connection_id);
  ~Line() override;
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;

  // The second half of construction. Packets that came before wait.
  void SetUser(User& user);

  // A packet with the ids of this line.
  void Send(std::string_view type, std::string_view payload = {}, std::initializer_list<Packet::SpecEntry> spec = {});
  size_t queued_bytes() const { return stream_ != nullptr ? stream_->queued_bytes() : trunk_.queued_bytes(); }

  // false: the gateway is held back. On the trunk packets wait here first; above a bound the trunk is held, and a
  // line that then moves nothing for limits::kSharedStreamStallTime ends.
  void SetReading(bool reading);
  // The user got rid of something: the line is slow, not stuck.
  void NoteProgress() { ++progress_; }

  // Nothing more will be sent.
  void Finish();

  bool is_shared() const { return stream_ == nullptr; }
  const std::string& session_id() const { return session_id_; }
  const std::string& connection_id() const { return connection_id_; }

  // From the trunk.
  void Deliver(Packet packet);
  void Drained() { user_->OnLineDrained(); }

 private:
  void OnPacket(Packet packet) override { user_->OnLinePacket(std::move(packet)); }
  void OnEnd(const absl::Status& status) override { user_->OnLineEnd(status); }
  void OnDrained() override { user_->OnLineDrained(); }

  void DeliverWaiting();
  void Hold();
  void Release();
  void WatchStall();

  Loop& loop_;
  Trunk& trunk_;
  const std::string session_id_;
  const std::string connection_id_;  // empty: the session itself
  std::unique_ptr<PacketStream> stream_;
  User* user_ = nullptr;

  // Of a shared line.
  bool reading_ = true;
  bool delivering_ = false;
  bool holding_ = false;
  Fifo<Packet> waiting_;
  size_t waiting_bytes_ = 0;
  uint64_t progress_ = 0;
  uint64_t progress_seen_ = 0;
  std::unique_ptr<Timer> stall_;
  // Tells a loop over waiting_ that a call-back destroyed the line.
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace hoop
