// Completion: `hoop completion SHELL` prints a few lines of that shell, which ask `hoop complete WORDS...` what the
// last of these words can become. All that is known of commands and options is read from the tree.
#include <fmt/format.h>

#include "command_tree.h"
#include "tools/hoop/table.h"

namespace hoop::cli {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(2);  // for names that only the gateway knows

constexpr char kBash[] = R"sh(_hoop() {
  local IFS=$'\n'
  COMPREPLY=($(hoop complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null | cut -f 1))
}
complete -o default -F _hoop hoop
)sh";

constexpr char kZsh[] = R"sh(#compdef hoop
_hoop() {
  local -a found
  local line
  for line in ${(f)"$(hoop complete "${(@)words[2,CURRENT]}" 2>/dev/null)"}; do
    found+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}")
  done
  if (( ${#found} )); then _describe hoop found; else _files; fi
}
compdef _hoop hoop
)sh";

constexpr char kFish[] = R"sh(function __hoop_complete
  set -l words (commandline -opc) (commandline -ct)
  hoop complete $words[2..] 2>/dev/null
end
complete -c hoop -f -a '(__hoop_complete)'
)sh";

// One line each: what can stand there, a tab, what it is.
class Candidates final {
 public:
  explicit Candidates(std::string beginning) : beginning_(std::move(beginning)) {}
  void Add(const std::string& word, std::string_view help = "") {
    if (word.starts_with(beginning_)) lines_ += fmt::format("{}\t{}\n", word, help);
  }
  const std::string& beginning() const { return beginning_; }
  const std::string& lines() const { return lines_; }

 private:
  const std::string beginning_;
  std::string lines_;
};

std::vector<CLI::App*> CommandsOf(CLI::App& app) {
  return app.get_subcommands([](const CLI::App* command) { return !command->get_group().empty(); });
}

bool TakesValue(const CLI::Option& option) { return option.get_items_expected_max() > 0; }

std::string FirstLine(const std::string& text) { return text.substr(0, text.find('\n')); }

void AddSessionIds(ApiClient& api, Candidates& candidates) {
  candidates.Add("last", "the newest one");
  const auto list = api.Sessions({.filters = {{"count", "none"}}});
  if (!list.ok()) return;
  for (const SessionInfo& session : list->sessions) {
    candidates.Add(session.id, Harmless(session.connection + " " + session.user));
  }
}

void AddConnectionNames(ApiClient& api, Candidates& candidates) {
  const auto connections = api.Connections();
  if (!connections.ok()) return;
  for (const ConnectionInfo& connection : *connections) {
    candidates.Add(Harmless(connection.name), TypeText(connection.type, connection.subtype));
  }
}

void AddValues(CommandTree& tree, const CLI::Option& option, Candidates& candidates) {
  const CommandTree::Completion* const completion = tree.FindCompletion(&option);
  if (completion == nullptr) return;
  for (const std::string& word : completion->words) candidates.Add(word);
  using Values = CommandTree::Values;
  if (completion->values != Values::kConnections && completion->values != Values::kSessions) return;
  const auto api = MakeApi(tree.environment(), kPatience);
  if (!api.ok()) return;
  if (completion->values == Values::kConnections) {
    AddConnectionNames(**api, candidates);
  } else {
    AddSessionIds(**api, candidates);
  }
}

// Where the words before the last one lead.
struct Place {
  CLI::App* app;
  const CLI::Option* option = nullptr;  // whose value comes next
  size_t positionals = 0;               // of the command, that are there already
  bool only_words = false;              // behind "--"
};

const CLI::Option* FindOption(CLI::App& app, const std::string& word) {
  for (CLI::App* each = &app; each != nullptr; each = each->get_parent()) {
    if (const CLI::Option* option = each->get_option_no_throw(word); option != nullptr) return option;
  }
  return nullptr;
}

Place FindPlace(CommandTree& tree, const std::vector<std::string>& words) {
  Place place{&tree.root()};
  for (const std::string& word : words) {
    if (std::exchange(place.option, nullptr) != nullptr) continue;
    if (word == "--") {
      place.only_words = true;
    } else if (!place.only_words && word.size() > 1 && word[0] == '-') {
      const CLI::Option* const option = FindOption(*place.app, word);
      if (option != nullptr && TakesValue(*option)) place.option = option;
    } else {
      CLI::App* next = nullptr;
      for (CLI::App* command : CommandsOf(*place.app)) {
        if (command->check_name(word)) next = command;
      }
      if (next != nullptr) {
        place.app = next;
      } else {
        ++place.positionals;
      }
    }
  }
  return place;
}

void AddOptionNames(CLI::App& app, Candidates& candidates) {
  for (CLI::App* each = &app; each != nullptr; each = each->get_parent()) {
    for (const CLI::Option* option : each->get_options()) {
      for (const std::string& name : option->get_lnames()) candidates.Add("--" + name, option->get_description());
    }
  }
}

void AddPositional(CommandTree& tree, const Place& place, Candidates& candidates) {
  size_t number = 0;
  for (const CLI::Option* option : place.app->get_options()) {
    if (option->get_positional() && number++ == place.positionals) return AddValues(tree, *option, candidates);
  }
}

int Complete(CommandTree& tree, std::vector<std::string> words) {
  if (words.empty()) words.emplace_back();
  Candidates candidates(words.back());
  words.pop_back();
  const Place place = FindPlace(tree, words);
  if (place.only_words) return 0;
  if (place.option != nullptr) {
    AddValues(tree, *place.option, candidates);
  } else if (candidates.beginning().starts_with('-')) {
    AddOptionNames(*place.app, candidates);
  } else {
    for (const CLI::App* command : CommandsOf(*place.app)) {
      candidates.Add(command->get_name(), FirstLine(command->get_description()));
    }
    AddPositional(tree, place, candidates);
  }
  Print(candidates.lines());
  return 0;
}

}  // namespace

void AddCompletionCommands(CommandTree& tree) {
  CLI::App& group = tree.AddGroup(tree.root(), "completion", "Lines that teach a shell to complete hoop's commands");
  const struct {
    const char *shell, *script, *example;
  } shells[] = {{"bash", kBash, "  source <(hoop completion bash)          # in ~/.bashrc"},
                {"zsh", kZsh, "  source <(hoop completion zsh)           # in ~/.zshrc, behind compinit"},
                {"fish", kFish, "  hoop completion fish | source           # in ~/.config/fish/config.fish"}};
  for (const auto& [shell, script, example] : shells) {
    CLI::App& command = tree.AddPlain(group, shell, fmt::format("For {}", shell), [script = script] {
      Print(script);
      return 0;
    });
    CommandTree::AddExamples(command, example);
  }
}

std::optional<int> CompleteIfAsked(CommandTree& tree, int argc, char** argv) {
  if (argc < 2 || std::string_view(argv[1]) != "complete") return std::nullopt;
  return Complete(tree, std::vector<std::string>(argv + 2, argv + argc));
}

}  // namespace hoop::cli
