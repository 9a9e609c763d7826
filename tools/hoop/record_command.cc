// `hoop sessions replay` and `hoop audit verify`: the record itself, as it was written.
#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <thread>

#include "api.h"
#include "commands.h"
#include "descriptors.h"
#include "table.h"

namespace hoop::cli {
namespace {

// Plays a record's output: a command's as it was, the bytes of a protocol as readable lines, or all of it raw.
class Replay final {
 public:
  Replay(const ReplayOptions& options, bool readable) : options_(options), readable_(readable) {}

  // False: nobody reads the output.
  bool Play(const RecordEntry& entry) {
    const bool output = entry.kind == RecordKind::kOutput || entry.kind == RecordKind::kErrorOutput;
    if (!begun_) begun_ = entry.at;
    if (!output && !(readable_ && entry.kind == RecordKind::kInput)) return true;
    Wait(entry.at);
    if (readable_) return Print(Line(entry));
    const auto channel =
        entry.kind == RecordKind::kOutput ? ClientOutput::Channel::kStdout : ClientOutput::Channel::kStderr;
    status_ = output_.Write(channel, entry.payload);
    return status_.ok();
  }

  const absl::Status& status() const { return status_; }
  bool broken_pipe() const { return output_.broken_pipe(); }

 private:
  void Wait(absl::Time at) {
    if (!options_.timing || options_.raw) return;
    const absl::Time due = started_ + (at - *begun_) / options_.speed;
    std::this_thread::sleep_until(absl::ToChronoTime(due));
  }
  std::string Line(const RecordEntry& entry) const {
    return fmt::format("{:>10.6f}  {}  {}  {}\n", absl::ToDoubleSeconds(entry.at - *begun_),
                       Harmless(entry.connection_id), entry.direction == Direction::kRequest ? ">" : "<",
                       Harmless(entry.payload));
  }

  const ReplayOptions& options_;
  const bool readable_;
  const absl::Time started_ = absl::Now();
  std::optional<absl::Time> begun_;  // of the session
  StandardOutput output_;
  absl::Status status_;
};

// The key to trust, and a loud no when the gateway has another one by now.
absl::StatusOr<std::string> TrustedKey(ApiClient& api, const ClientConfig& config, const std::string& given) {
  if (!given.empty()) return given;
  if (config.audit_key.empty()) {
    return absl::FailedPreconditionError("no audit key is pinned: `hoop login` pins the gateway's, or give --key");
  }
  const auto current = api.AuditKey();
  if (!current.ok() || *current == config.audit_key) return config.audit_key;
  return absl::FailedPreconditionError(fmt::format(
      "THE AUDIT KEY OF THE GATEWAY CHANGED: pinned is {}, now it says {}; records of before can be checked with --key "
      "{}",
      AuditKeyName(config.audit_key).value_or("?"), AuditKeyName(*current).value_or("?"), config.audit_key));
}

std::string ReportJson(const std::string& id, const VerifyReport& report) {
  const nlohmann::ordered_json json = {{"session", id},
                                       {"ok", report.ok},
                                       {"sealed", report.sealed},
                                       {"problem", report.problem},
                                       {"records", report.records},
                                       {"payload_bytes", report.payload_bytes},
                                       {"key_id", report.key_id},
                                       {"end_reason", report.end_reason}};
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace

int RunSessionsReplay(const Environment& environment, const ReplayOptions& options) {
  auto api = MakeApi(environment);
  if (!api.ok()) return Fail(api.status());
  const auto id = ResolveSession(**api, options.id);
  if (!id.ok()) return Fail(id.status());
  const auto session = (*api)->Session(*id);
  if (!session.ok()) return Fail(session.status());
  const bool protocol = session->verb != "exec" && (session->type == "database" || session->subtype == "tcp" ||
                                                    session->type == "postgres" || session->type == "tcp");
  Replay replay(options, protocol && !options.raw);
  const absl::Status read = (*api)->ReadRecord(*id, [&replay](const RecordEntry& entry) { return replay.Play(entry); });
  if (replay.broken_pipe()) return kExitBrokenPipe;
  if (!read.ok()) return Fail(read);
  return replay.status().ok() ? 0 : Fail(replay.status());
}

int RunAuditVerify(const Environment& environment, const AuditVerifyOptions& options) {
  const auto config = LoadConfig(environment);
  if (!config.ok()) return Fail(config.status());
  auto api = MakeApi(environment);
  if (!api.ok()) return Fail(api.status());
  const auto id = ResolveSession(**api, options.id);
  if (!id.ok()) return Fail(id.status());
  const auto key = TrustedKey(**api, *config, options.key);
  if (!key.ok()) return Fail(key.status());
  const auto report = (*api)->VerifyRecord(*id, *key);
  if (!report.ok()) return Fail(report.status());
  if (options.json) {
    Print(ReportJson(*id, *report));
  } else if (report->ok) {
    Print(
        fmt::format("session {}: the record is whole and unchanged: {} records, {} bytes, sealed \"{}\" with key {}\n",
                    *id, report->records, report->payload_bytes, Harmless(report->end_reason), report->key_id));
  } else if (!report->sealed && report->problem.starts_with("no seal")) {
    Fail(fmt::format("session {}: not sealed yet, nothing to verify against: {}", *id, Harmless(report->problem)));
  } else {
    Fail(fmt::format("session {}: THE RECORD IS NOT GOOD: {}", *id, Harmless(report->problem)));
  }
  return report->ok ? 0 : kExitError;
}

}  // namespace hoop::cli
