#include "agent/line.h"

#include <utility>

#include "base/limits/session.h"
#include "base/status.h"
#include "wire/spec_keys.h"

namespace hoop {

Line::Line(Loop& loop, Trunk& trunk, std::string session_id, std::string connection_id,
           std::unique_ptr<PacketStream> stream)
    : loop_(loop),
      trunk_(trunk),
      session_id_(std::move(session_id)),
      connection_id_(std::move(connection_id)),
      stream_(std::move(stream)) {}

Line::Line(Loop& loop, Trunk& trunk, std::string session_id, std::string connection_id)
    : Line(loop, trunk, std::move(session_id), std::move(connection_id), nullptr) {}

Line::~Line() {
  *alive_ = false;
  Release();
}

void Line::SetUser(User& user) {
  user_ = &user;
  if (stream_ != nullptr) stream_->SetReceiver(this);
}

void Line::Send(std::string_view type, std::string_view payload, std::initializer_list<Packet::SpecEntry> spec) {
  Packet packet(type, {{spec::kSessionId, session_id_}}, payload);
  if (!connection_id_.empty()) packet.AppendSpec(spec::kConnectionId, connection_id_);
  for (const Packet::SpecEntry& entry : spec) packet.AppendSpec(entry.key, entry.value);
  if (stream_ != nullptr) {
    stream_->Send(std::move(packet));
  } else {
    trunk_.Send(std::move(packet));
  }
}

void Line::SetReading(bool reading) {
  if (stream_ != nullptr) return stream_->SetReading(reading);
  reading_ = reading;
  if (reading_ && !delivering_) DeliverWaiting();
}

void Line::Finish() {
  if (stream_ != nullptr) trunk_.Linger(std::move(stream_));
}

void Line::Deliver(Packet packet) {
  if (reading_ && waiting_.empty()) return user_->OnLinePacket(std::move(packet));
  waiting_bytes_ += packet.size();
  waiting_.push_back(std::move(packet));
  if (waiting_bytes_ > limits::kSharedStreamQueueHighBytes) Hold();
}

void Line::DeliverWaiting() {
  delivering_ = true;
  const std::shared_ptr<bool> alive = alive_;
  while (reading_ && !waiting_.empty()) {
    Packet packet = std::move(waiting_.front());
    waiting_.pop_front();
    waiting_bytes_ -= packet.size();
    NoteProgress();
    user_->OnLinePacket(std::move(packet));
    if (!*alive) return;
  }
  delivering_ = false;
  if (waiting_bytes_ < limits::kSharedStreamQueueLowBytes) Release();
}

void Line::Hold() {
  if (std::exchange(holding_, true)) return;
  trunk_.HoldReading();
  progress_seen_ = progress_;
  WatchStall();
}

void Line::Release() {
  stall_.reset();
  if (std::exchange(holding_, false)) trunk_.ReleaseReading();
}

void Line::WatchStall() {
  stall_ = loop_.After(limits::kSharedStreamStallTime, [this] {
    if (std::exchange(progress_seen_, progress_) != progress_) return WatchStall();
    user_->OnLineEnd(ResourceExhausted("connection {}: moved no byte for {} on a shared stream", connection_id_,
                                       absl::FormatDuration(limits::kSharedStreamStallTime)));
  });
}

}  // namespace hoop
