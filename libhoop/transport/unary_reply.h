// The one answer of a unary call that we make. Used by both diallers: grpc_channel and grpc/grpc_cpp_channel.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "base/status.h"
#include "transport/gateway_dialer.h"

namespace hoop {

// Owned by its call; loop thread. Ends with Tell.
class UnaryReply final {
 public:
  explicit UnaryReply(GatewayChannel::OnUnaryDone done) : done_(std::move(done)) {}

  // Internal: there was one before; the call has failed with this.
  absl::Status Take(std::string message) {
    if (answer_.has_value()) return Internal("more than one answer to a unary call");
    answer_ = std::move(message);
    return absl::OkStatus();
  }

  // The call is over as `status` says: the caller gets that, or the answer. It may destroy what owns this.
  void Tell(const absl::Status& status) {
    auto done = std::move(done_);
    if (!status.ok()) return done(status);
    if (!answer_.has_value()) return done(Internal("no answer to a unary call"));
    done(*std::move(answer_));
  }

 private:
  GatewayChannel::OnUnaryDone done_;
  std::optional<std::string> answer_;
};

}  // namespace hoop
