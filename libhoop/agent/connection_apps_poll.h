// Asks a gateway of 2024, over and over, whether somebody wants this embedded agent: by REST, which also says where to
// connect. Made by DialLoop when the gateway does not know `PreConnect`.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "agent/agent_context.h"
#include "base/worker.h"
#include "outbound/http_client.h"

namespace hoop {

// Owned by DialLoop; loop thread only, the calls themselves are made on `worker`. Ends with `done`, or by
// being destroyed.
class ConnectionAppsPoll final {
 public:
  struct Callbacks {
    absl::AnyInvocable<void()> answered;  // the gateway knows this agent, nobody waits
    // Once, last; may destroy the poll (not synchronously: Loop::DestroyLater). Where to connect now (the gateway's
    // gRPC URL), or why there was no answer.
    absl::AnyInvocable<void(absl::StatusOr<std::string>)> done;
  };
  // `items`: names of shells that the agent offers.
  ConnectionAppsPoll(AgentContext& context, Worker& worker, HttpClient::Options gateway,
                     const std::vector<std::string>& items, Callbacks callbacks);
  ~ConnectionAppsPoll();

  void Start() { Ask(); }

 private:
  void Ask();
  void OnAnswer(absl::StatusOr<HttpResponse> answer);

  AgentContext& context_;
  Worker& worker_;
  const HttpClient::Options gateway_;
  const std::string body_;
  Callbacks callbacks_;
  std::unique_ptr<Timer> pause_;
  const std::shared_ptr<bool> alive_ =
      std::make_shared<bool>(true);  // an answer may come when nobody wants it any more
};

}  // namespace hoop
