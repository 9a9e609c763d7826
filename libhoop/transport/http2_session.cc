#include "transport/http2_session.h"

#include <nghttp2/nghttp2.h>

#include <cstring>
#include <utility>

#include "base/check.h"
#include "base/limits/http2.h"
#include "base/limits/listener.h"
#include "base/limits/wire.h"
#include "base/status.h"
#include "transport/call_head.h"
#include "transport/grpc_text.h"
#include "transport/http2_buffers.h"
#include "transport/http2_callbacks.h"

namespace hoop {
namespace {

constexpr size_t kGoAwayWordsMax = 200;
constexpr size_t kPingsMax = 64;  // unanswered at a time; who asks beyond is not answered

uint32_t GoAwayCode(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kResourceExhausted:
      return NGHTTP2_ENHANCE_YOUR_CALM;
    case absl::StatusCode::kInternal:
      return NGHTTP2_INTERNAL_ERROR;
    default:
      return NGHTTP2_NO_ERROR;
  }
}

}  // namespace

Http2Session::Http2Session(Role role, Loop& loop, std::unique_ptr<ByteStream> bytes,
                           std::shared_ptr<Http2Buffers> buffers, Delegate& delegate)
    : role_(role),
      loop_(loop),
      peer_(bytes->peer()),
      buffers_(std::move(buffers)),
      anchor_(std::make_shared<Anchor>(Anchor{this})),
      delegate_(&delegate),
      bytes_(std::move(bytes)),
      heads_(limits::kPreAuthHeadsCostTime, limits::kPreAuthHeadsCostAtOnce),
      read_bytes_(limits::kHttp2ReadBytesAtFirst),
      slice_bytes_(limits::kHttp2SliceBytesMin) {
  h2_ = Callbacks::NewSession(*this);
  SubmitSettings();
  if (role_ == Role::kDialling) Trust();
  preface_timer_ = loop_.After(limits::kPreAuthTime, [this] {
    Break(Unavailable("connection of {}: no HTTP/2 within {}", peer_, absl::FormatDuration(limits::kPreAuthTime)));
  });
  bytes_->SetEvents(this);
  bytes_->WantRead();
  MarkDirty();
}

Http2Session::~Http2Session() {
  anchor_->session = nullptr;
  bytes_.reset();
  nghttp2_session_del(h2_);
  while (calls_ != nullptr) {
    const std::unique_ptr<GrpcCall> call(calls_);
    calls_ = call->next_;
  }
}

void Http2Session::SubmitSettings() {
  const bool listening = role_ == Role::kListening;
  // Who listens remembers no headers: they would be kept for the life of each connection, to save some hundred bytes
  // when a stream is opened. Who dials has one connection, and keeps what the protocol says.
  const nghttp2_settings_entry settings[] = {
      {NGHTTP2_SETTINGS_HEADER_TABLE_SIZE, static_cast<uint32_t>(listening ? 0 : NGHTTP2_DEFAULT_HEADER_TABLE_SIZE)},
      {listening ? NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS : NGHTTP2_SETTINGS_ENABLE_PUSH,
       listening ? static_cast<uint32_t>(limits::kStreamsPerConnectionMax) : 0},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, static_cast<uint32_t>(limits::kStreamWindowBytes)},
      {NGHTTP2_SETTINGS_MAX_FRAME_SIZE, static_cast<uint32_t>(limits::kHttp2FrameBytesMax)},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<uint32_t>(limits::kHeaderBlockBytesMax)}};
  nghttp2_submit_settings(h2_, NGHTTP2_FLAG_NONE, settings, std::size(settings));
}

void Http2Session::Trust() {
  if (trusted_ || bytes_ == nullptr) return;
  trusted_ = true;
  budget_.Trust();
  heads_ = role_ == Role::kListening ? Pace(limits::kHeadsCostTime, limits::kHeadsCostAtOnce) : Pace();
  if (pause_ != nullptr) GoOn();
  bytes_->Trust();
  nghttp2_session_set_local_window_size(h2_, NGHTTP2_FLAG_NONE, 0,
                                        static_cast<int32_t>(limits::kConnectionWindowBytes));
  // From now on the connection's window is given back on arrival: what arrived before, now.
  for (GrpcCall* call = calls_; call != nullptr; call = call->next_) {
    nghttp2_session_consume_connection(h2_, call->unread_bytes());
    call->TakeEarly();
  }
  MarkDirty();
}

// --- Calls ---

GrpcCall* Http2Session::StartCall(const RequestHead& head, const Metadata& metadata) {
  if (!accepts_calls()) return nullptr;
  GrpcCall& call = AddCall(0);
  if (call.SubmitRequest(head, metadata)) return &call;
  call.OnClosed(NGHTTP2_REFUSED_STREAM);
  return nullptr;
}

