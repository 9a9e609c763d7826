// Keeps the agent connected: dials the gateway, opens the control stream, waits and dials again. Owned by Agent; each
// connection that stands is a GatewayLink. An agent that connects on demand asks first whether somebody wants it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "agent/agent_context.h"
#include "agent/connection_apps_poll.h"
#include "agent/gateway_link.h"
#include "agent/pre_connect_poll.h"
#include "base/agent_dsn.h"
#include "net/dial.h"
#include "transport/gateway_dialer.h"

namespace hoop {

// Loop thread only; from Start() to Stop(), or until it is destroyed.
class DialLoop final : public GatewayLink::Owner {
 public:
  // Of agents that connect when somebody wants them.
  struct OnDemand {
    PreConnectRequest request;  // the connection that it brings along, if it has a name
    // Gateways of 2024 are asked by REST, which names the address to dial; not by who brings a connection along.
    HttpClient::Options rest;
    Worker* worker = nullptr;  // makes those calls
    std::vector<std::string> items;
    std::function<absl::StatusOr<std::unique_ptr<GatewayDialer>>(const std::string& grpc_url)> dialer_for;
  };
  struct Settings {
    AgentDsn dsn;
    std::string bearer;  // the whole DSN
    std::string version;
    std::optional<OnDemand> on_demand;
  };
  // `on_change` hears OK when the gateway has accepted this agent, else why it is not connected.
  DialLoop(AgentContext& context, GatewayDialer& dialer, Settings settings,
           absl::AnyInvocable<void(const absl::Status&)> on_change);
  ~DialLoop() override;

  void Start() { Next(); }
  // The gateway that is lost from now on is not looked for again; running sessions go on.
  void Retire();
  // Ends all sessions with a word to their users; dials no more. What was said leaves while the loop turns.
  void Stop(std::string_view reason);

 private:
  void Next();
  void DialNow(GatewayDialer& dialer);
  void OpenLink();
  void AskByPreConnect();
  void AskByRest();
  void OnAsked(const absl::Status& status);
  void OnAskedByRest(absl::StatusOr<std::string> grpc_url);
  void OnAnswered(const absl::Status& status);
  void AskOtherwise(const absl::Status& status);
  void OnDialled(absl::StatusOr<std::unique_ptr<GatewayChannel>> channel);
  void Lose(const absl::Status& status, std::string_view event);
  absl::Duration NextPause();
  Metadata AgentHeaders() const;

  std::unique_ptr<PacketStream> OpenStream(const Metadata& headers) override;
  void OnConnected(Capabilities capabilities) override;
  void OnLinkEnd(const absl::Status& status) override;

  AgentContext& context_;
  GatewayDialer& dialer_;
  const Settings settings_;
  absl::AnyInvocable<void(const absl::Status&)> on_change_;
  bool stopped_ = false;
  int failures_ = 0;                            // in a row
  std::optional<absl::Duration> connected_at_;  // while a connection stands, and until its loss is handled
  // On demand.
  bool wanted_ = false;                  // somebody waits: connect
  bool asks_rest_ = false;               // a gateway of 2024
  std::optional<std::string> answered_;  // the last answer, "" for a good one
  std::unique_ptr<ConnectionAppsPoll> rest_poll_;
  std::unique_ptr<GatewayDialer> told_dialer_;  // to the address that REST named; outlives the channel

  std::unique_ptr<Dialing> dialing_;
  std::unique_ptr<Timer> pause_;
  std::unique_ptr<GatewayChannel> channel_;
  std::unique_ptr<PreConnectPoll> poll_;  // its calls end before their channel
  std::unique_ptr<GatewayLink> link_;     // its streams, too
};

}  // namespace hoop
