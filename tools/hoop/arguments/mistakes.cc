// Arguments that were not understood: one line, and what was probably meant.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "command_tree.h"

namespace hoop::cli {
namespace {

size_t EditDistance(const std::string& a, const std::string& b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = std::exchange(row[0], i);
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t change = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({change, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

// The group that the arguments name, and the first word that is none of its commands; "" when all are.
struct Unknown {
  CLI::App* group;
  std::string word;
};
Unknown FindUnknown(CLI::App& app, int argc, char** argv) {
  CLI::App* group = &app;
  for (int i = 1; i < argc && argv[i][0] != '-'; ++i) {
    if (group->get_subcommands([](CLI::App*) { return true; }).empty()) break;
    const std::string word = argv[i];
    const auto named = group->get_subcommands([&word](const CLI::App* command) { return command->check_name(word); });
    if (named.empty()) return {group, word};
    group = named.front();
  }
  return {group, ""};
}

std::string Suggestion(const CLI::App& group, const std::string& word) {
  std::string best;
  size_t best_distance = std::max<size_t>(2, word.size() / 3) + 1;
  for (const CLI::App* command : group.get_subcommands([](const CLI::App*) { return true; })) {
    const size_t distance = EditDistance(word, command->get_name());
    if (distance < best_distance) {
      best_distance = distance;
      best = command->get_name();
    }
  }
  return best;
}

// What real command lines have and this one has not: why, or what does it here.
struct Elsewhere {
  std::string_view group;  // below which command; "": the first word
  std::string_view word;
  std::string_view instead;
};
constexpr std::string_view kNotServed = "this gateway does not serve it";
constexpr Elsewhere kElsewhere[] = {
    {"", "agent",
     "as a service an agent is a unit of systemd: `systemctl enable --now hoop-agent` (hoop-agent.service is installed "
     "with the programs, its variables are in /etc/hoop/agent.env); here and now: `hoop start agent`"},
    {"", "search", "there is no index of what sessions hold; `hoop sessions list` has filters"},
    {"", "runbooks", kNotServed},
    {"", "claude", kNotServed},
    {"start", "standalone", "`hoop start dev` is gateway, agent and database in one process"},
    {"start", "inspect", kNotServed},
    {"versions", "upgrade", "nothing is downloaded: `hoop versions install VERSION --from FILE --use`"},
    {"resources", "health", kNotServed},
    {"resources", "plan", "roles in the target are neither made nor changed"},
    {"resources", "apply", "roles in the target are neither made nor changed"},
    {"admin", "license", "there is nothing to license"},
    {"admin", "mcp", kNotServed},
    {"admin", "feature-flag", "there are no flags: what is there is on"},
    {"admin", "sshserver", kNotServed},
    {"admin", "federation", kNotServed},
    {"admin", "webhooks-dashboard", kNotServed},
    {"admin", "webhook-dashboard", kNotServed},
    {"create", "clientkeys", "`hoop admin create agent` makes keys"},
    {"create", "policy", kNotServed},
    {"create", "spiffe-mapping", kNotServed},
    {"create", "svixeventtype", kNotServed},
    {"create", "svixendpoint", kNotServed},
    {"create", "svixmessage", kNotServed},
};

const Elsewhere* FindElsewhere(const CLI::App& group, const std::string& word) {
  for (const Elsewhere& row : kElsewhere) {
    if (row.word == word && row.group == (group.get_parent() == nullptr ? "" : group.get_name())) return &row;
  }
  return nullptr;
}

}  // namespace

int FailUsage(CommandTree& tree, const CLI::ParseError& error, int argc, char** argv) {
  const auto [group, word] = FindUnknown(tree.root(), argc, argv);
  std::string names = "hoop";
  for (const CLI::App* app = group; app != &tree.root(); app = app->get_parent()) {
    names.insert(4, " " + app->get_name());
  }
  if (word.empty()) return Fail(fmt::format("{}; see `{} --help`", error.what(), names));
  if (const Elsewhere* elsewhere = FindElsewhere(*group, word)) {
    return Fail(fmt::format("there is no `{} {}` here: {}", names, word, elsewhere->instead));
  }
  const std::string suggestion = Suggestion(*group, word);
  if (suggestion.empty()) return Fail(fmt::format("unknown command \"{}\"; see `{} --help`", word, names));
  return Fail(fmt::format("unknown command \"{}\": did you mean `{} {}`?", word, names, suggestion));
}

}  // namespace hoop::cli
