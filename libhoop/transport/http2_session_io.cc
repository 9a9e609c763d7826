// What Http2Session does with its bytes: one read per readiness, one write per turn.
#include <nghttp2/nghttp2.h>

#include <algorithm>

#include "base/limits/http2.h"
#include "base/status.h"
#include "transport/http2_buffers.h"
#include "transport/http2_session.h"

namespace hoop {
namespace {

constexpr size_t kResetBytes = 4;
constexpr char kUnknownFrameType = '\x7f';

size_t CostOf(uint8_t frame_type) {
  switch (frame_type) {
    case NGHTTP2_DATA:
      return limits::kHttp2DataCost;
    case NGHTTP2_HEADERS:
      return limits::kHttp2OpenCost;
    default:
      return limits::kHttp2ControlCost;
  }
}

}  // namespace

void Http2Session::OnReadable() {
  if (bytes_ == nullptr) return;
  const IoResult result = bytes_->Read(buffers_->read.get(), read_bytes_);
  const bool listening = role_ == Role::kListening;
  switch (result.kind) {
    case IoResult::Kind::kBytes:
      pings_unanswered_ = 0;
      if (CountFrames(buffers_->read.get(), result.bytes)) Receive(buffers_->read.get(), result.bytes);
      SizeNextRead(result.bytes);
      break;
    case IoResult::Kind::kWouldBlock:
      break;
    case IoResult::Kind::kEnd:
      Break(listening ? Cancelled("connection closed by peer {}", peer_) : WhyUnavailable("closed by peer"));
      break;
    case IoResult::Kind::kError:
      Break(listening ? Cancelled("connection lost: {}", StatusText(result.status))
                      : WhyUnavailable(StatusText(result.status)));
      break;
  }
  GoOn();
}

// Before anything is done about them. False: too many.
bool Http2Session::CountFrames(char* bytes, size_t size) {
  frames_cost_ = 0;
  const absl::Duration now = loop_.Monotonic();
  bool obeys = true;
  scanner_.Scan(bytes, size, [&](const FrameScanner::Head& head) {
    frames_cost_ += CostOf(head.type);
    if (head.type == NGHTTP2_DATA) ++data_begun_;
    if (head.type == NGHTTP2_HEADERS) last_opened_ = std::max(last_opened_, head.stream);
    if (head.type == NGHTTP2_RST_STREAM) ForgiveEarlyReset(head);
    return obeys = Obeys(budget_.OnFrame(head.type, head.length, now));
  });
  return obeys;
}

// gRPC C++ resets a stream that is cancelled at once, although its HEADERS have not left, and then never will. To
// libnghttp2 that is the end of the connection (RFC 9113, 6.4), for all its other streams, too; as a frame of a type
// that nobody knows it means nothing.
void Http2Session::ForgiveEarlyReset(const FrameScanner::Head& head) {
  const bool is_one = role_ == Role::kListening && head.stream % 2 == 1 && head.length == kResetBytes;
  if (is_one && head.stream > last_opened_ && head.type_byte != nullptr) *head.type_byte = kUnknownFrameType;
}

// As much of it as a turn may cost. The rest is for the next turns, so that others have theirs; it is handled before
// anything else is read.
void Http2Session::Receive(const char* bytes, size_t size) {
  turn_bytes_ = frames_cost_ <= limits::kHttp2TurnCost ? size : size * limits::kHttp2TurnCost / frames_cost_ + 1;
  const size_t handled = Handle(bytes, size);
  if (handled == size || !broken_.ok()) return;
  rest_.assign(bytes + handled, size - handled);
}

// With the rest, or to read; now, or when streams of the peer may cost something again.
void Http2Session::GoOn() {
  if (bytes_ == nullptr || !broken_.ok()) return;
  const absl::Duration wait = heads_.Wait(loop_.Monotonic());
  if (wait == absl::ZeroDuration() && rest_.empty()) return bytes_->WantRead();
  pause_ = loop_.After(wait, [this] {
    pause_.reset();
    rest_.empty() ? GoOn() : HandleRest();
  });
}

void Http2Session::HandleRest() {
  rest_handled_ += Handle(rest_.data() + rest_handled_, rest_.size() - rest_handled_);
  if (rest_handled_ == rest_.size()) {
    std::string().swap(rest_);
    rest_handled_ = 0;
  }
  GoOn();
}

// For a turn. How many bytes that were.
size_t Http2Session::Handle(const char* bytes, size_t size) {
  busy_ = true;
  inside_cost_ = 0;
  const size_t most = std::min(size, turn_bytes_);
  size_t handled = 0;
  while (handled < most && inside_cost_ < limits::kHttp2TurnCost && broken_.ok()) {
    const size_t cost_before = inside_cost_, slice = std::min(most - handled, slice_bytes_);
    const ssize_t taken = nghttp2_session_mem_recv(h2_, reinterpret_cast<const uint8_t*>(bytes) + handled, slice);
    if (taken < 0) Break(Internal("connection of {}: {}", peer_, nghttp2_strerror(static_cast<int>(taken))));
    handled += slice;
    const bool is_costly = inside_cost_ - cost_before > limits::kHttp2TurnCost / 4;
    slice_bytes_ = is_costly ? std::max(slice_bytes_ / 2, limits::kHttp2SliceBytesMin)
                             : std::min(slice_bytes_ * 2, limits::kHttp2SliceBytes);
  }
  if (handled == size) CountWasted();
  if (nghttp2_session_get_outbound_queue_size(h2_) > limits::kHttp2QueuedFramesMax) {
    Break(ResourceExhausted("connection of {}: it does not read, and more than {} frames wait", peer_,
                            limits::kHttp2QueuedFramesMax));
  }
  Notify();
  busy_ = false;
  if (nghttp2_session_want_write(h2_) != 0 || nghttp2_session_want_read(h2_) == 0) MarkDirty();
  return handled;
}

void Http2Session::CountMessage() { inside_cost_ += limits::kHttp2MessageCost; }

void Http2Session::CountHead(size_t cost) {
  inside_cost_ += cost;
  if (role_ == Role::kListening) heads_.Spend(static_cast<int64_t>(cost), loop_.Monotonic());
}

void Http2Session::CountWasted() {
  const uint64_t under_way = scanner_.in_payload() ? 1 : 0;  // if it is no DATA, one frame is counted a little later
  const uint64_t settled = data_used_ + data_wasted_ + under_way;
  if (data_begun_ <= settled) return;
  const uint64_t wasted = data_begun_ - settled;
  data_wasted_ += wasted;
  Obeys(budget_.OnWasted(wasted, loop_.Monotonic()));
}

bool Http2Session::Obeys(const char* limit) {
  if (limit != nullptr) Break(ResourceExhausted("connection of {}: too many {}", peer_, limit));
  return limit == nullptr;
}

// Of a peer whose bytes cost much little is read that has to wait here.
void Http2Session::SizeNextRead(size_t size) {
  if (!rest_.empty()) {
    read_bytes_ = std::max(read_bytes_ / 2, limits::kHttp2ReadBytesMin);
  } else if (size == read_bytes_ && frames_cost_ + inside_cost_ <= limits::kHttp2TurnCost / 2) {
    read_bytes_ = std::min(2 * read_bytes_, trusted_ ? limits::kHttp2ReadBytes : limits::kHttp2ReadBytesAtFirst);
  }
}

void Http2Session::OnWritable() { MarkDirty(); }

void Http2Session::MarkDirty() {
  if (dirty_) return;
  dirty_ = true;
  loop_.AtTurnEnd(TurnPhase::kSend, [anchor = anchor_] {
    if (anchor->session != nullptr) anchor->session->Flush();
  });
}

void Http2Session::Flush() {
  dirty_ = false;
  busy_ = true;
  if (bytes_ != nullptr && write_failed_.ok() && SendPending()) {
    while (SendBatch()) {
    }
  }
  Notify();
  if (bytes_ == nullptr && delegate_ == nullptr) EndCalls();
  busy_ = false;
  if (bytes_ == nullptr || dirty_) return;  // dirty: what the news led to leaves first
  const bool finished = pending_.empty() && nghttp2_session_want_read(h2_) == 0 && nghttp2_session_want_write(h2_) == 0;
  if (!broken_.ok() || finished) {
    busy_ = true;
    CloseNow();
    busy_ = false;
    if (!notices_.empty()) MarkDirty();
  }
}

// False: the socket takes no more now.
bool Http2Session::CanWrite(const IoResult& result) {
  if (result.kind == IoResult::Kind::kBytes) return true;
  if (result.kind == IoResult::Kind::kWouldBlock) {
    bytes_->WantWrite();
  } else {
    write_failed_ = result.status;
  }
  return false;
}

bool Http2Session::SendPending() {
  while (pending_offset_ < pending_.size()) {
    const iovec piece = {pending_.data() + pending_offset_, pending_.size() - pending_offset_};
    const IoResult result = bytes_->Write(&piece, 1);
    if (!CanWrite(result)) return false;
    pending_offset_ += result.bytes;
  }
  std::string().swap(pending_);
  pending_offset_ = 0;
  return true;
}

// True: all of it left, and there may be more.
bool Http2Session::SendBatch() {
  OutputBatch& batch = buffers_->output;
  while (!batch.full()) {
    const uint8_t* bytes = nullptr;
    const ssize_t size = nghttp2_session_mem_send(h2_, &bytes);
    if (size < 0) Break(Internal("connection of {}: {}", peer_, nghttp2_strerror(static_cast<int>(size))));
    if (size <= 0) break;
    batch.Copy(bytes, static_cast<size_t>(size));
  }
  if (batch.empty()) return false;
  const IoResult result = bytes_->Write(batch.pieces().data(), static_cast<int>(batch.pieces().size()));
  const size_t written = result.kind == IoResult::Kind::kBytes ? result.bytes : 0;
  bool more = true;
  if (written < batch.size()) {
    more = false;
    if (CanWrite(result)) bytes_->WantWrite();
    if (write_failed_.ok()) batch.CopyRest(written, pending_);
  }
  batch.Clear();
  return more;
}

// One DATA frame, payload by reference. False: the batch is full, ask again.
bool Http2Session::AddDataFrame(GrpcCall& call, const uint8_t* head, size_t size, size_t padding) {
  static constexpr size_t kFrameHeadBytes = 9;
  static constexpr char kZeros[256] = {};
  OutputBatch& batch = buffers_->output;
  if (batch.full()) return false;
  budget_.Earn(size);
  batch.Copy(head, kFrameHeadBytes);
  if (padding > 0) {
    const auto count = static_cast<char>(padding - 1);
    batch.Copy(&count, 1);
  }
  call.MoveData(batch, size);
  if (padding > 1) batch.Copy(kZeros, padding - 1);
  return true;
}

}  // namespace hoop
