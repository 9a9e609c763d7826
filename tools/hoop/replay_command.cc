// `hoop sessions replay`: the output of a record again, as it was, with its timing.
#include <fmt/format.h>
#include <unistd.h>

#include "absl/synchronization/notification.h"
#include "api.h"
#include "commands.h"
#include "descriptors.h"
#include "hoop/descriptors.h"
#include "hoop/postgres_transcript.h"
#include "signals.h"
#include "table.h"

namespace hoop::cli {
namespace {

// Waits until an event of the record is due. Stop may come from another thread.
class Pace final {
 public:
  explicit Pace(const ReplayOptions& options) : options_(options) {}

  // False: it was stopped.
  bool WaitFor(absl::Time at) {
    if (!options_.timing || options_.raw) return !stopped_.HasBeenNotified();
    const absl::Time due = started_ + SinceBegin(at) / options_.speed;
    return !stopped_.WaitForNotificationWithTimeout(due - absl::Now());
  }
  // The first one that is asked for is the beginning.
  absl::Duration SinceBegin(absl::Time at) {
    if (!begun_) begun_ = at;
    return at - *begun_;
  }
  void Stop() { stopped_.Notify(); }

 private:
  const ReplayOptions& options_;
  const absl::Time started_ = absl::Now();
  std::optional<absl::Time> begun_;
  absl::Notification stopped_;
};

bool IsOutput(const RecordEntry& entry) {
  return entry.kind == RecordKind::kOutput || entry.kind == RecordKind::kErrorOutput;
}

// How the payloads of a record are shown.
enum class Form {
  kBytes,     // a command's output as it was; or all of it raw
  kReadable,  // both directions of a protocol, a line for each piece
  kPostgres,  // its statements and their results
};

Form FormOf(const SessionInfo& session, const ReplayOptions& options) {
  if (options.raw || !IsOfProtocol(session)) return Form::kBytes;
  return IsOfPostgres(session) ? Form::kPostgres : Form::kReadable;
}

class Replay final {
 public:
  Replay(const ReplayOptions& options, Form form) : form_(form), pace_(options) {}

  // False: nobody reads the output.
  bool Play(const RecordEntry& entry) {
    pace_.SinceBegin(entry.at);
    if (form_ == Form::kPostgres) return PrintLines(entry, transcript_.Lines(entry));
    const bool readable = form_ == Form::kReadable;
    if (!IsOutput(entry) && !(readable && entry.kind == RecordKind::kInput)) return true;
    if (readable) return PrintLines(entry, {entry.payload});
    pace_.WaitFor(entry.at);
    played_ = true;
    const auto channel =
        entry.kind == RecordKind::kOutput ? ClientOutput::Channel::kStdout : ClientOutput::Channel::kStderr;
    status_ = output_.Write(channel, entry.payload);
    return status_.ok();
  }

  const absl::Status& status() const { return status_; }
  bool broken_pipe() const { return output_.broken_pipe(); }
  bool has_played() const { return played_; }

 private:
  bool PrintLines(const RecordEntry& entry, const std::vector<std::string>& lines) {
    if (lines.empty()) return true;
    pace_.WaitFor(entry.at);
    played_ = true;
    std::string text;
    for (const std::string& line : lines) {
      text += fmt::format("{:>10.6f}  {}  {}  {}\n", absl::ToDoubleSeconds(pace_.SinceBegin(entry.at)),
                          Harmless(entry.connection_id), entry.direction == Direction::kRequest ? ">" : "<",
                          Harmless(line));
    }
    return Print(text);
  }

  const Form form_;
  PostgresTranscript transcript_;
  bool played_ = false;
  Pace pace_;
  StandardOutput output_;
  absl::Status status_;
};

// The screens of a terminal on the user's own.
class ScreenReplay final {
 public:
  ScreenReplay(const ReplayOptions& options, DescriptorTerminal& terminal)
      : options_(options), pace_(options), terminal_(terminal), own_size_(terminal.Size()) {}

