#include "agent/pre_connect_poll.h"

#include <utility>

#include "base/limits/agent.h"
#include "base/status.h"

namespace hoop {

PreConnectPoll::PreConnectPoll(AgentContext& context, GatewayChannel& channel, Metadata headers,
                               const PreConnectRequest& request, Callbacks callbacks)
    : context_(context),
      channel_(channel),
      headers_(std::move(headers)),
      request_(EncodePreConnectRequest(request)),
      callbacks_(std::move(callbacks)) {}

void PreConnectPoll::Ask() {
  if (!channel_.accepts_streams()) return callbacks_.done(Unavailable("the gateway ended the connection"));
  channel_.CallUnary(
      "PreConnect", headers_, request_, [this](absl::StatusOr<std::string> answer) { OnAnswer(std::move(answer)); },
      limits::kPreConnectAnswerTime);
}

void PreConnectPoll::OnAnswer(absl::StatusOr<std::string> answer) {
  if (!answer.ok()) return callbacks_.done(answer.status());
  const absl::StatusOr<PreConnectResponse> response = ParsePreConnectResponse(*answer);
  if (!response.ok()) return callbacks_.done(response.status());
  if (response->status == kPreConnectNow) return callbacks_.done(absl::OkStatus());
  callbacks_.answered(response->message.empty() ? absl::OkStatus() : InvalidArgument("{}", response->message));
  pause_ = context_.loop.After(limits::kPreConnectInterval, [this] { Ask(); });
}

}  // namespace hoop
