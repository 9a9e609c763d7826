// `hoop sessions get | kill`: one session, and every statement of one that has them.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "absl/strings/escaping.h"
#include "sessions_commands.h"
#include "table.h"

namespace hoop::cli {
namespace {

std::string CodeText(const SessionInfo& session) {
  return session.exit_code ? std::to_string(*session.exit_code) : "-";
}

// As -e was given it; of other kinds with the kind.
std::string GivenText(const std::string& key, const std::string& base64) {
  const size_t prefix = key.starts_with("envvar:") ? key.find(':') + 1 : 0;
  std::string value;
  if (!absl::Base64Unescape(base64, &value)) value = base64;
  return fmt::format("{}={}", key.substr(prefix), ShellWord(value));
}

void ShowHead(const SessionInfo& session) {
  std::vector<std::vector<std::string>> rows = {
      {"session", session.id},
      {"user", session.user_name.empty() ? session.user : fmt::format("{} ({})", session.user, session.user_name)},
      {"connection", fmt::format("{} ({})", session.connection, TypeText(session.type, session.subtype))},
      {"verb", session.verb},
      {"status", session.status},
      {"started", TimeText(session.started_at)},
  };
  if (session.ended_at && session.started_at) {
    rows.push_back({"ended", fmt::format("{} (after {})", TimeText(session.ended_at),
                                         absl::FormatDuration(absl::Trunc(*session.ended_at - *session.started_at,
                                                                          absl::Milliseconds(1))))});
  }
  if (!session.end_reason.empty()) rows.push_back({"end", session.end_reason});
  if (session.exit_code) rows.push_back({"exit code", CodeText(session)});
  std::string record = fmt::format("{} bytes", session.event_bytes);
  if (!session.record.empty()) record += ", " + session.record;
  if (session.sealed) record += *session.sealed ? ", sealed" : ", not sealed yet";
  rows.push_back({"record", record});
  if (IsOfTerminal(session) && session.event_bytes > 0)
    rows.push_back({"screens", fmt::format("hoop sessions replay {}", session.id)});
  if (!session.client_args.empty()) {
    std::vector<std::string> words;
    for (const std::string& word : session.client_args) words.push_back(ShellWord(word));
    rows.push_back({"arguments", Shortened(fmt::format("{}", fmt::join(words, " ")), 500)});
  }
  for (const auto& [key, value] : session.client_env) {
    rows.push_back({"variable", Shortened(GivenText(key, value), 500)});
  }
  if (!session.script.empty()) rows.push_back({"input", Shortened(session.script, 500)});
  Print(FormatTable(rows));
}

// Every page to `show`, which answers whether it wants more.
template <typename Show>
absl::Status ForEachPage(ApiClient& api, const std::string& id, Show show) {
  std::string cursor;
  do {
    auto page = api.Statements(id, cursor);
    if (!page.ok()) return page.status();
    if (!show(*page) || page->next_cursor == cursor) break;
    cursor = page->next_cursor;
  } while (!cursor.empty());
  return absl::OkStatus();
}

std::string StatementLine(const StatementInfo& statement) {
  std::string outcome = statement.error.empty() ? statement.command_tag : statement.error;
  if (outcome.empty()) outcome = statement.outcome;
  std::string line = fmt::format("{:>6}  {}  {:>10}  {:<24}  {}", statement.number, Harmless(statement.connection_id),
                                 absl::FormatDuration(absl::Trunc(statement.duration, absl::Microseconds(1))),
                                 Harmless(outcome), Harmless(statement.sql));
  if (statement.sql_truncated) line += " ...";
  if (!statement.parameter_types.empty()) line += fmt::format("  ({})", Harmless(statement.parameter_types));
  return line + "\n";
}

absl::Status ShowStatements(ApiClient& api, const std::string& id) {
  Print("\nstatements\n");
  uint64_t count = 0;
  const absl::Status status = ForEachPage(api, id, [&count](const StatementPage& page) {
    std::string lines;
    for (const StatementInfo& statement : page.statements) lines += StatementLine(statement);
    for (const std::string& problem : page.problems)
      lines += fmt::format("        not understood: {}\n", Harmless(problem));
    count += page.statements.size();
    return Print(lines);
  });
  if (status.ok()) Print(fmt::format("{} statements\n", count));
  return status;
}

absl::Status ShowJson(ApiClient& api, const SessionInfo& session, bool statements) {
  auto json = nlohmann::ordered_json::parse(session.json, nullptr, false);
  if (statements) {
    auto& list = json["statements"] = nlohmann::ordered_json::array();
    auto& problems = json["problems"] = nlohmann::ordered_json::array();
    const absl::Status status = ForEachPage(api, session.id, [&](const StatementPage& page) {
      const auto answer = nlohmann::ordered_json::parse(page.json, nullptr, false);
      for (const auto& statement : answer["data"]) list.push_back(statement);
      for (const std::string& problem : page.problems) problems.push_back(problem);
      return true;
    });
    if (!status.ok()) return status;
  }
  Print(json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n");
  return absl::OkStatus();
}

}  // namespace

absl::Status ShowSession(ApiClient& api, const SessionIdOptions& options) {
  const auto id = ResolveSession(api, options.id);
  if (!id.ok()) return id.status();
  const auto session = api.Session(*id);
  if (!session.ok()) return session.status();
  if (options.json) return ShowJson(api, *session, IsOfPostgres(*session));
  if (options.quiet) {
    Print(session->id + "\n");
    return absl::OkStatus();
  }
  ShowHead(*session);
  return IsOfPostgres(*session) ? ShowStatements(api, *id) : absl::OkStatus();
}

absl::Status KillSession(ApiClient& api, const SessionIdOptions& options) {
  const auto id = ResolveSession(api, options.id);
  if (!id.ok()) return id.status();
  const auto session = api.Session(*id);
  if (!session.ok()) return session.status();
  const bool is_over = session->status == "done";  // to gateways that is as good as killed
  if (!is_over) {
    if (const absl::Status killed = api.KillSession(*id); !killed.ok()) return killed;
  }
  if (options.json) {
    Print(nlohmann::ordered_json({{"session", *id}, {"killed", !is_over}}).dump() + "\n");
  } else {
    Print(fmt::format("session {} {}\n", Harmless(*id), is_over ? "was over already" : "killed"));
  }
  return absl::OkStatus();
}

}  // namespace hoop::cli
