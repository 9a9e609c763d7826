// What one header block of a call says: the head of a request, of a response, or trailers.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "wire/metadata.h"

namespace hoop {

// Why a request is not served. A value.
struct Refusal {
  std::string http_status = "200";  // else there is no gRPC to answer in
  absl::Status status;
};

// Filled header by header by libnghttp2's call-back, judged when the block is complete. Lives only meanwhile.
class CallHead final {
 public:
  void Add(std::string_view name, std::string_view value);

  // Request: why it cannot be served, if so.
  std::optional<Refusal> Judge() const;
  const std::string& path() const { return path_; }
  std::optional<absl::Duration> timeout() const { return timeout_; }
  Metadata TakeMetadata() { return std::move(metadata_); }

  // Response: an error when the answer is not gRPC at all.
  absl::Status JudgeResponse() const;
  bool is_informational() const { return http_status_.size() == 3 && http_status_[0] == '1'; }
  // What a block that ends the stream says about the call.
  absl::Status FinalStatus() const;

 private:
  void AddReserved(std::string_view name, std::string_view value);

  size_t size_bytes_ = 0;  // as HTTP/2 counts: 32 bytes more per header
  std::string method_, path_, http_status_, content_type_, encoding_;
  std::optional<std::string> grpc_status_;
  std::string grpc_message_, details_;
  std::string malformed_;  // the name of the first header that makes no sense
  std::optional<absl::Duration> timeout_;
  Metadata metadata_;
};

}  // namespace hoop
