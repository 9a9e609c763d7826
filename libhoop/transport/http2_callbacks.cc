#include "transport/http2_callbacks.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "base/limits/http2.h"
#include "base/limits/wire.h"
#include "base/status.h"
#include "transport/call_head.h"

namespace hoop {
namespace {

// More CONTINUATION frames than a block of kHeaderBlockBytesMax can need are an attack.
constexpr size_t kContinuationsMax = 16;
constexpr size_t kSettingsEntriesMax = 16;
constexpr size_t kOutboundAcksMax = 200;
// RST_STREAM: cancelling everything at once is honest, FrameBudget looks at the rate.
constexpr uint64_t kResetBurst = 20000, kResetRate = 20000;
// A dialler's own headers: a big token and the rest.
constexpr size_t kSendHeaderBytesMax = 2 * limits::kHeaderBlockBytesMax;

Http2Session& Self(void* user) { return *static_cast<Http2Session*>(user); }

GrpcCall* CallOf(nghttp2_session* h2, int32_t stream) {
  return static_cast<GrpcCall*>(nghttp2_session_get_stream_user_data(h2, stream));
}

std::string_view Text(const uint8_t* bytes, size_t size) { return {reinterpret_cast<const char*>(bytes), size}; }

bool EndsStream(const nghttp2_frame_hd& head) { return (head.flags & NGHTTP2_FLAG_END_STREAM) != 0; }

uint64_t PingId(const nghttp2_ping& ping) {
  uint64_t id = 0;
  std::memcpy(&id, ping.opaque_data, sizeof id);
  return id;
}

int OnStreamClose(nghttp2_session* h2, int32_t stream, uint32_t error, void*) {
  if (GrpcCall* call = CallOf(h2, stream); call != nullptr) {
    nghttp2_session_set_stream_user_data(h2, stream, nullptr);
    call->OnClosed(error);
  }
  return 0;
}

int OnFrameSent(nghttp2_session* h2, const nghttp2_frame* frame, void* user) {
  if (frame->hd.type == NGHTTP2_GOAWAY && frame->goaway.error_code != NGHTTP2_NO_ERROR) {
    Self(user).OnOurGoAway(frame->goaway.error_code);
  }
  if (Self(user).role() == Http2Session::Role::kListening && frame->hd.type == NGHTTP2_HEADERS &&
      EndsStream(frame->hd)) {
    if (GrpcCall* call = CallOf(h2, frame->hd.stream_id); call != nullptr) call->OnFinalHeadSent();
  }
  return 0;
}

// Not more than there is to send: libnghttp2 makes room for what is said here, for the life of the connection.
ssize_t DataFrameSize(nghttp2_session* h2, uint8_t, int32_t stream, int32_t connection_window, int32_t stream_window,
                      uint32_t remote_frame_max, void*) {
  const GrpcCall* call = CallOf(h2, stream);
  const size_t queued = call != nullptr ? call->queued_bytes() : 0;
  const size_t size = std::min({std::max<size_t>(queued, 1), limits::kHttp2FrameBytesMax});
  return std::min({static_cast<int64_t>(connection_window), static_cast<int64_t>(stream_window),
                   static_cast<int64_t>(remote_frame_max), static_cast<int64_t>(size)});
}

nghttp2_option* NewOptions() {
  nghttp2_option* options = nullptr;
  HOOP_CHECK(nghttp2_option_new(&options) == 0);
  nghttp2_option_set_no_recv_client_magic(options, 1);  // Http2Preface has read it
  nghttp2_option_set_no_auto_window_update(options, 1);
  nghttp2_option_set_no_closed_streams(options, 1);
  nghttp2_option_set_max_outbound_ack(options, kOutboundAcksMax);
  nghttp2_option_set_max_settings(options, kSettingsEntriesMax);
  nghttp2_option_set_max_continuations(options, kContinuationsMax);
  nghttp2_option_set_stream_reset_rate_limit(options, kResetBurst, kResetRate);
  nghttp2_option_set_max_send_header_block_length(options, kSendHeaderBytesMax);
  return options;
}

}  // namespace

// The call-backs that reach into the session's private parts.
struct Http2Session::Callbacks::Members {
  static int OnInvalidFrame(nghttp2_session*, const nghttp2_frame*, int, void* user) {
    Http2Session& self = Self(user);
    return Obey(self, self.budget_.OnInvalidFrame(self.loop_.Monotonic()));
  }

  static int Obey(Http2Session& self, const char* limit) {
    return self.Obeys(limit) ? 0 : NGHTTP2_ERR_CALLBACK_FAILURE;
  }

  static int OnHeader(nghttp2_session* h2, const nghttp2_frame* frame, const uint8_t* name, size_t name_size,
                      const uint8_t* value, size_t value_size, uint8_t, void* user) {
    if (GrpcCall* call = CallOf(h2, frame->hd.stream_id); call != nullptr) {
      call->head().Add(Text(name, name_size), Text(value, value_size));
    }
    Http2Session& self = Self(user);
    self.CountHead(limits::kHttp2FieldCost + (name_size + value_size) / limits::kHttp2FieldCostBytes);
    return Obey(self, self.budget_.OnHeader(name_size + value_size));
  }

