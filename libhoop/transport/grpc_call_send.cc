// The sending half of GrpcCall: heads, messages, trailers, resets.
#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <array>
#include <vector>

#include "base/limits/session.h"
#include "base/limits/wire.h"
#include "base/status.h"
#include "transport/grpc_call.h"
#include "transport/http2_session.h"
#include "transport/output_batch.h"

namespace hoop {
namespace {

// A status text longer than this is cut, longer details are left out: gRPC C++ refuses header blocks above 8 KiB by
// default.
constexpr size_t kStatusTextBytesMax = 2048;

nghttp2_nv Header(std::string_view name, std::string_view value) {
  const auto bytes = [](std::string_view text) {
    return const_cast<uint8_t*>(reinterpret_cast<const uint8_t*>(text.data()));  // libnghttp2 copies
  };
  return {bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
}

// grpc-status, grpc-message and what a status carries beyond. Keeps the texts that the headers point to.
class StatusHeaders {
 public:
  explicit StatusHeaders(const absl::Status& status)
      : code_(std::to_string(static_cast<int>(status.code()))),
        text_(PercentEncode(StatusText(status).substr(0, kStatusTextBytesMax))) {
    const auto details = status.GetPayload(kStatusDetailsHeader);
    if (details.has_value() && details->size() <= kStatusTextBytesMax)
      details_ = EncodeBinaryHeader(std::string(*details));
  }

  void AppendTo(std::vector<nghttp2_nv>& headers) const {
    headers.push_back(Header("grpc-status", code_));
    if (!text_.empty()) headers.push_back(Header("grpc-message", text_));
    if (!details_.empty()) headers.push_back(Header(kStatusDetailsHeader, details_));
  }

 private:
  const std::string code_, text_;
  std::string details_;
};

// How a status looks when only a reset can say it: what gRPC makes of the code comes nearest.
uint32_t ResetCodeOf(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kResourceExhausted:
      return NGHTTP2_ENHANCE_YOUR_CALM;
    case absl::StatusCode::kDeadlineExceeded:
      return NGHTTP2_CANCEL;
    default:
      return NGHTTP2_INTERNAL_ERROR;
  }
}

ssize_t ReadData(nghttp2_session*, int32_t, uint8_t*, size_t room, uint32_t* flags, nghttp2_data_source* source,
                 void*) {
  const ptrdiff_t size = static_cast<GrpcCall*>(source->ptr)->OfferData(room, *flags);
  if (size < 0) return NGHTTP2_ERR_DEFERRED;
  return size;
}

}  // namespace

bool GrpcCall::SubmitRequest(const RequestHead& head, const Metadata& metadata) {
  const std::string timeout = head.timeout == absl::InfiniteDuration() ? "" : FormatGrpcTimeout(head.timeout);
  std::vector<std::string> values;
  values.reserve(metadata.entries().size());  // headers point into it
  std::vector<nghttp2_nv> headers = {Header(":method", "POST"),
                                     Header(":scheme", head.tls ? "https" : "http"),
                                     Header(":path", head.path),
                                     Header(":authority", head.authority),
                                     Header("te", "trailers"),
                                     Header("content-type", kGrpcContentType),
                                     Header("user-agent", head.user_agent)};
  if (!timeout.empty()) headers.push_back(Header("grpc-timeout", timeout));
  for (const auto& [name, value] : metadata.entries()) {
    values.push_back(name.ends_with("-bin") ? EncodeBinaryHeader(value) : HeaderText(value));
    headers.push_back(Header(name, values.back()));
  }
  const nghttp2_data_provider body = {.source = {.ptr = this}, .read_callback = ReadData};
  id_ = nghttp2_submit_request(session_.h2(), nullptr, headers.data(), headers.size(), &body, this);
  head_sent_ = true;
  SetDeadline(head.timeout);
  session_.MarkDirty();
  return id_ > 0;
}

void GrpcCall::SendMessage(std::string message) {
  if (finished_ || ended_) return;
  if (message.size() > limits::kMessageSendBytesMax) {
    Fail(ResourceExhausted("grpc: trying to send message larger than max ({} vs. {})", message.size(),
                           limits::kMessageSendBytesMax));
    return;
  }
  outgoing_.Push(std::move(message));
  if (outgoing_.size_bytes() > limits::kSendQueueHighBytes) above_high_ = true;
  if (head_sent_) {
    Resume();
  } else {
    SubmitAnswer("200");
  }
  UpdateHeld();
}

void GrpcCall::Finish(const absl::Status& status) {
  if (finished_ || stream_closed_) return;
  finished_ = true;
  status_ = status;
  if (head_sent_) {
    Resume();
  } else {
    SubmitAnswer("200");
  }
}

// The head of the answer; with the status in it when there is nothing else to say.
void GrpcCall::SubmitAnswer(std::string_view http_status) {
  std::vector<nghttp2_nv> headers = {Header(":status", http_status)};
  head_sent_ = true;
  session_.MarkDirty();
  if (http_status != "200") {
    nghttp2_submit_response(session_.h2(), id_, headers.data(), headers.size(), nullptr);
    return;
  }
  headers.push_back(Header("content-type", kGrpcContentType));
  if (finished_) {
    const StatusHeaders status(status_);
    status.AppendTo(headers);
    nghttp2_submit_response(session_.h2(), id_, headers.data(), headers.size(), nullptr);
    return;
  }
  const nghttp2_data_provider body = {.source = {.ptr = this}, .read_callback = ReadData};
  nghttp2_submit_response(session_.h2(), id_, headers.data(), headers.size(), &body);
}

ptrdiff_t GrpcCall::OfferData(size_t room, uint32_t& flags) {
  const size_t size = std::min(room, outgoing_.size_bytes());
  if (size == 0 && !finished_) {
    deferred_ = true;
    return -1;
  }
  flags |= NGHTTP2_DATA_FLAG_NO_COPY;
  if (finished_ && size == outgoing_.size_bytes()) {
    flags |= NGHTTP2_DATA_FLAG_EOF;
    if (listening()) {
      flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;  // trailers do that
      SubmitTrailers();
    }
  }
  return static_cast<ptrdiff_t>(size);
}

void GrpcCall::SubmitTrailers() {
  std::vector<nghttp2_nv> headers;
  const StatusHeaders status(status_);
  status.AppendTo(headers);
  nghttp2_submit_trailer(session_.h2(), id_, headers.data(), headers.size());
}

void GrpcCall::MoveData(OutputBatch& batch, size_t size) {
  outgoing_.MoveTo(batch, size);
  last_progress_ = session_.loop().Monotonic();
  if (above_high_ && outgoing_.size_bytes() < limits::kSendQueueLowBytes) {
    above_high_ = false;
    drained_news_ = true;
    session_.NotifyLater(*this);
  }
  UpdateHeld();
}

void GrpcCall::OnFinalHeadSent() {
  final_sent_ = true;
  // An answer before the peer finished: it shall not go on sending, and it did nothing wrong.
  if (nghttp2_session_get_stream_remote_close(session_.h2(), id_) == 0) {
    nghttp2_submit_rst_stream(session_.h2(), NGHTTP2_FLAG_NONE, id_, NGHTTP2_NO_ERROR);
  }
}

void GrpcCall::Fail(const absl::Status& status) {
  if (ended_) return;
  End(status);
  // Trailers need a whole message before them and some window to be asked for; else a reset has to say it.
  const bool can_say = listening() && !finished_ && !outgoing_.in_message() &&
                       (!head_sent_ || nghttp2_session_get_stream_remote_window_size(session_.h2(), id_) > 0);
  if (can_say) {
    outgoing_.Clear();
    Finish(status);
  } else {
    Reset(listening() ? ResetCodeOf(status) : static_cast<uint32_t>(NGHTTP2_CANCEL));
  }
  UpdateHeld();
}

void GrpcCall::Reset(uint32_t error) {
  nghttp2_submit_rst_stream(session_.h2(), NGHTTP2_FLAG_NONE, id_, error);
  outgoing_.Clear();
  session_.MarkDirty();
}

void GrpcCall::Resume() {
  if (deferred_) {
    deferred_ = false;
    nghttp2_session_resume_data(session_.h2(), id_);
  }
  session_.MarkDirty();
}

}  // namespace hoop
