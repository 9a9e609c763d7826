#include "command_tree.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace hoop::cli {

CLI::App& CommandTree::AddPlain(CLI::App& parent, const std::string& name, const std::string& help,
                                std::function<int()> run) {
  CLI::App& command = *parent.add_subcommand(name, help);
  command.callback([this, run = std::move(run)] { action_ = run; });
  return command;
}

CLI::App& CommandTree::AddGroup(CLI::App& parent, const std::string& name, const std::string& help) {
  CLI::App& group = *parent.add_subcommand(name, help);
  group.require_subcommand(1);
  return group;
}

void CommandTree::AddJson(CLI::App& command, bool& json) {
  command.add_flag("--json", json, "JSON on standard output, for scripts");
  OneOf(command.add_option_function<std::string>(
            "-o,--output", [&json](const std::string& form) { json = form == "json"; }, "json or plain"),
        {"json", "plain"});
}

void CommandTree::AddForm(CLI::App& command, OutputForm& form) {
  command.add_flag_callback(
      "--json", [&form] { form = OutputForm::kJson; }, "JSON on standard output, for scripts");
  OneOf(command.add_option_function<std::string>(
            "-o,--output",
            [&form](const std::string& word) {
              form = word == "json" ? OutputForm::kJson : word == "wide" ? OutputForm::kWide : OutputForm::kTable;
            },
            "json, wide (all columns, nothing shortened) or plain"),
        {"json", "wide", "plain"});
}

void CommandTree::AddEnv(CLI::App& command, std::vector<std::string>& env, const std::string& help) {
  command.add_option("-e,--env", env, help)->type_name("NAME=VALUE")->allow_extra_args(false);
}

CLI::Option* CommandTree::AddList(CLI::App& command, const std::string& name,
                                  std::optional<std::vector<std::string>>& list, const std::string& help) {
  const auto set = [&list](const std::vector<std::string>& items) {
    list.emplace();
    std::copy_if(items.begin(), items.end(), std::back_inserter(*list), [](const auto& item) { return !item.empty(); });
  };
  return command.add_option_function<std::vector<std::string>>(name, set, help)
      ->delimiter(',')
      ->allow_extra_args(false);
}

void CommandTree::AddExamples(CLI::App& command, const std::string& examples) {
  command.footer("Examples:\n" + examples);
}

void CommandTree::WantsAnOption(CLI::App& command) {
  command.parse_complete_callback([&command] {
    std::string names;
    for (const CLI::Option* option : command.get_options()) {
      const bool is_change = option != command.get_help_ptr() && !(option->get_positional() && option->get_required());
      if (!is_change) continue;
      if (option->count() > 0) return;
      names += (names.empty() ? "" : ", ") + (option->get_positional() ? "-- COMMAND" : option->get_name());
    }
    throw CLI::RequiredError("nothing to change is given; one of " + names, CLI::ExitCodes::RequiredError);
  });
}

void CommandTree::OneOf(CLI::Option* option, std::vector<std::string> words) {
  option->check(CLI::IsMember(words));
  Completes(option, {.words = std::move(words)});
}

const CommandTree::Completion* CommandTree::FindCompletion(const CLI::Option* option) const {
  const auto found = completions_.find(option);
  return found == completions_.end() ? nullptr : &found->second;
}

}  // namespace hoop::cli
