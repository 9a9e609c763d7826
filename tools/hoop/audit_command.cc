// `hoop audit verify`: the proof of a record, recomputed.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "api.h"
#include "commands.h"
#include "table.h"

namespace hoop::cli {
namespace {

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
                                       {"running", report.running},
                                       {"problem", report.problem},
                                       {"records", report.records},
                                       {"payload_bytes", report.payload_bytes},
                                       {"key_id", report.key_id},
                                       {"end_reason", report.end_reason}};
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace

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
  } else if (report->running) {
    Fail(fmt::format(
        "session {}: still runs: {} records are in order so far, the seal that proves them comes at its end", *id,
        report->records));
  } else {
    Fail(fmt::format("session {}: THE RECORD IS NOT GOOD: {}", *id, Harmless(report->problem)));
  }
  return report->ok ? 0 : kExitError;
}

}  // namespace hoop::cli