GrpcCall& Http2Session::AddCall(int32_t id) {
  auto* const call = new GrpcCall(*this, id);
  call->next_ = calls_;
  if (calls_ != nullptr) calls_->previous_ = call;
  calls_ = call;
  ++call_count_;
  return *call;
}

void Http2Session::RemoveCall(GrpcCall& call) {
  (call.previous_ != nullptr ? call.previous_->next_ : calls_) = call.next_;
  if (call.next_ != nullptr) call.next_->previous_ = call.previous_;
  call.previous_ = call.next_ = nullptr;
  call.listed_ = false;
  --call_count_;
  if (call.in_deliveries_) std::erase(deliveries_, &call);
  for (PendingPing& ping : pings_) {
    if (ping.call == &call) ping.call = nullptr;
  }
  if (retired_.empty()) {
    loop_.AtTurnEnd(TurnPhase::kFree, [anchor = anchor_] {
      if (anchor->session != nullptr) anchor->session->retired_.clear();
    });
  }
  retired_.emplace_back(&call);
}

void Http2Session::CountHeld(size_t before, size_t after) {
  held_bytes_ += after;
  held_bytes_ -= before;
  while (after > before && held_bytes_ > limits::kConnectionHeldBytesMax) EndMostStalledCall();
}

void Http2Session::EndMostStalledCall() {
  GrpcCall* worst = nullptr;
  for (GrpcCall* call = calls_; call != nullptr; call = call->next_) {
    if (call->held_bytes() == 0) continue;
    if (worst == nullptr || call->last_progress() < worst->last_progress()) worst = call;
  }
  HOOP_CHECK(worst != nullptr);
  worst->GiveUp(ResourceExhausted("stream is stalled and its connection holds more than {} bytes",
                                  limits::kConnectionHeldBytesMax));
}

void Http2Session::GiveBack(GrpcCall& call, size_t bytes) {
  if (bytes_ == nullptr) return;
  if (trusted_) {
    nghttp2_session_consume_stream(h2_, call.id(), bytes);
  } else {
    nghttp2_session_consume(h2_, call.id(), bytes);
  }
  MarkDirty();
}

void Http2Session::GiveBackOfClosed(size_t bytes) {
  if (bytes_ != nullptr && !trusted_ && bytes > 0) nghttp2_session_consume_connection(h2_, bytes);
}

bool Http2Session::GrowWindow(GrpcCall& call, size_t window) {
  if (!trusted_ || held_bytes_ > limits::kConnectionHeldBytesMax / 2) return false;
  return nghttp2_session_set_local_window_size(h2_, NGHTTP2_FLAG_NONE, call.id(), static_cast<int32_t>(window)) == 0;
}

// --- Telling ---

void Http2Session::NotifyLater(GrpcCall& call) {
  if (call.in_notices_ || !call.listed_) return;
  call.in_notices_ = true;
  notices_.push_back(&call);
  if (!busy_) MarkDirty();
}

void Http2Session::Notify() {
  while (!notices_.empty()) {
    std::vector<GrpcCall*> news = std::exchange(notices_, {});
    for (GrpcCall* call : news) {
      call->in_notices_ = false;
      call->TellNews();
    }
  }
}

void Http2Session::DeliverSoon(GrpcCall& call) {
  if (call.in_deliveries_ || !call.listed_) return;
  call.in_deliveries_ = true;
  deliveries_.push_back(&call);
  if (delivery_timer_ == nullptr) delivery_timer_ = loop_.After(absl::ZeroDuration(), [this] { Deliver(); });
}

void Http2Session::Deliver() {
  delivery_timer_.reset();
  busy_ = true;
  std::vector<GrpcCall*> calls = std::exchange(deliveries_, {});
  for (GrpcCall* call : calls) call->in_deliveries_ = false;  // from here on only `calls` knows them; kFree is later
  for (GrpcCall* call : calls) {
    if (call->listed_) call->Deliver();
  }
  Notify();
  busy_ = false;
  MarkDirty();
}

// --- Life and end ---

uint64_t Http2Session::PingFor(GrpcCall* call) {
  if (bytes_ == nullptr || pings_.size() >= kPingsMax) return 0;
  uint8_t opaque[8];
  const uint64_t id = ++last_ping_;
  std::memcpy(opaque, &id, sizeof opaque);
  pings_.push_back({id, call});
  nghttp2_submit_ping(h2_, NGHTTP2_FLAG_NONE, opaque);
  MarkDirty();
  return id;
}

