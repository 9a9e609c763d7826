// The manual pages of hoop-gateway and hoop-agent: hoop-gateway --manual, hoop-agent --manual.
#include <fmt/format.h>

#include "tools/roff.h"
#include "tools/service/arguments.h"

namespace hoop {
namespace {

std::string Entry(std::string_view word, std::string_view meaning) {
  return fmt::format(".TP\n\\fB{}\\fR\n{}\n", Roff(word), Roff(meaning));
}

std::string Section(std::string_view title, const std::vector<Word>& words) {
  if (words.empty()) return "";
  std::string section = fmt::format(".SH {}\n", title);
  for (const Word& word : words) section += Entry(word.word, word.meaning);
  return section;
}

std::string EnvironmentSection(const Variables& variables) {
  std::string section =
      ".SH ENVIRONMENT\nAn empty value counts as not set. A wrong one stops the start with one line that names the "
      "variable.\n";
  for (const Variable& variable : variables) {
    section += fmt::format(".TP\n\\fB{}\\fR=\\fI{}\\fR\n{}.\n", Roff(variable.name), Roff(variable.form),
                           Roff(variable.meaning));
    if (!variable.otherwise.empty()) section += fmt::format("Default: {}.\n", Roff(variable.otherwise));
    for (const std::string& name : variable.old_names) section += fmt::format("Also: \\fB{}\\fR.\n", Roff(name));
    if (variable.is_secret) section += "A secret: it is never shown.\n";
  }
  return section;
}

}  // namespace

std::string ManualPage(const ProgramText& text, const Variables& variables) {
  const std::string name = Roff(text.name);
  std::string page =
      fmt::format(".TH \"{}\" 8 \"\" \"hoop {}\" \"hoop\"\n.SH NAME\n{} \\- {}\n.SH SYNOPSIS\n\\fB{}\\fR", name,
                  text.version, name, Roff(text.summary), name);
  for (const Word& flag : Flags(text)) page += fmt::format(" [{}]", Roff(flag.word));
  page += '\n';
  for (const Word& command : text.commands) page += fmt::format(".br\n\\fB{}\\fR {}\n", name, Roff(command.word));
  page += fmt::format(".SH DESCRIPTION\n{}\n", Roff(text.description));
  page += Section("OPTIONS", Flags(text)) + Section("COMMANDS", text.commands) + EnvironmentSection(variables) +
          Section("SIGNALS", text.signals);
  page += Section("EXIT STATUS", {{"0", "it was told to end, and ended in order"},
                                  {"1", "it could not start; one line on standard error says why"},
                                  {"130, 143", "a second INT or TERM ended it at once"}});
  page += ".SH SEE ALSO\n";
  for (const std::string& other : text.see_also) {
    page += fmt::format("{}{}", &other == &text.see_also.front() ? "" : ", ", Roff(other));
  }
  return page + "\n";
}

}  // namespace hoop
