// What Http2Session does with its bytes: one read per readiness, one write per turn.
#include <nghttp2/nghttp2.h>

#include <algorithm>

#include "base/limits/http2.h"
#include "base/status.h"
#include "transport/http2_buffers.h"
#include "transport/http2_session.h"

namespace hoop {

void Http2Session::OnReadable() {
  if (bytes_ == nullptr) return;
  const IoResult result = bytes_->Read(buffers_->read.get(), read_bytes_);
  const bool listening = role_ == Role::kListening;
  switch (result.kind) {
    case IoResult::Kind::kBytes:
      pings_unanswered_ = 0;
      Receive(buffers_->read.get(), result.bytes);
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
  if (bytes_ != nullptr && broken_.ok()) bytes_->WantRead();
}

void Http2Session::Receive(const char* bytes, size_t size) {
  if (!CountFrames(bytes, size)) return;
  busy_ = true;
  const ssize_t taken = nghttp2_session_mem_recv(h2_, reinterpret_cast<const uint8_t*>(bytes), size);
  if (taken < 0) Break(Internal("connection of {}: {}", peer_, nghttp2_strerror(static_cast<int>(taken))));
  CountWasted();
  if (nghttp2_session_get_outbound_queue_size(h2_) > limits::kHttp2QueuedFramesMax) {
    Break(ResourceExhausted("connection of {}: it does not read, and more than {} frames wait", peer_,
                            limits::kHttp2QueuedFramesMax));
  }
  Notify();
  busy_ = false;
  if (nghttp2_session_want_write(h2_) != 0 || nghttp2_session_want_read(h2_) == 0) MarkDirty();
}

// Before anything is done about them. False: too many.
bool Http2Session::CountFrames(const char* bytes, size_t size) {
  read_cost_ = 0;
  const absl::Duration now = loop_.Monotonic();
  bool obeys = true;
  scanner_.Scan(bytes, size, [&](uint8_t type, size_t length) {
    read_cost_ += type == NGHTTP2_HEADERS ? limits::kHttp2OpenCost : 1;
    if (type == NGHTTP2_DATA) ++data_begun_;
    return obeys = Obeys(budget_.OnFrame(type, length, now));
  });
  return obeys;
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

// A turn is as long as its longest read: bytes that cost much come in small portions, so that others get their turn.
void Http2Session::SizeNextRead(size_t size) {
  if (read_cost_ > limits::kHttp2ReadCostMax) {
    read_bytes_ = std::max(read_bytes_ / 2, limits::kHttp2ReadBytesMin);
  } else if (size == read_bytes_ && read_cost_ <= limits::kHttp2ReadCostMax / 2) {
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
