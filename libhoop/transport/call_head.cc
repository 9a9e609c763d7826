#include "transport/call_head.h"

#include "base/limits/wire.h"
#include "base/status.h"
#include "transport/grpc_text.h"

namespace hoop {
namespace {

constexpr size_t kHeaderOverheadBytes = 32;  // RFC 9113, 6.5.2
constexpr size_t kShownBytesMax = 100;       // of a peer's text in a text of ours

bool IsGrpc(std::string_view content_type) {
  if (!content_type.starts_with(kGrpcContentType)) return false;
  const std::string_view rest = content_type.substr(kGrpcContentType.size());
  return rest.empty() || rest.front() == '+' || rest.front() == ';';
}

}  // namespace

void CallHead::Add(std::string_view name, std::string_view value) {
  size_bytes_ += name.size() + value.size() + kHeaderOverheadBytes;
  if (size_bytes_ > limits::kHeaderBlockBytesMax) {
    metadata_ = Metadata();  // refused anyway: keep nothing of it
    return;
  }
  if (name.starts_with(':') || name.starts_with("grpc-") || name == "content-type" || name == "te") {
    AddReserved(name, value);
  } else if (name.ends_with("-bin")) {
    if (auto bytes = DecodeBinaryHeader(value); bytes.has_value()) {
      metadata_.Add(std::string(name), *std::move(bytes));
    } else if (malformed_.empty()) {
      malformed_ = name;
    }
  } else {
    metadata_.Add(std::string(name), std::string(value));
  }
}

void CallHead::AddReserved(std::string_view name, std::string_view value) {
  if (name == ":method") {
    method_ = value;
  } else if (name == ":path") {
    path_ = value;
  } else if (name == ":status") {
    http_status_ = value;
  } else if (name == "content-type") {
    content_type_ = value;
  } else if (name == "grpc-encoding") {
    encoding_ = value;
  } else if (name == "grpc-timeout") {
    timeout_ = ParseGrpcTimeout(value);
    if (!timeout_.has_value()) malformed_ = name;
  } else if (name == "grpc-status") {
    grpc_status_ = value;
  } else if (name == "grpc-message") {
    grpc_message_ = PercentDecode(value);
  } else if (name == kStatusDetailsHeader) {
    details_ = DecodeBinaryHeader(value).value_or("");
  }
}

std::optional<Refusal> CallHead::Judge() const {
  const auto refuse = [](absl::Status status) { return Refusal{.status = std::move(status)}; };
  if (size_bytes_ > limits::kHeaderBlockBytesMax) {
    return refuse(ResourceExhausted("header block larger than {} bytes", limits::kHeaderBlockBytesMax));
  }
  if (method_ != "POST") return Refusal{.http_status = "405"};
  if (!IsGrpc(content_type_)) return Refusal{.http_status = "415"};
  if (!malformed_.empty()) return refuse(Internal("malformed header {}", malformed_.substr(0, kShownBytesMax)));
  if (!encoding_.empty() && encoding_ != "identity") {
    return refuse(Unimplemented("grpc: Decompressor is not installed for grpc-encoding \"{}\"",
                                PercentEncode(encoding_.substr(0, kShownBytesMax))));
  }
  if (!path_.starts_with(kGrpcService)) {
    const std::string_view service = std::string_view(path_).substr(path_.starts_with('/') ? 1 : 0);
    return refuse(Unimplemented("unknown service {}",
                                PercentEncode(service.substr(0, service.rfind('/')).substr(0, kShownBytesMax))));
  }
  return std::nullopt;
}

absl::Status CallHead::JudgeResponse() const {
  if (size_bytes_ > limits::kHeaderBlockBytesMax) {
    return ResourceExhausted("header block larger than {} bytes", limits::kHeaderBlockBytesMax);
  }
  if (http_status_ != "200") return StatusFromHttp(http_status_);
  if (!IsGrpc(content_type_)) {
    return Unknown("unexpected content-type \"{}\" received from server",
                   PercentEncode(content_type_.substr(0, kShownBytesMax)));
  }
  if (!encoding_.empty() && encoding_ != "identity") {
    return Unimplemented("grpc: Decompressor is not installed for grpc-encoding \"{}\"",
                         PercentEncode(encoding_.substr(0, kShownBytesMax)));
  }
  return absl::OkStatus();
}

absl::Status CallHead::FinalStatus() const {
  if (!grpc_status_.has_value()) return Internal("server closed the stream without sending trailers");
  absl::Status status = StatusFromGrpc(*grpc_status_, grpc_message_);
  if (!status.ok() && !details_.empty()) status.SetPayload(kStatusDetailsHeader, absl::Cord(details_));
  return status;
}

}  // namespace hoop
