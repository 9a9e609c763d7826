// Keeps the agent connected: dials the gateway, opens the control stream, waits and dials again. Owned by Agent; each
// connection that stands is a GatewayLink.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "agent/agent_context.h"
#include "agent/gateway_link.h"
#include "base/agent_dsn.h"
#include "net/dial.h"
#include "transport/gateway_dialer.h"

namespace hoop {

// Loop thread only; from Start() to Stop(), or until it is destroyed.
class DialLoop final : public GatewayLink::Owner {
 public:
  struct Settings {
    AgentDsn dsn;
    std::string bearer;  // the whole DSN
    std::string version;
  };
  // `on_change` hears OK when the gateway has accepted this agent, else why it is not connected.
  DialLoop(AgentContext& context, GatewayDialer& dialer, Settings settings,
           absl::AnyInvocable<void(const absl::Status&)> on_change);
  ~DialLoop() override;

  void Start() { DialNow(); }
  // The gateway that is lost from now on is not looked for again; running sessions go on.
  void Retire();
  // Ends all sessions with a word to their users; dials no more. What was said leaves while the loop turns.
  void Stop(std::string_view reason);

 private:
  void DialNow();
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
  std::unique_ptr<Dialing> dialing_;
  std::unique_ptr<Timer> pause_;
  std::unique_ptr<GatewayChannel> channel_;
  std::unique_ptr<GatewayLink> link_;  // its streams end before their channel
};

}  // namespace hoop
