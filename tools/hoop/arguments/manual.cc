// `hoop man DIR`: one manual page per command, from the tree.
#include <fmt/format.h>

#include <filesystem>
#include <fstream>

#include "command_tree.h"
#include "tools/roff.h"

namespace hoop::cli {
namespace {

std::string FullName(const CLI::App& app, const char* between) {
  std::string name = app.get_name();
  for (const CLI::App* each = app.get_parent(); each != nullptr; each = each->get_parent()) {
    name = each->get_name() + between + name;
  }
  return name;
}

std::vector<CLI::App*> CommandsOf(CLI::App& app) {
  return app.get_subcommands([](const CLI::App* command) { return !command->get_group().empty(); });
}

std::string ValueName(const CLI::Option& option) {
  if (option.get_items_expected_max() == 0) return "";
  const std::string type = option.get_type_name();
  return type.empty() ? "VALUE" : type.substr(0, type.find(':'));
}

std::string Synopsis(CLI::App& app) {
  std::string text = "\\fB" + Roff(FullName(app, " ")) + "\\fR [\\fIOPTIONS\\fR]";
  if (!CommandsOf(app).empty()) text += " \\fICOMMAND\\fR";
  bool behind_dashes = false;
  for (const CLI::Option* option : app.get_options()) {
    if (!option->get_positional()) continue;
    std::string name = Roff(option->get_name(true));
    const bool many = option->get_items_expected_max() > 1;
    if (many && !behind_dashes) text += " [\\-\\-", behind_dashes = true;
    text += option->get_required() ? fmt::format(" \\fI{}\\fR", name)
            : many                 ? fmt::format(" \\fI{}\\fR...]", name)
                                   : fmt::format(" [\\fI{}\\fR]", name);
  }
  return text + "\n";
}

std::string OptionText(const CLI::Option& option) {
  std::string names;
  for (const std::string& name : option.get_snames()) names += fmt::format("{}-{}", names.empty() ? "" : ", ", name);
  for (const std::string& name : option.get_lnames()) names += fmt::format("{}--{}", names.empty() ? "" : ", ", name);
  if (names.empty()) names = option.get_name(true);
  const std::string value = option.get_positional() ? "" : ValueName(option);
  return fmt::format(".TP\n\\fB{}\\fR{}\n{}\n", Roff(names),
                     value.empty() ? "" : fmt::format(" \\fI{}\\fR", Roff(value)), Roff(option.get_description()));
}

std::string Page(CLI::App& app, const std::string& version) {
  std::string description = app.get_description();
  if (const std::string prefix = "hoop: "; description.starts_with(prefix)) description.erase(0, prefix.size());
  std::string text =
      fmt::format(".TH \"{}\" 1 \"\" \"hoop {}\" \"hoop\"\n.SH NAME\n{} \\- {}\n.SH SYNOPSIS\n{}",
                  Roff(FullName(app, "-")), version, Roff(FullName(app, "-")), Roff(description), Synopsis(app));
  std::string positionals, options;
  for (const CLI::Option* option : app.get_options()) {
    (option->get_positional() ? positionals : options) += OptionText(*option);
  }
  if (!positionals.empty()) text += ".SH ARGUMENTS\n" + positionals;
  if (!options.empty()) text += ".SH OPTIONS\n" + options;
  std::string commands;
  for (CLI::App* command : CommandsOf(app)) {
    commands +=
        fmt::format(".TP\n\\fB{}\\fR(1)\n{}\n", Roff(FullName(*command, "-")), Roff(command->get_description()));
  }
  if (!commands.empty()) text += ".SH COMMANDS\n" + commands;
  if (std::string footer = app.get_footer(); !footer.empty()) {
    const std::string examples = "Examples:\n";
    const bool has_examples = footer.starts_with(examples);
    if (has_examples) footer.erase(0, examples.size());
    text += fmt::format(".SH {}\n.nf\n{}\n.fi\n", has_examples ? "EXAMPLES" : "NOTES", Roff(footer));
  }
  if (app.get_parent() != nullptr) {
    text += fmt::format(".SH SEE ALSO\n\\fB{}\\fR(1)\n", Roff(FullName(*app.get_parent(), "-")));
  }
  return text;
}

absl::Status WritePages(CLI::App& app, const std::filesystem::path& folder, const std::string& version) {
  const std::filesystem::path path = folder / (FullName(app, "-") + ".1");
  std::ofstream file(path);
  file << Page(app, version);
  if (!file.flush()) return absl::UnavailableError(fmt::format("{}: cannot be written", path.string()));
  for (CLI::App* command : CommandsOf(app)) {
    if (const absl::Status written = WritePages(*command, folder, version); !written.ok()) return written;
  }
  return absl::OkStatus();
}

int WriteManual(CommandTree& tree, const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return Fail(fmt::format("folder {}: {}", folder, error.message()));
  const absl::Status written = WritePages(tree.root(), folder, tree.environment().version);
  return written.ok() ? 0 : Fail(written);
}

}  // namespace

void AddManualCommand(CommandTree& tree) {
  auto folder = std::make_shared<std::string>();
  CLI::App& command = tree.AddPlain(tree.root(), "man", "Write manual pages, one per command",
                                    [&tree, folder] { return WriteManual(tree, *folder); });
  command.add_option("folder", *folder, "Where to")->required()->type_name("DIR");
  CommandTree::AddExamples(command, "  hoop man /usr/local/share/man/man1 && man hoop-sessions-list");
}

}  // namespace hoop::cli
