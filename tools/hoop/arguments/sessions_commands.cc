// `hoop sessions` and `hoop audit`: their arguments.
#include "tools/hoop/sessions_commands.h"

#include <fmt/format.h>

#include <cmath>

#include "absl/strings/numbers.h"
#include "command_tree.h"
#include "tools/hoop/table.h"

namespace hoop::cli {
namespace {

CLI::Option* AddId(CommandTree& tree, CLI::App& command, std::string& id) {
  CLI::Option* option = command.add_option("id", id, "Session id, or last")->required();
  tree.Completes(option, {.values = CommandTree::Values::kSessions});
  return option;
}

// CLI11's own words for a number that is not positive give the largest one, with all its digits.
std::string IsSpeed(const std::string& text) {
  double speed = 0;
  const bool is_speed = absl::SimpleAtod(text, &speed) && speed > 0 && std::isfinite(speed);
  return is_speed ? "" : fmt::format("{} is no number above 0", Harmless(text));
}

void AddList(CommandTree& tree, CLI::App& group) {
  auto list = std::make_shared<SessionsListOptions>();
  CLI::App& command = tree.AddAsking(group, "list", "The newest sessions", list, ListSessions);
  command.add_option("--limit", list->limit, "How many (default: 20)")->check(CLI::Range(1, 100));
  command.add_option("--offset", list->offset, "How many of the newest to leave out")->check(CLI::Range(0, 10000));
  command.add_flag("--all", list->all, "All of them, page by page");
  command.add_option("--user", list->user, "Of this user; % stands for anything");
  CLI::Option* connection =
      command.add_option("--connection,--role", list->connection, "Of this connection; % stands for anything");
  tree.Completes(connection, {.values = CommandTree::Values::kConnections});
  command.add_option("--type", list->type, "Of this type; % stands for anything");
  tree.OneOf(command.add_option("--status", list->status, "open (it runs), ready or done; looks as far as it takes"),
             {"open", "ready", "done"});
  command.add_option("--start-date", list->start_date, "Begun after: 2026-01-31, RFC 3339, or an age as 90m, 2h, 7d");
  command.add_option("--end-date", list->end_date, "Begun before");
  command.add_option("--review-status", list->review_status, "With a review that is PENDING, APPROVED, REJECTED ...");
  command.add_option("--review-approver", list->review_approver, "Decided on by who has this e-mail");
  command.add_option("--jira-issue-key", list->jira_issue_key, "Of these issues, comma-separated");
  command.add_option("--correlation-id", list->correlation_id, "Of this correlation id");
  tree.OneOf(command.add_option("--count", list->count, "In JSON: how far to count: capped, exact or none"),
             {"capped", "exact", "none"});
  CLI::Option* fields = command.add_option("--fields", list->fields, "Columns, comma-separated");
  fields->delimiter(',')->check(CLI::IsMember(SessionFields()));
  tree.Completes(fields, {.words = SessionFields()});
  tree.AddForm(command, list->form);
  command.add_flag("-q,--quiet", list->quiet, "Ids alone, one a line");
  CommandTree::AddExamples(command,
                           "  hoop sessions list --connection pg-demo --limit 5\n"
                           "  hoop sessions list --status open --start-date 2d\n"
                           "  hoop sessions list --start-date 2h --fields id,user,verb,duration,reason\n"
                           "  hoop sessions list --all -q --user me@example.com");
}

void AddReplay(CommandTree& tree, CLI::App& group) {
  auto replay = std::make_shared<ReplayOptions>();
  CLI::App& command = tree.Add(group, "replay", "Show the output again, with its timing", replay, RunSessionsReplay);
  AddId(tree, command, replay->id);
  command.add_option("--speed", replay->speed, "Times as fast (default: 1)")->check(IsSpeed);
  command.add_flag_callback(
      "--no-timing", [replay] { replay->timing = false; }, "All at once");
  command.add_flag("--raw", replay->raw, "The recorded bytes of the output as they were, all at once");
  command.add_flag("--resize", replay->resize, "Ask this terminal for the sizes that the recorded one had");
  CommandTree::AddExamples(command,
                           "  hoop sessions replay last --speed 4\n  hoop sessions replay ID --raw > output.bin");
}

void AddDownload(CommandTree& tree, CLI::App& group) {
  auto download = std::make_shared<DownloadOptions>();
  CLI::App& command = tree.AddAsking(group, "download", "Its output as a file", download, DownloadSession);
  AddId(tree, command, download->id);
  CLI::Option* file = command.add_option("file", download->file, "The file (default: named after it); - for stdout");
  file->type_name("FILE");
  tree.Completes(file, {.values = CommandTree::Values::kFiles});
  tree.OneOf(command.add_option("--format", download->format, "txt (default), json or csv"), {"txt", "json", "csv"});
  command.add_option("--events", download->events, "Of i (input), o (output), e (errors); default: o,e");
  command.add_flag("--newlines", download->newlines, "A line feed after each event");
  command.add_flag("--times", download->times, "Its time before each event");
  command.add_flag("--overwrite", download->overwrite, "Replace a file that is there");
  CommandTree::AddExamples(command,
                           "  hoop sessions download last\n  hoop sessions download ID - --format json --events i,o,e");
}

void AddSessions(CommandTree& tree) {
  CLI::App& group = tree.AddGroup(tree.root(), "sessions", "What was done: list, get, replay, download, kill");
  AddList(tree, group);
  auto get = std::make_shared<SessionIdOptions>();
  CLI::App& get_command =
      tree.AddAsking(group, "get", "Who, what, when, how it ended; every SQL statement", get, ShowSession);
  AddId(tree, get_command, get->id);
  tree.AddJson(get_command, get->json);
  get_command.add_flag("-q,--quiet", get->quiet, "Its id alone");
  CommandTree::AddExamples(get_command, "  hoop sessions get last\n  id=$(hoop sessions get last -q)");
  AddReplay(tree, group);
  AddDownload(tree, group);
  auto kill = std::make_shared<SessionIdOptions>();
  CLI::App& kill_command = tree.AddAsking(group, "kill", "End a running session", kill, KillSession);
  AddId(tree, kill_command, kill->id);
  tree.AddJson(kill_command, kill->json);
  CommandTree::AddExamples(kill_command, "  hoop sessions kill last");
}

void AddAudit(CommandTree& tree) {
  CLI::App& group = tree.AddGroup(tree.root(), "audit", "Prove that a record is whole and unchanged");
  auto options = std::make_shared<AuditVerifyOptions>();
  CLI::App& verify =
      tree.Add(group, "verify", "Fetch a session's record and recompute its proof", options, RunAuditVerify);
  AddId(tree, verify, options->id);
  verify.add_option("--key", options->key, "The audit key to trust, base64 (default: the one pinned at login)");
  tree.AddJson(verify, options->json);
  CommandTree::AddExamples(verify, "  hoop audit verify last");
}

}  // namespace

void AddSessionsCommands(CommandTree& tree) {
  AddSessions(tree);
  AddAudit(tree);
}

}  // namespace hoop::cli
