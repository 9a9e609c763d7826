#include "transport/grpc_call.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <utility>

#include "base/limits/http2.h"
#include "base/limits/wire.h"
#include "base/status.h"
#include "transport/call_head.h"
#include "transport/http2_session.h"

namespace hoop {
namespace {

// Room behind a received message: what a relay appends (Packet::AppendSpec) needs no second allocation.
constexpr size_t kAppendRoomBytes = 128;

}  // namespace

CallSink::~CallSink() {
  if (call_ != nullptr) call_->Abandon();
}

GrpcCall::GrpcCall(Http2Session& session, int32_t id)
    : session_(session), last_progress_(session.loop().Monotonic()), id_(id) {}

GrpcCall::~GrpcCall() {
  if (sink_ != nullptr) sink_->call_ = nullptr;
}

bool GrpcCall::listening() const { return session_.role() == Http2Session::Role::kListening; }

void GrpcCall::SetSink(CallSink& sink, bool reading) {
  sink_ = &sink;
  sink.call_ = this;
  reading_ = reading;
}

void GrpcCall::SetOwnedSink(std::unique_ptr<CallSink> sink) {
  owned_sink_ = std::move(sink);
  SetSink(*owned_sink_, true);
}

void GrpcCall::SetDeadline(absl::Duration timeout) {
  if (timeout == absl::InfiniteDuration()) return;
  deadline_ = session_.loop().After(timeout, [this] { Fail(DeadlineExceeded("deadline exceeded")); });
}

bool GrpcCall::Ping() { return session_.PingFor(this) != 0; }

CallHead& GrpcCall::head() {
  if (head_ == nullptr) head_ = std::make_unique<CallHead>();
  return *head_;
}

void GrpcCall::DropHead() { head_.reset(); }

bool GrpcCall::OnRequestHead() {
  const std::unique_ptr<CallHead> head = std::move(head_);
  if (const auto refusal = head->Judge(); refusal.has_value()) {
    status_ = refusal->status;
    finished_ = true;
    SubmitAnswer(refusal->http_status);
    return false;
  }
  path_ = head->path();
  metadata_ = head->TakeMetadata();
  if (head->timeout().has_value()) SetDeadline(*head->timeout());
  return true;
}

void GrpcCall::OnResponseHead(bool end) {
  const std::unique_ptr<CallHead> head = std::move(head_);
  if (ended_ || head == nullptr || head->is_informational()) return;
  absl::Status problem = head_seen_ ? absl::OkStatus() : head->JudgeResponse();
  head_seen_ = true;
  if (!end) {
    if (!problem.ok()) Fail(problem);
    return;
  }
  End(problem.ok() ? head->FinalStatus() : problem, /*after_waiting=*/true);
  // Closes our direction too, without a reset unless the peer needs one.
  finished_ = true;
  outgoing_.Clear();
  UpdateHeld();
  if (nghttp2_session_get_stream_remote_window_size(session_.h2(), id_) > 0) {
    Resume();
  } else {
    Reset(NGHTTP2_NO_ERROR);
  }
}

void GrpcCall::OnData(const char* bytes, size_t size) {
  unread_ += static_cast<uint32_t>(size);
  if (reading_) last_progress_ = session_.loop().Monotonic();
  while (size > 0 && receiving() && reading_ && !has_waiting()) {
    const size_t count = Fill(bytes, size);
    bytes += count;
    size -= count;
    Settle();
  }
  if (receiving()) {
    waiting_.append(bytes, size);
    UpdateHeld();
    TakeEarly();
  } else {
    GiveBack(unread_);
  }
}

size_t GrpcCall::Fill(const char* bytes, size_t size) {
  if (prefix_size_ < kGrpcPrefixBytes) {
    const size_t count = std::min(size, kGrpcPrefixBytes - prefix_size_);
    std::copy_n(bytes, count, prefix_.data() + prefix_size_);
    prefix_size_ = static_cast<uint8_t>(prefix_size_ + count);
    return count;
  }
  const size_t count = std::min<size_t>(size, message_size_ - message_.size());
  if (message_.size() + count > message_.capacity()) {
    // Memory follows what arrived, not what was announced; for those we know, a window of it at once.
    const size_t ahead = session_.trusted() ? limits::kStreamWindowBytes : 0;
    const size_t wanted = std::max({ahead, 2 * message_.capacity(), message_.size() + count});
    message_.reserve(std::min<size_t>(message_size_, wanted) + kAppendRoomBytes);
  }
  message_.append(bytes, count);
  return count;
}

void GrpcCall::Settle() {
  if (prefix_size_ < kGrpcPrefixBytes) return;
  message_size_ = GrpcPrefixSize(prefix_);
  if (prefix_[0] == 1) {
    Refuse(Internal("grpc: compressed flag set with identity or empty encoding"));
  } else if (prefix_[0] != 0) {
    Refuse(Internal("grpc: received unexpected payload format {}", static_cast<unsigned char>(prefix_[0])));
  } else if (message_size_ > limits::kMessageReceiveBytesMax) {
    Refuse(ResourceExhausted("grpc: received message larger than max ({} vs. {})", message_size_,
                             limits::kMessageReceiveBytesMax));
  } else if (message_.size() == message_size_) {
    CompleteMessage();
  }
}

void GrpcCall::CompleteMessage() {
  std::string message = std::exchange(message_, std::string());
  prefix_size_ = 0;
  last_progress_ = session_.loop().Monotonic();
  session_.CountMessage();
  sink_->OnMessage(std::move(message));
}

void GrpcCall::Refuse(const absl::Status& status) {
  if (!ended_) return Fail(status);
  end_ = status;  // the peer had ended before this was looked at
  DropIncoming();
}

void GrpcCall::SetReading(bool reading) {
  if (reading_ == reading) return;
  reading_ = reading;
  if (reading && (has_waiting() || unread_ > 0)) session_.DeliverSoon(*this);
}

void GrpcCall::Deliver() {
  while (sink_ != nullptr && reading_ && has_waiting()) {
    waiting_offset_ += Fill(waiting_.data() + waiting_offset_, waiting_.size() - waiting_offset_);
    if (waiting_offset_ == waiting_.size()) {
      std::string().swap(waiting_);
      waiting_offset_ = 0;
    }
    Settle();
  }
  UpdateHeld();
  TakeEarly();
  TellNews();
}

void GrpcCall::TakeEarly() {
  const bool needed = prefix_size_ == kGrpcPrefixBytes && message_size_ + kGrpcPrefixBytes > window_ / 2;
  if (needed && reading_ && !has_waiting() && session_.trusted()) GiveBack(unread_);
}

// Counts what is held; what is not held any more is given back to the window.
void GrpcCall::UpdateHeld() {
  const size_t incoming = prefix_size_ + message_.size() + waiting_.size() - waiting_offset_;
  if (unread_ > incoming) GiveBack(unread_ - incoming);
  const size_t held = incoming + outgoing_.size_bytes();
  const size_t before = std::exchange(counted_held_, held);
  if (before == held) return;
  if (before == 0) last_progress_ = session_.loop().Monotonic();
  session_.CountHeld(before, held);
}

void GrpcCall::GiveBack(size_t bytes) {
  if (bytes == 0) return;
  unread_ -= static_cast<uint32_t>(bytes);
  if (stream_closed_) return;
  session_.GiveBack(*this, bytes);
  drained_ += static_cast<uint32_t>(bytes);
  if (window_ < limits::kStreamWindowBytesMax && drained_ >= 2 * window_ && receiving() &&
      session_.GrowWindow(*this, 2 * window_)) {
    window_ *= 2;
    drained_ = 0;
  }
}

void GrpcCall::DropIncoming() {
  std::string().swap(waiting_);  // an assignment would keep its memory
  waiting_offset_ = 0;
  std::string().swap(message_);
  prefix_size_ = 0;
}

void GrpcCall::OnPeerEnd() {
  if (ended_ || peer_done_) return;
  if (!listening()) {
    Fail(Internal("server closed the stream without sending trailers"));
  } else if (prefix_size_ > 0 && !has_waiting()) {
    Fail(Internal("unexpected EOF"));
  } else {
    peer_done_ = true;
    session_.NotifyLater(*this);
  }
}

void GrpcCall::OnClosed(uint32_t error) {
  session_.GiveBackOfClosed(unread_);
  unread_ = 0;
  stream_closed_ = true;
  if (ended_) {
    session_.NotifyLater(*this);
  } else if (!listening()) {
    End(session_.WhyUnavailable(fmt::format("stream reset by peer: {}", Http2ErrorName(error))));
  } else if (final_sent_) {
    End(absl::OkStatus());
  } else {
    End(Cancelled("peer reset the stream: {}", Http2ErrorName(error)));
  }
  outgoing_.Clear();
  UpdateHeld();
}

void GrpcCall::OnConnectionLost(const absl::Status& reason) {
  stream_closed_ = true;
  unread_ = 0;
  if (!ended_) End(reason);
  DropIncoming();
  outgoing_.Clear();
  UpdateHeld();
  session_.NotifyLater(*this);
}

void GrpcCall::End(const absl::Status& status, bool after_waiting) {
  if (ended_) return;
  ended_ = true;
  end_ = status;
  deadline_.reset();
  if (!after_waiting) DropIncoming();
  session_.NotifyLater(*this);
}

void GrpcCall::TellNews() {
  if (!listed_) return;
  for (; sink_ != nullptr && pongs_ > 0; --pongs_) sink_->OnPong();
  if (sink_ != nullptr && drained_news_) {
    drained_news_ = false;
    sink_->OnDrained();
  }
  if (receiving() && peer_done_ && !peer_done_told_ && !has_waiting()) {
    peer_done_told_ = true;
    prefix_size_ > 0 ? Fail(Internal("unexpected EOF")) : sink_->OnPeerDone();
  }
  if (sink_ != nullptr && ended_ && !has_waiting()) {
    if (prefix_size_ > 0) end_ = Internal("server ended the stream within a message");
    CallSink* const sink = std::exchange(sink_, nullptr);
    sink->call_ = nullptr;
    sink->OnEnd(end_);
  }
  if (sink_ == nullptr && stream_closed_ && listed_) session_.RemoveCall(*this);
}

void GrpcCall::GiveUp(const absl::Status& status) {
  if (!ended_) {
    Fail(status);
    return;
  }
  DropIncoming();
  outgoing_.Clear();
  UpdateHeld();
  session_.NotifyLater(*this);
}

void GrpcCall::DropOwnedSink() {
  if (sink_ == nullptr) return;
  sink_->call_ = nullptr;
  Abandon();
}

void GrpcCall::Abandon() {
  sink_ = nullptr;
  DropIncoming();
  if (stream_closed_) {
    session_.NotifyLater(*this);
  } else if (!ended_ && !(listening() && finished_)) {
    End(Cancelled("stream given up"));
    // Never CANCEL from the listening side: real agents take that as the wish to reconnect at once.
    Reset(listening() ? NGHTTP2_INTERNAL_ERROR : NGHTTP2_CANCEL);
  }
  UpdateHeld();
}

}  // namespace hoop
