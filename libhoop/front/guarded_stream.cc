#include "front/guarded_stream.h"

#include <utility>

#include "base/status.h"

namespace hoop {

GuardedStream::GuardedStream(EventLoop& loop, Log log, std::shared_ptr<Strangers> strangers, absl::Duration time,
                             Newcomer newcomer)
    : loop_(loop),
      log_(log),
      counted_(std::move(newcomer.counted)),
      strangers_(std::move(strangers)),
      peer_(std::move(newcomer.peer)),
      inner_(AdoptSocket(loop, newcomer.socket.Release(), peer_)),
      position_(strangers_->Enter(*this)),
      deadline_(loop.After(newcomer.since + time - loop.Monotonic(), [this, time] {
        ++strangers_->counts().dropped_late;
        Drop(DeadlineExceeded("connection of {}: not authenticated within {}", peer_, absl::FormatDuration(time)));
      })) {
  inner_->SetEvents(this);
}

GuardedStream::~GuardedStream() { Leave(); }

void GuardedStream::SetEvents(ByteStream::Events* events) {
  events_ = events;
  if (!position_ && inner_ != nullptr) inner_->SetEvents(events);
}

void GuardedStream::WantRead() {
  wants_read_ = true;
  inner_ != nullptr&& put_back_.empty() ? inner_->WantRead() : NotifyLater();
}

void GuardedStream::StopRead() {
  wants_read_ = false;
  if (inner_ == nullptr) return;
  notice_.reset();
  inner_->StopRead();
}

void GuardedStream::WantWrite() {
  wants_write_ = true;
  inner_ != nullptr ? inner_->WantWrite() : NotifyLater();
}

IoResult GuardedStream::Read(char* buffer, size_t size) {
  if (inner_ == nullptr) return {IoResult::Kind::kError, 0, dropped_};
  if (!put_back_.empty()) {
    const size_t count = put_back_.copy(buffer, size);
    put_back_.erase(0, count);
    if (put_back_.empty()) std::string().swap(put_back_);  // an assignment would keep its memory
    return {IoResult::Kind::kBytes, count};
  }
  IoResult result = inner_->Read(buffer, size);
  if (position_ && result.kind == IoResult::Kind::kBytes) strangers_->Heard(*position_, result.bytes);
  return result;
}

IoResult GuardedStream::Write(const iovec* pieces, int count) {
  if (inner_ == nullptr) return {IoResult::Kind::kError, 0, dropped_};
  return inner_->Write(pieces, count);
}

void GuardedStream::ShutdownWrite() {
  if (inner_ != nullptr) inner_->ShutdownWrite();
}

void GuardedStream::ResetOnClose() {
  if (inner_ != nullptr) inner_->ResetOnClose();
}

void GuardedStream::Trust() {
  if (!position_) return;
  strangers_->Promote(*std::exchange(position_, std::nullopt));
  deadline_.reset();
  inner_->SetEvents(events_);
  if (wants_read_) inner_->WantRead();  // its turn would not come any more
  inner_->Trust();
}

void GuardedStream::DropForRoom() {
  Drop(ResourceExhausted("connection of {}: too many connections are not authenticated yet", peer_));
}

// The socket goes now; the owner is told in a turn of its own, because another stream's Read may have led here.
void GuardedStream::Drop(absl::Status reason) {
  log_.Debug("connection dropped", "peer", peer_, "reason", StatusText(reason));
  Leave();
  dropped_ = std::move(reason);
  inner_.reset();
  NotifyLater();
}

void GuardedStream::Leave() {
  if (!position_) return;
  strangers_->Leave(*position_);
  position_.reset();
  deadline_.reset();
}

void GuardedStream::NotifyLater() {
  notice_ = loop_.After(absl::ZeroDuration(), [this] { Notify(); });
}

// One call is enough: the owner, who may destroy this stream in it, learns the error from Read or Write.
void GuardedStream::Notify() {
  if (events_ == nullptr) return;
  if (std::exchange(wants_read_, false)) return events_->OnReadable();
  if (std::exchange(wants_write_, false)) events_->OnWritable();
}

void GuardedStream::OnReadable() {
  if (position_) strangers_->AwaitTurn(*position_);
}

void GuardedStream::TakeTurn() {
  if (std::exchange(wants_read_, false) && events_ != nullptr) events_->OnReadable();
}

void GuardedStream::OnWritable() {
  wants_write_ = false;
  if (events_ != nullptr) events_->OnWritable();
}

}  // namespace hoop
