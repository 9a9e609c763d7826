// How the gateway does: numbers for Prometheus, and whether it is ready to serve.
#include <utility>

#include "base/status.h"
#include "base/status_macros.h"
#include "rest/json.h"
#include "rest/metrics_text.h"
#include "rest/request_counts.h"
#include "rest/routes.h"

namespace hoop::rest {
namespace {

constexpr char kPrometheusType[] = "text/plain; version=0.0.4; charset=utf-8";

void AddSessions(const RunningNumbers& numbers, MetricsText& text) {
  text.Begin("hoop_sessions_open", "gauge", "Sessions that are going on.");
  for (const auto& [type, count] : numbers.sessions_open) text.Add(count, {{"type", type}});
  text.Begin("hoop_sessions_begun_total", "counter", "Sessions that were begun.");
  for (const auto& [type, count] : numbers.sessions_begun) text.Add(count, {{"type", type}});
  text.One("hoop_agents_online", "gauge", "Agents that are connected.", numbers.agents_online);
}

void AddJournal(const JournalNumbers& journal, MetricsText& text) {
  text.Begin("hoop_recorded_bytes_total", "counter", "Payload that was recorded.");
  text.Add(journal.request_bytes, {{"direction", "request"}});
  text.Add(journal.reply_bytes, {{"direction", "reply"}});
  text.One("hoop_journal_bytes", "gauge", "Size of the journal's files.", journal.bytes);
  text.One("hoop_journal_bytes_max", "gauge", "What they may grow to.", journal.bytes_max);
  text.One("hoop_journal_full", "gauge", "1: there is no room for more records.", journal.is_full ? 1 : 0);
  text.One("hoop_journal_unsynced_bytes", "gauge", "Written, not on stable storage yet.", journal.unsynced_bytes);
  text.One("hoop_journal_unflushed_bytes", "gauge", "On stable storage, not in the store yet.",
           journal.unflushed_bytes);
  text.One("hoop_journal_stalls_total", "counter", "Writes that took more than a second.", journal.stalls);
  text.Begin("hoop_journal_sync_seconds", "histogram", "How long a sync took.");
  text.AddTimes(journal.syncs);
}

absl::StatusOr<Response> ShowMetrics(const ApiParts& parts, const RequestCounts& counts) {
  MetricsText text;
  text.Begin("hoop_build_info", "gauge", "Always 1.");
  text.Add(1, {{"version", parts.info.version}});
  if (parts.numbers != nullptr) {
    HOOP_ASSIGN_OR_RETURN(const RunningNumbers numbers, parts.numbers->Read());
    AddSessions(numbers, text);
    if (numbers.journal) AddJournal(*numbers.journal, text);
  }
  text.Begin("hoop_http_requests_total", "counter", "Answers of the API.");
  for (const auto& [key, count] : counts.Read()) {
    const auto& [route, status] = key;
    text.Add(count, {{"method", route == nullptr ? "" : route->method},
                     {"route", route == nullptr ? "none" : route->pattern},
                     {"status", std::to_string(status)}});
  }
  return Response{.content_type = kPrometheusType, .body = text.Take()};
}

// 503 with what is missing: whoever sends requests here sends them elsewhere for a while.
absl::StatusOr<Response> ShowReadiness(const ApiParts& parts) {
  const absl::Status store = parts.store.Check();
  bool has_room = true;
  if (parts.numbers != nullptr) {
    HOOP_ASSIGN_OR_RETURN(const RunningNumbers numbers, parts.numbers->Read());
    has_room = !numbers.journal || !numbers.journal->is_full;
  }
  if (!store.ok()) parts.log.Warning("not ready", "store", StatusText(store));
  const bool ready = store.ok() && has_room;
  return JsonAnswer(ready ? 200 : 503,
                    {{"ready", ready}, {"store", store.ok() ? "ok" : "down"}, {"journal", has_room ? "ok" : "full"}});
}

}  // namespace

void AddMetricsRoutes(RouteTable& routes, const ApiParts& parts, const RequestCounts& counts) {
  routes.Add({"GET", "/metrics", Rule::kAuditor, 0, Lane::kShort,
              [&parts, &counts](const Request&) { return ShowMetrics(parts, counts); }});
  routes.Add({"GET", "/healthz/ready", Rule::kAnonymous, 0, Lane::kShort,
              [&parts](const Request&) { return ShowReadiness(parts); }});
}

}  // namespace hoop::rest
