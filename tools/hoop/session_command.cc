#include "session_command.h"

#include <fmt/format.h>

#include "tools/grpc_client.h"

namespace hoop::cli {

absl::StatusOr<SessionRequest> MakeRequest(const SessionOptions& options) {
  SessionRequest request{
      .connection = options.connection, .args = options.args, .correlation_id = options.correlation_id};
  for (const std::string& variable : options.env) {
    const size_t equals = variable.find('=');
    if (equals == std::string::npos || equals == 0) {
      return absl::InvalidArgumentError(fmt::format("-e {}: not of the form NAME=value", variable));
    }
    request.env[variable.substr(0, equals)] = variable.substr(equals + 1);
  }
  return request;
}

absl::StatusOr<std::unique_ptr<Client>> MakeClient(const Environment& environment) {
  auto config = LoadConfig(environment);
  if (!config.ok()) return config.status();
  auto grpc_library = GrpcLibrary(environment.grpc_client);
  if (!grpc_library.ok()) return grpc_library.status();
  return Client::Create(
      {.config = *std::move(config), .version = environment.version, .grpc_library = *std::move(grpc_library)});
}

void PrintEvent(const ClientEvent& event) { Print(EventJson(event) + "\n"); }

int FailSession(const SessionOptions& options, const absl::Status& status) {
  if (options.json) {
    PrintEvent({.kind = ClientEvent::Kind::kError, .message = Text(status), .exit_code = kExitError});
  }
  return Fail(status);
}

void SayNotice(const ClientEvent& event) {
  if (event.kind == ClientEvent::Kind::kWaitingApproval) {
    fmt::print(stderr, "hoop: {} at {}\n", event.message, event.Get("review_url"));
  } else {
    fmt::print(stderr, "hoop: {}\n", event.message);
  }
}

}  // namespace hoop::cli