  // False: it was stopped, or the screen takes nothing.
  bool Play(const RecordEntry& entry) {
    pace_.SinceBegin(entry.at);
    if (entry.kind == RecordKind::kControl) return OnSize(entry);
    if (!IsOutput(entry)) return true;
    if (!pace_.WaitFor(entry.at)) return false;
    played_ = true;
    status_ = Show(entry.payload);
    return status_.ok();
  }
  // Any thread.
  void Stop() { pace_.Stop(); }
  // The terminal gets its own size again.
  void Finish() {
    if (options_.resize && last_size_) (void)AskForSize(own_size_);
  }
  // The last screen had no room here: what is seen is not what was.
  bool was_too_small() const {
    return !options_.resize && last_size_ &&
           (last_size_->rows > own_size_.rows || last_size_->columns > own_size_.columns);
  }
  const TerminalSize& last_size() const { return *last_size_; }
  bool has_played() const { return played_; }

  const absl::Status& status() const { return status_; }

 private:
  bool OnSize(const RecordEntry& entry) {
    const auto size = ParseTerminalSize(entry.payload);
    if (!size.ok() || size->rows == 0 || size->columns == 0) return true;
    if (options_.resize) {
      if (!pace_.WaitFor(entry.at)) return false;
      status_ = AskForSize(*size);
    }
    last_size_ = *size;
    return status_.ok();
  }
  absl::Status AskForSize(const TerminalSize& size) {
    return Show(fmt::format("\x1b[8;{};{}t", size.rows, size.columns));
  }
  absl::Status Show(std::string_view bytes) { return terminal_.output().Write(ClientOutput::Channel::kStdout, bytes); }

  const ReplayOptions& options_;
  Pace pace_;
  DescriptorTerminal& terminal_;
  const TerminalSize own_size_;
  std::optional<TerminalSize> last_size_;
  bool played_ = false;
  absl::Status status_;
};

int ReplayScreens(ApiClient& api, const SessionInfo& session, const ReplayOptions& options) {
  DescriptorTerminal terminal(STDIN_FILENO, STDOUT_FILENO, DescriptorTerminal::Keys::kIgnored);
  const TerminalGuard guard(terminal);
  ScreenReplay replay(options, terminal);
  SignalThread signals({.cancel = [&replay] { replay.Stop(); }, .terminal = &terminal});
  if (const absl::Status begun = terminal.Begin(); !begun.ok()) return Fail(begun);
  const absl::Status read =
      api.ReadRecord(session.id, [&replay](const RecordEntry& entry) { return replay.Play(entry); });
  replay.Finish();
  terminal.End();
  if (signals.signal() != 0) return 128 + signals.signal();
  if (!read.ok()) return Fail(read);
  if (!replay.status().ok()) return Fail(replay.status());
  SayWhatThereWas(session, replay.has_played());
  if (replay.was_too_small()) {
    if (!terminal.at_line_start()) fmt::print(stderr, "\n");
    fmt::print(stderr,
               "hoop: it ended with {} rows and {} columns, more than this terminal has; --resize asks for them\n",
               replay.last_size().rows, replay.last_size().columns);
  }
  return 0;
}

}  // namespace

int RunSessionsReplay(const Environment& environment, const ReplayOptions& options) {
  auto api = MakeApi(environment);
  if (!api.ok()) return Fail(api.status());
  const auto id = ResolveSession(**api, options.id);
  if (!id.ok()) return Fail(id.status());
  const auto session = (*api)->Session(*id);
  if (!session.ok()) return Fail(session.status());
  if (IsOfTerminal(*session) && !options.raw && ::isatty(STDOUT_FILENO) != 0) {
    return ReplayScreens(**api, *session, options);
  }
  Replay replay(options, FormOf(*session, options));
  const absl::Status read = (*api)->ReadRecord(*id, [&replay](const RecordEntry& entry) { return replay.Play(entry); });
  if (replay.broken_pipe()) return kExitBrokenPipe;
  if (!read.ok()) return Fail(read);
  if (!replay.status().ok()) return Fail(replay.status());
  SayWhatThereWas(*session, replay.has_played());
  return 0;
}

}  // namespace hoop::cli
