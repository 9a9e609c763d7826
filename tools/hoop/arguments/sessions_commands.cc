// `hoop sessions` and `hoop audit`: their arguments.
#include "command_tree.h"

namespace hoop::cli {
namespace {

void AddSessions(CommandTree& tree) {
  CLI::App& group = tree.AddGroup(tree.root(), "sessions", "What was done: list, get, replay, kill");
  auto list = std::make_shared<SessionsListOptions>();
  CLI::App& list_command = tree.Add(group, "list", "The newest sessions", list, RunSessionsList);
  list_command.add_option("--limit", list->limit, "How many (default: 20)")->check(CLI::Range(1, 100));
  list_command.add_option("--offset", list->offset, "How many of the newest to leave out")->check(CLI::Range(0, 10000));
  list_command.add_option("--user", list->user, "Of this user; % stands for anything");
  list_command.add_option("--connection", list->connection, "Of this connection; % stands for anything");
  list_command.add_option("--type", list->type, "Of this type; % stands for anything");
  tree.AddJson(list_command, list->json);
  CommandTree::AddExamples(list_command,
                           "  hoop sessions list --connection pg-demo --limit 5\n  hoop sessions list --json");

  auto get = std::make_shared<SessionIdOptions>();
  CLI::App& get_command =
      tree.Add(group, "get", "Who, what, when, how it ended; every SQL statement", get, RunSessionsGet);
  get_command.add_option("id", get->id, "Session id, or last")->required();
  tree.AddJson(get_command, get->json);
  CommandTree::AddExamples(get_command, "  hoop sessions get last");

  auto replay = std::make_shared<ReplayOptions>();
  CLI::App& replay_command =
      tree.Add(group, "replay", "Show the output again, with its timing", replay, RunSessionsReplay);
  replay_command.add_option("id", replay->id, "Session id, or last")->required();
  replay_command.add_option("--speed", replay->speed, "Times as fast (default: 1)")->check(CLI::PositiveNumber);
  replay_command.add_flag_callback(
      "--no-timing", [replay] { replay->timing = false; }, "All at once");
  replay_command.add_flag("--raw", replay->raw, "The recorded bytes of the output as they were, all at once");
  replay_command.add_flag("--resize", replay->resize, "Ask this terminal for the sizes that the recorded one had");
  CommandTree::AddExamples(replay_command,
                           "  hoop sessions replay last --speed 4\n  hoop sessions replay ID --raw > output.bin");

  auto kill = std::make_shared<SessionIdOptions>();
  CLI::App& kill_command = tree.Add(group, "kill", "End a running session", kill, RunSessionsKill);
  kill_command.add_option("id", kill->id, "Session id, or last")->required();
  tree.AddJson(kill_command, kill->json);
}

void AddAudit(CommandTree& tree) {
  CLI::App& group = tree.AddGroup(tree.root(), "audit", "Prove that a record is whole and unchanged");
  auto options = std::make_shared<AuditVerifyOptions>();
  CLI::App& verify =
      tree.Add(group, "verify", "Fetch a session's record and recompute its proof", options, RunAuditVerify);
  verify.add_option("id", options->id, "Session id, or last")->required();
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