  static int OnBeginHeaders(nghttp2_session* h2, const nghttp2_frame* frame, void* user) {
    Http2Session& self = Self(user);
    if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
    self.heads_.Spend(limits::kHttp2OpenCost, self.loop_.Monotonic());
    if (!self.trusted_ && self.call_count_ >= limits::kPreAuthStreamsPerConnectionMax) {
      // Not by MAX_CONCURRENT_STREAMS: gRPC C++ starts nothing that waits when the setting is raised later. Refused
      // streams are safe to try again, and clients do.
      return nghttp2_submit_rst_stream(h2, NGHTTP2_FLAG_NONE, frame->hd.stream_id, NGHTTP2_REFUSED_STREAM);
    }
    nghttp2_session_set_stream_user_data(h2, frame->hd.stream_id, &self.AddCall(frame->hd.stream_id));
    return 0;
  }

  static int OnFrame(nghttp2_session* h2, const nghttp2_frame* frame, void* user) {
    Http2Session& self = Self(user);
    switch (frame->hd.type) {
      case NGHTTP2_SETTINGS:
        self.preface_timer_.reset();
        break;
      case NGHTTP2_PING:
        if ((frame->hd.flags & NGHTTP2_FLAG_ACK) != 0) self.OnPong(PingId(frame->ping));
        break;
      case NGHTTP2_GOAWAY:
        self.OnGoAway(frame->goaway.error_code, frame->goaway.last_stream_id,
                      {reinterpret_cast<const char*>(frame->goaway.opaque_data), frame->goaway.opaque_data_len});
        break;
      case NGHTTP2_HEADERS:
        if (GrpcCall* call = CallOf(h2, frame->hd.stream_id); call != nullptr) OnHead(self, *call, frame->headers);
        break;
      case NGHTTP2_DATA:
        if (GrpcCall* call = CallOf(h2, frame->hd.stream_id); call != nullptr) OnDataEnd(self, *call, frame->data);
        break;
      default:
        break;
    }
    return 0;
  }

  static void OnHead(Http2Session& self, GrpcCall& call, const nghttp2_headers& frame) {
    if (self.role_ == Role::kDialling) {
      call.OnResponseHead(EndsStream(frame.hd));
      return;
    }
    if (frame.cat != NGHTTP2_HCAT_REQUEST) {
      call.DropHead();  // trailers of a request say nothing in gRPC
    } else if (call.OnRequestHead() && self.delegate_ != nullptr) {
      self.delegate_->OnCall(self, call);
    }
    if (EndsStream(frame.hd)) call.OnPeerEnd();
  }

  static void OnDataEnd(Http2Session& self, GrpcCall& call, const nghttp2_data& frame) {
    const bool is_heard = call.is_heard() && frame.hd.length > frame.padlen;
    if (is_heard || EndsStream(frame.hd)) ++self.data_used_;
    if (EndsStream(frame.hd)) call.OnPeerEnd();
  }

  static int OnData(nghttp2_session* h2, uint8_t, int32_t stream, const uint8_t* bytes, size_t size, void* user) {
    Http2Session& self = Self(user);
    GrpcCall* const call = CallOf(h2, stream);
    if (self.trusted_ || call == nullptr) nghttp2_session_consume_connection(h2, size);
    if (call != nullptr) call->OnData(reinterpret_cast<const char*>(bytes), size);
    return 0;
  }

  static int OnSendData(nghttp2_session*, nghttp2_frame* frame, const uint8_t* head, size_t size,
                        nghttp2_data_source* source, void* user) {
    auto& call = *static_cast<GrpcCall*>(source->ptr);
    return Self(user).AddDataFrame(call, head, size, frame->data.padlen) ? 0 : NGHTTP2_ERR_WOULDBLOCK;
  }
};

nghttp2_session* Http2Session::Callbacks::NewSession(Http2Session& session) {
  nghttp2_session_callbacks* callbacks = nullptr;
  HOOP_CHECK(nghttp2_session_callbacks_new(&callbacks) == 0);
  nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks, Members::OnInvalidFrame);
  nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, Members::OnBeginHeaders);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, Members::OnHeader);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, Members::OnFrame);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, Members::OnData);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, OnStreamClose);
  nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, OnFrameSent);
  nghttp2_session_callbacks_set_send_data_callback(callbacks, Members::OnSendData);
  nghttp2_session_callbacks_set_data_source_read_length_callback(callbacks, DataFrameSize);
  nghttp2_option* const options = NewOptions();
  nghttp2_session* h2 = nullptr;
  const int error = session.role_ == Role::kListening ? nghttp2_session_server_new2(&h2, callbacks, &session, options)
                                                      : nghttp2_session_client_new2(&h2, callbacks, &session, options);
  HOOP_CHECK(error == 0);
  nghttp2_option_del(options);
  nghttp2_session_callbacks_del(callbacks);
  return h2;
}

}  // namespace hoop