void Http2Session::OnPong(uint64_t id) {
  for (size_t i = 0; i < pings_.size(); ++i) {
    if (pings_[i].id != id) continue;
    GrpcCall* const call = pings_[i].call;
    pings_.erase(pings_.begin() + static_cast<ptrdiff_t>(i));
    if (call != nullptr) {
      call->OnPong();
      NotifyLater(*call);
    }
    break;
  }
  if (id == drain_ping_ && drain_ping_ != 0) {
    // What the peer opened before it heard of the drain has arrived: now nothing new is taken.
    drain_ping_ = 0;
    nghttp2_submit_goaway(h2_, NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(h2_), NGHTTP2_NO_ERROR,
                          nullptr, 0);
  }
}

void Http2Session::SetPingInterval(absl::Duration interval) {
  ping_interval_ = interval;
  pings_unanswered_ = 0;
  ping_timer_.reset();
  if (interval > absl::ZeroDuration() && bytes_ != nullptr) {
    ping_timer_ = loop_.After(ping_interval_, [this] { KeepAlive(); });
  }
}

void Http2Session::KeepAlive() {
  if (pings_unanswered_ >= limits::kPingsUnansweredMax) {
    Break(Unavailable("connection to {}: {} pings unanswered", peer_, pings_unanswered_));
    return;
  }
  ++pings_unanswered_;
  PingFor(nullptr);
  ping_timer_ = loop_.After(ping_interval_, [this] { KeepAlive(); });
}

void Http2Session::StartDrain() {
  if (bytes_ == nullptr || drain_ping_ != 0) return;
  nghttp2_submit_shutdown_notice(h2_);
  drain_ping_ = PingFor(nullptr);
  MarkDirty();
}

void Http2Session::OnGoAway(uint32_t error, int32_t last_stream, std::string_view words) {
  goaway_seen_ = true;
  insecure_ = error == NGHTTP2_INADEQUATE_SECURITY;
  goaway_ = fmt::format("peer said GOAWAY {}, last stream {}", Http2ErrorName(error), last_stream);
  if (!words.empty()) goaway_ += ": " + PercentEncode(words.substr(0, kGoAwayWordsMax));
}

void Http2Session::OnOurGoAway(uint32_t error) {
  if (broken_.ok() && role_ == Role::kListening)
    DecideEnd(Internal("connection of {}: it broke the protocol: {}", peer_, Http2ErrorName(error)));
}

absl::Status Http2Session::WhyUnavailable(std::string_view cause) const {
  if (insecure_) return FailedPrecondition("connection to {}: {}", peer_, goaway_);
  if (!broken_.ok()) return Unavailable("{}", StatusText(broken_));
  return Unavailable("connection to {}: {}", peer_, goaway_seen_ ? std::string_view(goaway_) : cause);
}

void Http2Session::Break(const absl::Status& reason) {
  if (!broken_.ok() || bytes_ == nullptr) return;
  DecideEnd(reason);
  nghttp2_session_terminate_session(h2_, GoAwayCode(reason));
  MarkDirty();
}

void Http2Session::DecideEnd(const absl::Status& reason) {
  broken_ = reason;
  if (delegate_ != nullptr) delegate_->OnBreak(reason);
}

void Http2Session::DropDelegate(const absl::Status& reason) {
  delegate_ = nullptr;
  for (GrpcCall* call = calls_; call != nullptr; call = call->next_) {
    if (call->has_owned_sink()) call->DropOwnedSink();
  }
  Break(reason);
  if (bytes_ == nullptr) MarkDirty();  // calls that have not been told yet are told in this turn
}

void Http2Session::CloseNow() {
  if (broken_.ok()) broken_ = WhyUnavailable("closed");
  bytes_.reset();
  preface_timer_.reset();
  ping_timer_.reset();
  pause_.reset();
  std::string().swap(pending_);
  std::string().swap(rest_);
  EndCalls();
}

// What ends with a call takes time: of thousands some are told at a time, so that others have theirs. All at once when
// the delegate has left, because this is destroyed at the end of the turn then.
void Http2Session::EndCalls() {
  const bool was_busy = std::exchange(busy_, true);
  size_t left = delegate_ != nullptr ? limits::kCallEndsAtOnceMax : call_count_;
  for (GrpcCall* call = calls_; call != nullptr && left > 0; call = call->next_, --left)
    call->OnConnectionLost(broken_);
  Notify();
  busy_ = was_busy;
  if (calls_ != nullptr) {
    pause_ = loop_.After(limits::kCallEndsTime, [this] {
      pause_.reset();
      EndCalls();
    });
  } else if (delegate_ != nullptr) {
    std::exchange(delegate_, nullptr)->OnSessionClosed(*this, broken_);
  }
}

}  // namespace hoop
