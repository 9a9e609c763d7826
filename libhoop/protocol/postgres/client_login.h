// What the agent says to the user's program before it is logged in at the server: any number of encryption requests
// is answered `N`, then there is a start-up message or a cancel request. The program is never asked for a password:
// ServerLogin relays the server's own AuthenticationOk. Driven by agent/connectors/postgres.cc; does no I/O.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "protocol/postgres/framing.h"
#include "protocol/postgres/messages.h"

namespace hoop::postgres {

// One per connection id, made with its first packet, left when the start-up message or cancel request is there.
// Owned by the connector; loop thread only.
class ClientLogin final {
 public:
  ClientLogin() : reader_(Sender::kFrontend) {}

  // Feeds what the user's program sent. InvalidArgument or ResourceExhausted: not a client of this protocol; say
  // BuildLoginFailure(text) and close.
  absl::Status OnClientBytes(std::string_view bytes);

  // What is to be said to the program now ("N" for each encryption request), each a packet of its own.
  std::vector<std::string> TakeForClient() { return std::exchange(for_client_, {}); }

  // At most one of these two is ever set. Afterwards OnClientBytes only collects what TakeRest gives out.
  const std::optional<StartupMessage>& startup() const { return startup_; }
  // The whole CancelRequest, to be written to a new connection to the server as it is; nothing is answered.
  const std::optional<std::string>& cancel_request() const { return cancel_request_; }

  // What the program sent behind its start-up message: belongs to the server, after the login.
  std::string TakeRest() { return std::exchange(rest_, {}); }

 private:
  absl::Status OnMessage(FrameKind kind, std::string message);

  FrameReader reader_;
  std::string message_;  // the untyped message being collected
  std::vector<std::string> for_client_;
  std::optional<StartupMessage> startup_;
  std::optional<std::string> cancel_request_;
  std::string rest_;
};

}  // namespace hoop::postgres
