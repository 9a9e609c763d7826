// The commands of `hoop` as CLI11 knows them. Each Add... declares one family and lives in a file of its own; a command
// that was named stores what is to be run. Made by command_line.cc; read again for completion and manual pages.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tools/hoop/api.h"
#include "tools/hoop/commands.h"

namespace hoop::cli {

// One thread. The options of a command live as long as this.
class CommandTree final {
 public:
  // What stands for an argument: fixed words, or what the gateway knows.
  enum class Values { kWords, kConnections, kSessions, kFiles };
  struct Completion {
    Values values = Values::kWords;
    std::vector<std::string> words;
  };

  explicit CommandTree(const Environment& environment) : environment_(environment) {}
  CommandTree(const CommandTree&) = delete;
  CommandTree& operator=(const CommandTree&) = delete;

  CLI::App& root() { return app_; }
  // Options that hold for every command change it before a command runs.
  Environment& environment() { return environment_; }
  const std::function<int()>& action() const { return action_; }

  template <typename Options>
  CLI::App& Add(CLI::App& parent, const std::string& name, const std::string& help, std::shared_ptr<Options> options,
                int (*run)(const Environment&, const Options&)) {
    return AddPlain(parent, name, help, [this, options, run] { return run(environment_, *options); });
  }
  // A command that asks the API: the client is made for it, and what it answers is said.
  template <typename Options>
  CLI::App& AddAsking(CLI::App& parent, const std::string& name, const std::string& help,
                      std::shared_ptr<Options> options, absl::Status (*run)(ApiClient&, const Options&)) {
    return AddPlain(parent, name, help, [this, options, run] {
      return RunWithApi(environment_, [&options, run](ApiClient& api) { return run(api, *options); });
    });
  }
  CLI::App& AddPlain(CLI::App& parent, const std::string& name, const std::string& help, std::function<int()> run);
  // A command that has only commands below it.
  CLI::App& AddGroup(CLI::App& parent, const std::string& name, const std::string& help);

  // --json, and the form of the real command line: -o json.
  void AddJson(CLI::App& command, bool& json);
  // The same for what also has a wide table.
  void AddForm(CLI::App& command, OutputForm& form);
  // Each occurrence takes one value and nothing is split: values may have commas and spaces.
  void AddEnv(CLI::App& command, std::vector<std::string>& env, const std::string& help);
  // Comma-separated; '' is the empty list, where an optional takes an empty text for no value.
  static CLI::Option* AddList(CLI::App& command, const std::string& name, std::optional<std::vector<std::string>>& list,
                              const std::string& help);
  static void AddExamples(CLI::App& command, const std::string& examples);
  // A command that changes what is given: with no option at all it is a mistake, which names those that there are.
  static void WantsAnOption(CLI::App& command);
  // Only these words are taken.
  void OneOf(CLI::Option* option, std::vector<std::string> words);
  void Completes(const CLI::Option* option, Completion completion) { completions_[option] = std::move(completion); }
  const Completion* FindCompletion(const CLI::Option* option) const;

 private:
  Environment environment_;
  CLI::App app_{"hoop: audited access to private services through a gateway", "hoop"};
  std::function<int()> action_;
  std::map<const CLI::Option*, Completion> completions_;
};

void AddSessionCommands(CommandTree& tree);   // exec, connect
void AddSessionsCommands(CommandTree& tree);  // sessions, audit
void AddListCommands(CommandTree& tree);      // list
void AddConfigCommands(CommandTree& tree);    // login, config
void AddAdminCommands(CommandTree& tree);
void AddStartCommands(CommandTree& tree);
void AddLocalCommands(CommandTree& tree);  // run, proxy-manager
void AddCompletionCommands(CommandTree& tree);
void AddManualCommand(CommandTree& tree);
void AddVersionsCommands(CommandTree& tree);

// `hoop complete WORDS...`, which shells ask: not in the tree, since its words may be anything. The exit code.
std::optional<int> CompleteIfAsked(CommandTree& tree, int argc, char** argv);

// What is wrong with these arguments, with the command that was probably meant; the exit code.
int FailUsage(CommandTree& tree, const CLI::ParseError& error, int argc, char** argv);

}  // namespace hoop::cli
