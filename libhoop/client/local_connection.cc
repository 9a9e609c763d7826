#include "client/local_connection.h"

#include <array>
#include <utility>

#include "base/limits/client.h"
#include "base/limits/session.h"
#include "base/limits/wire.h"
#include "base/status.h"
#include "wire/spec_keys.h"

namespace hoop {
namespace {

constexpr int kPiecesMax = 64;  // of one write

}  // namespace

LocalConnection::LocalConnection(Loop& loop, Owner& owner, Plan plan, std::unique_ptr<ByteStream> socket,
                                 std::unique_ptr<PacketStream> own, SharedReading& shared)
    : loop_(loop), owner_(owner), plan_(std::move(plan)), socket_(std::move(socket)) {
  if (own != nullptr) {
    auto link = std::make_unique<OwnStreamLink>(std::move(own));
    own_ = link.get();
    link_ = std::move(link);
  } else {
    link_ = std::make_unique<SharedStreamLink>(shared);
  }
  if (plan_.protocol.is_postgres) postgres_.emplace(/*whole_messages=*/!plan_.granted.chunks);
}

LocalConnection::~LocalConnection() { socket_->SetEvents(nullptr); }

void LocalConnection::Start() {
  socket_->SetEvents(this);
  if (plan_.protocol.announces_connect) {
    link_->Send(Packet(plan_.protocol.to_agent, {{spec::kSessionId, plan_.session_id},
                                                 {spec::kConnectionId, plan_.connection_id},
                                                 {spec::kTcpServerConnect, ""}}));
  }
  socket_->WantRead();
  if (own_ != nullptr) own_->stream().SetReceiver(this);
}

// ---- The program speaks --------------------------------------------------------------------------------------------

void LocalConnection::OnReadable() {
  if (ended_) return;
  if (lingering_) return Linger();
  std::string& buffer = owner_.read_buffer();
  const size_t size = plan_.granted.chunks ? limits::kChunkBytesMax : limits::kOldReadBytesMax;
  if (buffer.size() < size) buffer.resize(size);
  const IoResult result = socket_->Read(buffer.data(), size);
  switch (result.kind) {
    case IoResult::Kind::kBytes:
      if (peer_closed_ || SendBytes(std::string_view(buffer).substr(0, result.bytes))) ReadOn();
      break;
    case IoResult::Kind::kWouldBlock:
      ReadOn();
      break;
    case IoResult::Kind::kEnd:
      OnLocalFin();
      break;
    case IoResult::Kind::kError:
      End(result.status);
      break;
  }
}

// False: the connection is over.
bool LocalConnection::SendBytes(std::string_view bytes) {
  if (!postgres_) {
    SendRequest(bytes);
    return true;
  }
  const absl::Status status = postgres_->Add(bytes, [this](std::string_view payload) { SendRequest(payload); });
  if (!status.ok()) {
    End(status);
    return false;
  }
  if (postgres_->is_cancel() && cancel_ == nullptr) {
    cancel_ = loop_.After(limits::kCancelAnswerTime, [this] { OnPeerClose(); });
  }
  return true;
}

void LocalConnection::SendRequest(std::string_view payload) {
  link_->Send(Packet(plan_.protocol.to_agent,
                     {{spec::kSessionId, plan_.session_id}, {spec::kConnectionId, plan_.connection_id}}, payload));
}

// Above the mark the socket waits until the link drained.
void LocalConnection::ReadOn() {
  if (!socket_done_ && !ended_ && link_->queued_bytes() <= limits::kSendQueueHighBytes) socket_->WantRead();
}

void LocalConnection::OnLinkDrained() { ReadOn(); }

void LocalConnection::OnLocalFin() {
  socket_done_ = true;
  if (peer_done_ && !unwritten_.empty()) return;  // ends when they are written
  // Peers that know no half close take every end for a close: then nothing is worth waiting for.
  if (!plan_.granted.streams || peer_done_) return End(absl::OkStatus());
  link_->Send(
      Packet(plan_.protocol.to_agent,
             {{spec::kSessionId, plan_.session_id}, {spec::kConnectionId, plan_.connection_id}, {spec::kFin, "1"}}));
}

// ---- The target speaks ---------------------------------------------------------------------------------------------

void LocalConnection::OnPacket(Packet packet) {
  if (ended_ || peer_closed_) return;
  if (packet.type() == packet::kClientConnectionClose) return OnPeerClose();
  if (packet.type() != plan_.protocol.from_agent) return;
  if (plan_.granted.streams && packet.Spec(spec::kFin)) peer_done_ = true;
  if (const size_t bytes = packet.payload().size(); bytes > 0) {
    unwritten_bytes_ += bytes;
    unwritten_.push_back(std::move(packet));
    // Whatever answers a CancelRequest says no more than that it was handled.
    if (postgres_ && postgres_->is_cancel()) return OnPeerClose();
  }
  FlushLater();
  if (link_reading_ && unwritten_bytes_ > link_->bounds().high_bytes) {
    link_reading_ = false;
    link_->SetReading(false);
    WatchStall();
  }
}

void LocalConnection::OnPeerClose() {
  if (ended_ || peer_closed_) return;
  peer_done_ = peer_closed_ = true;
  cancel_.reset();
  FlushLater();
}

void LocalConnection::OnEnd(const absl::Status& status) {
  if (ended_ || peer_closed_) return;  // the close said it already
  socket_->ResetOnClose();
  End(status.ok() ? Aborted("the gateway ended the stream without a close") : status);
}

void LocalConnection::FlushLater() {
  if (flush_planned_) return;
  flush_planned_ = true;
  loop_.AtTurnEnd(TurnPhase::kSend, [this] {
    flush_planned_ = false;
    Flush();
  });
}

void LocalConnection::Flush() {
  if (ended_ || shut_down_) return;
  while (!unwritten_.empty()) {
    IoResult result;
    written_ += WriteOnce(result);
    if (result.kind == IoResult::Kind::kError) return End(result.status);
    if (result.kind == IoResult::Kind::kWouldBlock) {
      socket_->WantWrite();
      break;
    }
  }
  AfterWrite();
}

// Hands as much as one system call takes to the socket and forgets it.
size_t LocalConnection::WriteOnce(IoResult& result) {
  std::array<iovec, kPiecesMax> pieces;
  int count = 0;
  size_t offset = front_offset_;
  for (auto packet = unwritten_.begin(); packet != unwritten_.end() && count < kPiecesMax; ++packet, offset = 0) {
    const std::string_view rest = packet->payload().substr(offset);
    pieces[static_cast<size_t>(count++)] = {const_cast<char*>(rest.data()), rest.size()};
  }
  result = socket_->Write(pieces.data(), count);
  if (result.kind != IoResult::Kind::kBytes) return 0;
  unwritten_bytes_ -= result.bytes;
  size_t taken = front_offset_ + result.bytes;
  while (!unwritten_.empty() && taken >= unwritten_.front().payload().size()) {
    taken -= unwritten_.front().payload().size();
    unwritten_.pop_front();
  }
  front_offset_ = taken;
  return result.bytes;
}

void LocalConnection::AfterWrite() {
  if (!link_reading_ && unwritten_bytes_ <= link_->bounds().low_bytes) {
    link_reading_ = true;
    stall_.reset();
    link_->SetReading(true);
  }
  if (!peer_done_ || !unwritten_.empty() || shut_down_) return;
  shut_down_ = true;
  socket_->ShutdownWrite();
  if (socket_done_) return End(absl::OkStatus());
  if (peer_closed_) BeginLinger();
}

// On a stream that others share, a program that takes nothing may hold them back only so long.
void LocalConnection::WatchStall() {
  const absl::Duration time = link_->bounds().stall_time;
  if (time == absl::InfiniteDuration()) return;
  stall_ = loop_.After(time, [this, before = written_] {
    if (link_reading_ || ended_) return;
    if (written_ != before) return WatchStall();
    socket_->ResetOnClose();
    End(ResourceExhausted("the program reads nothing and holds back the session's other connections"));
  });
}

// ---- The end -------------------------------------------------------------------------------------------------------

// Closing a socket that holds unread bytes resets it, and the program may lose the last words it was sent: so what it
// still says is read and thrown away until it ends too, or for the time of grace.
void LocalConnection::BeginLinger() {
  lingering_ = true;
  linger_ = loop_.After(limits::kCloseGraceTime, [this] { End(absl::OkStatus()); });
  Linger();
}

void LocalConnection::Linger() {
  std::string& buffer = owner_.read_buffer();
  if (buffer.size() < limits::kChunkBytesMax) buffer.resize(limits::kChunkBytesMax);
  const IoResult result = socket_->Read(buffer.data(), buffer.size());
  if (result.kind == IoResult::Kind::kEnd || result.kind == IoResult::Kind::kError) return End(absl::OkStatus());
  socket_->WantRead();
}

void LocalConnection::Abort() {
  if (std::exchange(ended_, true)) return;
  socket_->ResetOnClose();
  link_->Finish();
}

void LocalConnection::End(const absl::Status& status) {
  if (std::exchange(ended_, true)) return;
  stall_.reset();
  cancel_.reset();
  linger_.reset();
  socket_->StopRead();
  // The answer to a close of the target is for peers that keep books of connection ids on one stream.
  if (!peer_closed_ || link_->is_shared()) {
    link_->Send(Packet(packet::kAgentConnectionClose,
                       {{spec::kSessionId, plan_.session_id}, {spec::kConnectionId, plan_.connection_id}}));
  }
  link_->Finish();
  owner_.OnLocalEnd(*this, status);
}

}  // namespace hoop
