#include "agent/connectors/host.h"

#include <utility>

#include "agent/connectors/host_channel.h"
#include "agent/connectors/host_targets.h"
#include "agent/connectors/tcp.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "net/byte_stream.h"
#include "wire/packet_types.h"

namespace hoop {
namespace {

constexpr std::string_view kPrefix = "host:";
constexpr int kRefusedCode = 254;

// Of a service that refused: there is nothing to hear.
class NoEvents final : public HostStreamEvents {
  void OnData(std::string_view) override {}
};

class HostConnector final : public Connector {
 public:
  HostConnector(ConnectorSeat seat, HostService& service, HostCall call)
      : seat_(std::move(seat)), service_(service), call_(std::move(call)) {}

  bool Takes(std::string_view packet_type) const override {
    return packet_type == (call_.is_command ? packet::kAgentExecWriteStdin : packet::kAgentTcpWrite);
  }
  bool has_connection_ids() const override { return !call_.is_command; }

  std::unique_ptr<Target> Start(Line& line, Target::Ended ended) override {
    HostCall call = call_;
    call.session_id = line.session_id();
    call.connection_id = line.connection_id();
    auto [stream, channel] = HostChannel::Make(seat_.context.loop, std::move(call));
    absl::StatusOr<std::unique_ptr<HostStreamEvents>> events = service_.Open(std::move(stream));
    if (!events.ok()) {
      channel->Refuse({kRefusedCode, StatusText(events.status())});
      events = std::make_unique<NoEvents>();
    }
    if (Descriptor descriptor = channel->ReleaseDescriptor(); descriptor.is_open()) {
      auto socket = AdoptSocket(seat_.context.loop, descriptor.Release(), std::string(kPrefix) + call_.service);
      if (!call_.is_command) return MakeSocketTarget(seat_, std::move(socket), line, std::move(ended));
      return MakeHostSocketCommand(seat_, std::move(channel), std::move(socket), line, std::move(ended));
    }
    return MakeHostEventTarget(seat_, std::move(channel), *std::move(events), line, std::move(ended));
  }

 private:
  const ConnectorSeat seat_;
  HostService& service_;
  const HostCall call_;
};

std::string_view AfterPrefix(std::string_view text) {
  return text.starts_with(kPrefix) ? text.substr(kPrefix.size()) : std::string_view();
}

}  // namespace

std::optional<std::string> HostServiceName(const AgentConnectionParams& params, const SessionEnvironment& environment) {
  const std::string& type = params.connection_type;
  std::string first;
  if (type == "tcp") {
    first = environment.Get("HOST");
  } else if (params.client_verb != "connect" || type == "command-line" || type == "application") {
    first = params.command.empty() ? std::string() : params.command[0];
  }
  const std::string_view name = AfterPrefix(first);
  if (name.empty()) return std::nullopt;
  return std::string(name);
}

absl::StatusOr<std::unique_ptr<Connector>> MakeHostConnector(ConnectorSeat seat, const std::string& name) {
  HostCall call{.service = name,
                .connection_name = seat.params.connection_name,
                .user_id = seat.params.user_id,
                .user_email = seat.params.user_email,
                .is_command = seat.params.connection_type != "tcp",
                .variables = seat.environment.variables,
                .files = seat.environment.files};
  const auto service = seat.context.host_services.find(name);
  if (service == seat.context.host_services.end()) {
    return NotFound("connection {}: the program around this agent serves no \"{}\"", call.connection_name, name);
  }
  if (call.is_command == (seat.params.client_verb == "connect")) {
    return Unimplemented("connection {}: served by the program around its agent, which takes \"hoop {}\" only",
                         call.connection_name, call.is_command ? "exec" : "connect");
  }
  if (call.is_command) {
    HOOP_ASSIGN_OR_RETURN(call.arguments,
                          ExpandArguments(seat.params.command, seat.params.client_args, call.variables));
    call.arguments.erase(call.arguments.begin());
  }
  return std::make_unique<HostConnector>(std::move(seat), *service->second, std::move(call));
}

}  // namespace hoop
