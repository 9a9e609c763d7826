// `hoop connect`: a local listener, and what to paste to use it; or, for a command line, a terminal on the far side.
#include <fmt/format.h>
#include <unistd.h>

#include <optional>

#include "api.h"
#include "event_printer.h"
#include "hoop/descriptors.h"
#include "session_command.h"
#include "signals.h"

namespace hoop::cli {
namespace {

constexpr std::string_view kExitStatus = "failed executing command, reason=exit status ";  // as agents say it

class ConnectEvents final : public ClientEvents {
 public:
  explicit ConnectEvents(const ConnectOptions& options) : options_(options) {
    if (options.json) printer_.emplace(STDOUT_FILENO);
  }

  // The session is that of a command line.
  bool is_terminal() const { return connected_ && !listens_; }

  void OnEvent(const ClientEvent& event) override {
    connected_ = connected_ || event.kind == ClientEvent::Kind::kConnected;
    listens_ = listens_ || event.kind == ClientEvent::Kind::kReady;
    if (printer_) return printer_->Print(event);
    switch (event.kind) {
      case ClientEvent::Kind::kConnected:
        if (!options_.silent && !ready_) {
          fmt::print(stderr, "connection: {} | session: {}\n", options_.connection, event.Get("session_id"));
        } else if (ready_) {
          fmt::print(stderr, "hoop: connected again, session {}\n", event.Get("session_id"));
        }
        break;
      case ClientEvent::Kind::kReady:
        if (!std::exchange(ready_, true)) PrintReady(event);
        break;
      case ClientEvent::Kind::kLocalOpened:
        break;
      case ClientEvent::Kind::kLocalClosed:
        if (!event.message.empty() && !options_.silent) SayNotice(event);
        break;
      default:
        SayNotice(event);
    }
  }

 private:
  void PrintReady(const ClientEvent& event) const {
    const std::string_view host = event.Get("host"), port = event.Get("port");
    if (event.Get("user").empty()) {
      Print(
          fmt::format("\n--------------------tcp-connection--------------------\n"
                      "               host={} port={}\n"
                      "------------------------------------------------------\n"
                      "ready to accept connections!\n",
                      host, port));
      return;
    }
    Print(
        fmt::format("\n--------------------postgres-credentials--------------------\n"
                    "      host={0} port={1} user={2} password={3}\n"
                    "------------------------------------------------------------\n"
                    "psql \"host={0} port={1} user={2} password={3} dbname=postgres\"\n"
                    "ready to accept connections!\n",
                    host, port, event.Get("user"), event.Get("password")));
  }

  const ConnectOptions& options_;
  std::optional<EventPrinter> printer_;
  bool connected_ = false;
  bool listens_ = false;
  bool ready_ = false;  // said so
};

// How long the API may take to say what a connection speaks; a session is opened without knowing it otherwise.
constexpr absl::Duration kAskPatience = absl::Seconds(5);

std::string ProtocolOf(const Environment& environment, const std::string& connection) {
  const auto api = MakeApi(environment, kAskPatience);
  if (!api.ok()) return "";
  const auto info = (*api)->Connection(connection);
  return info.ok() ? info->protocol : "";
}

// As real command lines take it: sixty seconds at least.
absl::StatusOr<std::optional<absl::Duration>> ReadDuration(const std::string& text) {
  if (text.empty()) return std::nullopt;
  absl::Duration duration;
  if (!absl::ParseDuration(text, &duration)) {
    return absl::InvalidArgumentError("invalid duration, valid units are 's', 'm', 'h'. E.g.: 60s|3m|1h");
  }
  if (duration < absl::Minutes(1)) return absl::InvalidArgumentError("the minimum duration is 60 seconds (60s)");
  return duration;
}

}  // namespace

int RunConnect(const Environment& environment, const ConnectOptions& options) {
  auto request = MakeRequest(options);
  if (!request.ok()) return FailSession(options, request.status());
  const auto duration = ReadDuration(options.duration);
  if (!duration.ok()) return FailSession(options, duration.status());
  request->duration = *duration;
  auto client = MakeClient(environment);
  if (!client.ok()) return FailSession(options, client.status());
  DescriptorTerminal terminal(STDIN_FILENO, STDOUT_FILENO, DescriptorTerminal::Keys::kPassed);
  const TerminalGuard guard(terminal);
  SignalThread signals({.cancel = [&client] { (*client)->Cancel(); },
                        .resized = [&client] { (*client)->TerminalResized(); },
                        .terminal = &terminal});
  ConnectEvents events(options);
  // Events are lines for a script, which has no use for a terminal.
  const bool has_terminal = !options.json && ::isatty(STDIN_FILENO) != 0;
  const auto result = (*client)->Connect(*request,
                                         {.host = options.host,
                                          .port = options.port,
                                          .protocol = [&] { return ProtocolOf(environment, options.connection); }},
                                         has_terminal ? &terminal : nullptr, events);
  // A shell that ended with a code has said all there is to say.
  if (result.ok() && events.is_terminal() && (result->text.empty() || result->text.starts_with(kExitStatus))) {
    return result->exit_code;
  }
  // The last line may be a prompt, or half of what a program drew.
  if (!terminal.at_line_start()) fmt::print(stderr, "\n");
  if (signals.signal() != 0) {
    if (!options.json) fmt::print(stderr, "hoop: connection {} closed\n", options.connection);
    return 128 + signals.signal();
  }
  std::string text = result.ok() ? result->text : Text(result.status());
  if (text.empty()) text = "the session ended";
  const int code = result.ok() ? result->exit_code : kExitError;
  if (options.json) events.OnEvent({.kind = ClientEvent::Kind::kError, .message = text, .exit_code = code});
  // With the hint that a status has.
  Fail(absl::Status(result.ok() ? absl::StatusCode::kUnknown : result.status().code(),
                    fmt::format("{}: {}", options.connection, text)));
  return code;
}

}  // namespace hoop::cli
