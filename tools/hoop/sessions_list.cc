// `hoop sessions list`: the newest sessions, narrowed and by pages.
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "sessions_commands.h"
#include "table.h"

namespace hoop::cli {
namespace {

std::string OrDash(const std::string& text) { return text.empty() ? "-" : text; }

std::string StatusText(const SessionInfo& session) {
  return session.exit_code ? fmt::format("{} ({})", session.status, *session.exit_code) : session.status;
}

std::string DurationText(const SessionInfo& session) {
  if (!session.started_at || !session.ended_at) return "-";
  return absl::FormatDuration(absl::Trunc(*session.ended_at - *session.started_at, absl::Milliseconds(1)));
}

// A column: its name in --fields is its headline in lower case.
struct Field {
  std::string_view name;
  std::string (*text)(const SessionInfo& session);
};

constexpr Field kFields[] = {
    {"id", [](const SessionInfo& session) { return session.id; }},
    {"user", [](const SessionInfo& session) { return OrDash(session.user); }},
    {"connection", [](const SessionInfo& session) { return session.connection; }},
    {"role", [](const SessionInfo& session) { return session.connection; }},  // what the real one calls a connection
    {"type", [](const SessionInfo& session) { return TypeText(session.type, session.subtype); }},
    {"verb", [](const SessionInfo& session) { return session.verb; }},
    {"status", StatusText},
    {"exit_code",
     [](const SessionInfo& session) { return session.exit_code ? std::to_string(*session.exit_code) : "-"; }},
    {"start_date", [](const SessionInfo& session) { return TimeText(session.started_at); }},
    {"end_date", [](const SessionInfo& session) { return TimeText(session.ended_at); }},
    {"duration", DurationText},
    {"age",
     [](const SessionInfo& session) -> std::string {
       return session.started_at ? AgeText(absl::Now() - *session.started_at) : "-";
     }},
    {"size", [](const SessionInfo& session) { return std::to_string(session.event_bytes); }},
    {"review", [](const SessionInfo& session) { return OrDash(session.review_status); }},
    {"reason", [](const SessionInfo& session) { return OrDash(session.end_reason); }},
};
constexpr std::string_view kUsual[] = {"id", "user", "connection", "status", "age", "reason"};
constexpr size_t kUsualReasonMax = 72;
constexpr size_t kNarrow = 110;  // a terminal below it has no room for the last of the usual columns
constexpr std::string_view kWide[] = {"id",         "user",     "connection", "type",   "verb",  "status",
                                      "start_date", "duration", "size",       "review", "reason"};

std::vector<const Field*> ChosenFields(const SessionsListOptions& options) {
  std::vector<std::string_view> names(options.fields.begin(), options.fields.end());
  if (names.empty() && options.form == OutputForm::kWide) names.assign(std::begin(kWide), std::end(kWide));
  const bool is_narrow = TerminalWidth() > 0 && TerminalWidth() < kNarrow;
  if (names.empty()) names.assign(std::begin(kUsual), std::end(kUsual) - (is_narrow ? 1 : 0));
  std::vector<const Field*> fields;
  for (const std::string_view name : names) {
    fields.push_back(std::find_if(std::begin(kFields), std::end(kFields),
                                  [name](const Field& field) { return field.name == name; }));
  }
  return fields;
}

// RFC 3339; a day (its midnight here); or how long ago: 90m, 2h, 7d.
absl::StatusOr<std::string> ReadDate(std::string_view option, const std::string& text) {
  absl::Time time;
  std::string error;
  if (text.empty() || absl::ParseTime(absl::RFC3339_full, text, &time, &error)) return text;
  int64_t number = 0;
  char unit = 0;
  if (absl::ParseTime("%Y-%m-%d", text, absl::LocalTimeZone(), &time, &error)) {
  } else if (std::sscanf(text.c_str(), "%9ld%c", &number, &unit) == 2 && number >= 0 && text.size() < 12 &&
             text.back() == unit && std::string_view("smhd").find(unit) != std::string_view::npos) {
    const absl::Duration each = unit == 's'   ? absl::Seconds(1)
                                : unit == 'm' ? absl::Minutes(1)
                                : unit == 'h' ? absl::Hours(1)
                                              : absl::Hours(24);
    time = absl::Now() - number * each;
  } else {
    return absl::InvalidArgumentError(fmt::format(
        "{} {}: no date: 2026-01-31, 2026-01-31T08:00:00Z, or an age as 90m, 2h, 7d", option, Harmless(text)));
  }
  return absl::FormatTime(absl::RFC3339_sec, time, absl::UTCTimeZone());
}

absl::StatusOr<SessionQuery> ReadQuery(const SessionsListOptions& options) {
  const auto from = ReadDate("--start-date", options.start_date), to = ReadDate("--end-date", options.end_date);
  if (!from.ok()) return from.status();
  if (!to.ok()) return to.status();
  return SessionQuery{.limit = options.limit,
                      .offset = options.offset,
                      .filters = {{"user", options.user},
                                  {"connection", options.connection},
                                  {"type", options.type},
                                  {"review.approver", options.review_approver},
                                  {"review.status", options.review_status},
                                  {"jira_issue_key", options.jira_issue_key},
                                  {"correlation_id", options.correlation_id},
                                  {"start_date", *from},
                                  {"end_date", *to},
                                  {"count", options.count}}};
}

// Page by page, while `show` wants more. By the gateway's cursor where it has one: an offset gets slow and is bounded.
absl::Status ForEachPage(ApiClient& api, SessionQuery query, absl::FunctionRef<bool(const SessionList&)> show) {
  query.limit = 100;
  query.filters["count"] = "none";
  while (true) {
    const auto page = api.Sessions(query);
    if (!page.ok()) return page.status();
    if (!show(*page) || !page->has_next_page || page->sessions.empty()) return absl::OkStatus();
    if (page->next_cursor.empty()) {
      query.offset += static_cast<int>(page->sessions.size());
    } else {
      query.offset = 0;
      query.filters["cursor"] = page->next_cursor;
    }
  }
}

struct Found {
  std::vector<SessionInfo> sessions;
  std::string json;  // the gateway's answer, or one of its shape
  bool more = false;
};

absl::StatusOr<Found> FindOnePage(ApiClient& api, const SessionQuery& query) {
  auto page = api.Sessions(query);
  if (!page.ok()) return page.status();
  return Found{std::move(page->sessions), std::move(page->json), page->has_next_page};
}

// As many pages as it takes: all of them, or until there are enough of a status. That is picked here, because gateways
// have no such filter.
absl::StatusOr<Found> FindOverPages(ApiClient& api, SessionQuery query, const SessionsListOptions& options) {
  const std::string& status = options.status;
  int skipped = status.empty() ? 0 : std::exchange(query.offset, 0);
  const size_t most = options.all ? std::numeric_limits<size_t>::max() : static_cast<size_t>(options.limit);
  const bool as_json = options.form == OutputForm::kJson;
  Found found;
  auto rows = nlohmann::ordered_json::array();
  const absl::Status asked = ForEachPage(api, std::move(query), [&](const SessionList& page) {
    const auto json = as_json ? nlohmann::ordered_json::parse(page.json, nullptr, false) : nlohmann::ordered_json();
    for (size_t i = 0; i < page.sessions.size(); ++i) {
      if (!status.empty() && page.sessions[i].status != status) continue;
      if (skipped-- > 0) continue;
      found.more = found.sessions.size() == most;
      if (found.more) return false;
      found.sessions.push_back(page.sessions[i]);
      if (as_json) rows.push_back(json["data"][i]);
    }
    return true;
  });
  if (!asked.ok()) return asked;
  if (!as_json) return found;
  const auto total = options.all ? nlohmann::ordered_json(rows.size()) : nlohmann::ordered_json();
  const nlohmann::ordered_json answer = {{"data", std::move(rows)}, {"total", total}, {"has_next_page", found.more}};
  found.json = answer.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  return found;
}

void PrintSessions(const Found& found, const SessionsListOptions& options) {
  if (options.form == OutputForm::kJson || options.quiet) {
    std::string text;
    for (const SessionInfo& session : found.sessions) text += session.id + "\n";
    Print(options.form == OutputForm::kJson ? found.json + "\n" : text);
    return;
  }
  const std::vector<const Field*> fields = ChosenFields(options);
  Rows rows(1);
  for (const Field* field : fields) {
    std::string& headline = rows.front().emplace_back(field->name);
    std::transform(headline.begin(), headline.end(), headline.begin(), [](unsigned char c) { return std::toupper(c); });
  }
  // A terminal cuts by itself. What was asked for by name is whole.
  const bool is_usual = options.fields.empty() && options.form != OutputForm::kWide;
  for (const SessionInfo& session : found.sessions) {
    auto& row = rows.emplace_back();
    for (const Field* field : fields) row.push_back(field->text(session));
    if (is_usual) row.back() = Shortened(row.back(), kUsualReasonMax);
  }
  PrintTable(rows, options.form == OutputForm::kWide);
}

}  // namespace

std::vector<std::string> SessionFields() {
  std::vector<std::string> names;
  for (const Field& field : kFields) names.emplace_back(field.name);
  return names;
}

absl::Status ListSessions(ApiClient& api, const SessionsListOptions& options) {
  const auto query = ReadQuery(options);
  if (!query.ok()) return query.status();
  const bool over_pages = options.all || !options.status.empty();
  const auto found = over_pages ? FindOverPages(api, *query, options) : FindOnePage(api, *query);
  if (!found.ok()) return found.status();
  PrintSessions(*found, options);
  if (found->more && options.form != OutputForm::kJson) {
    fmt::print(stderr, "more: --offset {}, or --all\n", options.offset + static_cast<int>(found->sessions.size()));
  }
  return absl::OkStatus();
}

}  // namespace hoop::cli
