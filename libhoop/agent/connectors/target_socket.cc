#include "agent/connectors/target_socket.h"

#include <array>
#include <utility>

#include "base/limits/session.h"
#include "base/limits/wire.h"

namespace hoop {
namespace {

constexpr size_t kPiecesPerWrite = 64;  // of one system call

}  // namespace

TargetSocket::TargetSocket(EventLoop& loop, std::unique_ptr<ByteStream> stream, Line& line, Events& events)
    : loop_(loop), stream_(std::move(stream)), line_(line), events_(events) {
  stream_->SetEvents(this);
  stream_->WantRead();
}

TargetSocket::~TargetSocket() {
  *alive_ = false;
  stream_->SetEvents(nullptr);
}

void TargetSocket::Write(Packet packet) {
  if (packet.payload().empty()) return;
  Push({.packet = std::move(packet)});
}

void TargetSocket::Write(std::string bytes) {
  if (bytes.empty()) return;
  Push({.text = std::move(bytes)});
}

void TargetSocket::Push(Piece piece) {
  if (finishing_ || broken_ || !write_error_.ok()) return;
  unsent_bytes_ += piece.left().size();
  unsent_.push_back(std::move(piece));
  if (unsent_bytes_ > limits::kSendQueueHighBytes && !std::exchange(holds_line_, true)) line_.SetReading(false);
  FlushLater();
}

void TargetSocket::FinishWriting() {
  if (std::exchange(finishing_, true)) return;
  FlushLater();
}

void TargetSocket::CloseWhenWritten(absl::AnyInvocable<void()> closed) {
  closed_ = std::move(closed);
  read_ended_ = true;
  stream_->StopRead();
  close_timer_ = loop_.After(limits::kCloseGraceTime, [this] {
    if (closed_) std::exchange(closed_, nullptr)();
  });
  FinishWriting();
  FlushLater();
}

void TargetSocket::StartLine() {
  if (!holds_line_) line_.SetReading(true);
}

void TargetSocket::OnLineDrained() {
  reading_ = true;
  if (!read_ended_ && !broken_) stream_->WantRead();
}

void TargetSocket::OnReadable() {
  if (read_ended_ || broken_) return;
  char bytes[limits::kChunkBytesMax];
  const IoResult result = stream_->Read(bytes, sizeof(bytes));
  switch (result.kind) {
    case IoResult::Kind::kWouldBlock:
      break;
    case IoResult::Kind::kError:
      return Break(result.status);
    case IoResult::Kind::kEnd:
      if (!write_error_.ok()) return Break(write_error_);
      read_ended_ = true;
      return events_.OnTargetEnd();
    case IoResult::Kind::kBytes:
      events_.OnTargetBytes({bytes, result.bytes});
      reading_ = line_.queued_bytes() <= limits::kSendQueueHighBytes;
      break;
  }
  if (reading_ && !read_ended_ && !broken_) stream_->WantRead();
}

void TargetSocket::FlushLater() {
  if (wants_write_ || std::exchange(flush_is_due_, true)) return;
  loop_.AtTurnEnd(TurnPhase::kSend, [this, alive = alive_] {
    if (*alive) Flush();
  });
}

void TargetSocket::Flush() {
  flush_is_due_ = wants_write_ = false;
  while (!unsent_.empty() && !broken_) {
    std::array<iovec, kPiecesPerWrite> pieces;
    int count = 0;
    for (const Piece& piece : unsent_) {
      pieces[count++] = {const_cast<char*>(piece.left().data()), piece.left().size()};
      if (count == static_cast<int>(pieces.size())) break;
    }
    const IoResult result = stream_->Write(pieces.data(), count);
    if (result.kind == IoResult::Kind::kError || result.kind == IoResult::Kind::kEnd) return WriteBroke(result.status);
    if (result.kind == IoResult::Kind::kWouldBlock) {
      wants_write_ = true;
      stream_->WantWrite();
      break;
    }
    Written(result.bytes);
  }
  AfterFlush();
}

void TargetSocket::Written(size_t bytes) {
  line_.NoteProgress();
  unsent_bytes_ -= bytes;
  while (bytes > 0) {
    Piece& piece = unsent_.front();
    const size_t taken = std::min(bytes, piece.left().size());
    piece.written += taken;
    bytes -= taken;
    if (piece.left().empty()) unsent_.pop_front();
  }
}

void TargetSocket::AfterFlush() {
  if (unsent_.empty() && finishing_) {
    if (!std::exchange(finished_, true)) stream_->ShutdownWrite();
    if (closed_) std::exchange(closed_, nullptr)();
    return;
  }
  if (holds_line_ && unsent_bytes_ < limits::kSendQueueLowBytes) {
    holds_line_ = false;
    line_.SetReading(true);
  }
}

// A target that leaves in the middle of our words has often said why: an error of a server, an alert of TLS.
void TargetSocket::WriteBroke(const absl::Status& why) {
  if (closed_ || read_ended_) return Break(why);
  write_error_ = why;
  unsent_.clear();
  unsent_bytes_ = 0;
  close_timer_ = loop_.After(limits::kCloseGraceTime, [this] { Break(write_error_); });
}

void TargetSocket::Break(const absl::Status& why) {
  if (std::exchange(broken_, true)) return;
  unsent_.clear();
  unsent_bytes_ = 0;
  if (closed_) return std::exchange(closed_, nullptr)();
  events_.OnTargetBroken(why);
}

}  // namespace hoop
