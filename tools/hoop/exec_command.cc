// `hoop exec`: one command, its input, its output and its exit code.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "api.h"
#include "descriptors.h"
#include "hoop/descriptors.h"
#include "session_command.h"
#include "signals.h"

namespace hoop::cli {
namespace {

constexpr std::string_view kOwnExit = "failed executing command, reason=";  // as agents say it
constexpr int kAgentFailed = 254;                                           // it did not come to an exit code
constexpr size_t kJsonOutputBytesMax = 16 << 20;  // of each channel: an event is one line in memory

// What the command says, kept for the last event.
class KeptOutput final : public ClientOutput {
 public:
  absl::Status Write(Channel channel, std::string_view bytes) override {
    std::string& kept = channel == Channel::kStdout ? stdout_ : stderr_;
    const size_t room = kJsonOutputBytesMax - kept.size();
    truncated_ = truncated_ || bytes.size() > room;
    kept += bytes.substr(0, room);
    return absl::OkStatus();
  }
  std::string stdout_, stderr_;
  bool truncated_ = false;
};

class ExecEvents final : public ClientEvents {
 public:
  explicit ExecEvents(const ExecOptions& options) : options_(options) {}
  void OnEvent(const ClientEvent& event) override {
    if (options_.json) return PrintEvent(event);
    if (event.kind != ClientEvent::Kind::kRunning) return SayNotice(event);
    if (!options_.silent) fmt::print(stderr, "session: {}\n", event.Get("session_id"));
  }

 private:
  const ExecOptions& options_;
};

// A terminal is nobody's input: it would have to be ended by hand.
absl::StatusOr<std::unique_ptr<ClientInput>> OpenInput(const ExecOptions& options) {
  if (options.input) return std::make_unique<TextInput>(*options.input);
  if (!options.file.empty()) {
    const int descriptor = ::open(options.file.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return absl::ErrnoToStatus(errno, fmt::format("input file {}", options.file));
    return std::make_unique<DescriptorInput>(descriptor);  // closed with the process
  }
  if (::isatty(STDIN_FILENO) != 0) return std::make_unique<TextInput>("");
  return std::make_unique<DescriptorInput>(STDIN_FILENO);
}

int SayResult(const ExecOptions& options, const SessionResult& result) {
  // The agent's words about a code that says it already are noise to scripts; any other reason is news.
  const bool said_by_code = result.text.starts_with(kOwnExit);
  if (said_by_code && !options.silent) Fail(result.text);
  if (!said_by_code && !result.text.empty()) Fail(fmt::format("{}: {}", options.connection, result.text));
  return result.exit_code;
}

int SayJsonResult(const SessionResult& result, const KeptOutput& kept) {
  ClientEvent event{.kind = ClientEvent::Kind::kCompleted,
                    .data = {{"stdout", kept.stdout_}, {"stderr", kept.stderr_}, {"error", result.text}},
                    .exit_code = result.exit_code};
  if (kept.truncated_) event.message = "output is cut";
  PrintEvent(event);
  return result.exit_code;
}

// What a reviewer approved runs at the gateway, as it was asked for then.
int RunReviewed(const Environment& environment, const ExecOptions& options) {
  auto api = MakeApi(environment);
  if (!api.ok()) return FailSession(options, api.status());
  const auto answer = (*api)->ExecReviewed(options.session);
  if (!answer.ok()) return FailSession(options, answer.status());
  const std::string url = fmt::format("hoop sessions get {}", answer->session_id);
  if (answer->has_review) {
    return FailSession(options, absl::FailedPreconditionError(fmt::format("session {} waits for approval: {}",
                                                                          answer->session_id, answer->output)));
  }
  const bool running = answer->status == "running";
  const int code = running ? 0 : answer->exit_code.value_or(kAgentFailed);
  if (options.json) {
    PrintEvent(
        {.kind = running ? ClientEvent::Kind::kRunning : ClientEvent::Kind::kCompleted,
         .data = {{"session_id", answer->session_id}, {"stdout", answer->output}, {"output_status", answer->status}},
         .exit_code = running ? std::nullopt : std::optional<int>(code)});
    return code;
  }
  if (running) {
    fmt::print(stderr,
               "hoop: session {} is still running; the gateway waits for 50 s and goes on without us\n"
               "hoop: `{}` shows what came of it\n",
               answer->session_id, url);
    return 0;
  }
  Print(answer->output);
  if (answer->truncated)
    fmt::print(stderr, "hoop: the output is cut; `hoop sessions download {}` has all of it\n", answer->session_id);
  return code;
}

}  // namespace

int RunExec(const Environment& environment, const ExecOptions& options) {
  if (!options.session.empty()) return RunReviewed(environment, options);
  if (options.connection.empty()) return Fail("missing connection name; see `hoop exec --help`");
  const auto request = MakeRequest(options);
  if (!request.ok()) return FailSession(options, request.status());
  auto input = OpenInput(options);
  if (!input.ok()) return FailSession(options, input.status());
  auto client = MakeClient(environment);
  if (!client.ok()) return FailSession(options, client.status());
  SignalThread signals({.cancel = [&client] { (*client)->Cancel(); }});
  ExecEvents events(options);
  StandardOutput plain;
  KeptOutput kept;
  ClientOutput& output = options.json ? static_cast<ClientOutput&>(kept) : plain;
  const auto result = (*client)->Exec(*request, **input, output, events);
  if (signals.signal() != 0) return 128 + signals.signal();
  if (plain.broken_pipe()) return kExitBrokenPipe;
  if (!result.ok()) {
    return FailSession(options, absl::Status(result.status().code(),
                                             fmt::format("{}: {}", options.connection, Text(result.status()))));
  }
  return options.json ? SayJsonResult(*result, kept) : SayResult(options, *result);
}

}  // namespace hoop::cli
