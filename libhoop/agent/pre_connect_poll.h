// Asks a gateway of 2026, over and over, whether somebody wants this agent (`PreConnect`). Made by DialLoop on a
// connection that stands, for agents that connect on demand.
#pragma once

#include <memory>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "agent/agent_context.h"
#include "transport/gateway_dialer.h"
#include "wire/pre_connect.h"

namespace hoop {

// Owned by DialLoop; loop thread only. Ends with `done`, or by being destroyed.
class PreConnectPoll final {
 public:
  struct Callbacks {
    // Each answer: OK, or InvalidArgument with the gateway's words why it does not serve this agent's connection.
    absl::AnyInvocable<void(const absl::Status&)> answered;
    // Once, last; may destroy the poll (not synchronously: Loop::DestroyLater). OK: somebody waits, connect now. Else
    // why there was no answer; Unimplemented: a gateway of 2024.
    absl::AnyInvocable<void(const absl::Status&)> done;
  };
  // `channel` outlives the poll. `headers`: authorization.
  PreConnectPoll(AgentContext& context, GatewayChannel& channel, Metadata headers, const PreConnectRequest& request,
                 Callbacks callbacks);

  void Start() { Ask(); }

 private:
  void Ask();
  void OnAnswer(absl::StatusOr<std::string> answer);

  AgentContext& context_;
  GatewayChannel& channel_;
  const Metadata headers_;
  const std::string request_;
  Callbacks callbacks_;
  std::unique_ptr<Timer> pause_;
};

}  // namespace hoop
