#include "tools/service/variable.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <set>

namespace hoop {
namespace {

constexpr size_t kHelpColumns = 100;
constexpr char kIndent[] = "      ";

// What `hoop` reads; tools/hoop/program.cc.
constexpr std::string_view kNamesOfTheCommandLine[] = {
    "HOOP_CONFIG", "HOOP_APIURL", "HOOP_GRPCURL",       "HOOP_TOKEN",           "HOOP_GRPC_CLIENT",
    "HOOP_TLSCA",  "HOOP_API",    "HOOP_TLSSERVERNAME", "HOOP_TLS_SKIP_VERIFY",
};

std::string OldNames(const Variable& variable, std::string_view quote) {
  std::string names;
  for (const std::string& name : variable.old_names) names += fmt::format(" {1}{0}{1},", name, quote);
  if (!names.empty()) names.pop_back();
  return names;
}

// `text` in lines of kHelpColumns, each indented.
std::string Wrapped(std::string_view text) {
  std::string lines, line = kIndent;
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(text.size(), word.size() + 1));
    if (line.size() + word.size() > kHelpColumns) {
      lines += line + "\n";
      line = kIndent;
    }
    if (line != kIndent) line += ' ';
    line += word;
  }
  return lines + line + "\n";
}

// A bar would end a table's cell, and <data> would be taken for HTML.
std::string Cell(std::string_view text) {
  std::string cell;
  for (const char c : text) {
    if (c == '|' || c == '<') cell += '\\';
    cell += c;
  }
  return cell;
}

}  // namespace

Environment OwnEnvironment() {
  Environment environment;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const size_t equals = text.find('=');
    if (equals != std::string_view::npos) environment.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return environment;
}

absl::Status ReadVariables(const Variables& variables, const Environment& environment) {
  for (const Variable& variable : variables) {
    std::vector<std::string> names = variable.old_names;
    names.insert(names.begin(), variable.name);
    for (const std::string& name : names) {
      const auto found = environment.find(name);
      if (found == environment.end() || found->second.empty()) continue;
      if (absl::Status status = variable.store(name, found->second); !status.ok()) return status;
      break;
    }
  }
  return absl::OkStatus();
}

std::vector<std::string> UnknownNames(const Environment& environment, const std::vector<Variables>& programs) {
  std::set<std::string, std::less<>> known(std::begin(kNamesOfTheCommandLine), std::end(kNamesOfTheCommandLine));
  for (const Variables& variables : programs) {
    for (const Variable& variable : variables) {
      known.insert(variable.name);
      known.insert(variable.old_names.begin(), variable.old_names.end());
    }
  }
  std::vector<std::string> unknown;
  for (const auto& [name, value] : environment) {
    if (name.starts_with("HOOP_") && !known.contains(name)) unknown.push_back(name);
  }
  return unknown;
}

std::vector<std::string> SecretNames(const Variables& variables) {
  std::vector<std::string> names;
  for (const Variable& variable : variables) {
    if (!variable.is_secret) continue;
    names.push_back(variable.name);
    names.insert(names.end(), variable.old_names.begin(), variable.old_names.end());
  }
  return names;
}

std::string HelpText(const Variables& variables) {
  std::string text;
  for (const Variable& variable : variables) {
    text += fmt::format("  {}={}", variable.name, variable.form);
    if (!variable.otherwise.empty()) text += fmt::format("  (default: {})", variable.otherwise);
    std::string meaning = variable.meaning;
    if (!variable.old_names.empty()) meaning += fmt::format(". Also:{}", OldNames(variable, ""));
    text += "\n" + Wrapped(meaning);
  }
  return text;
}

std::string MarkdownTable(const Variables& variables) {
  std::string text = "| variable | value | default | meaning |\n|---|---|---|---|\n";
  for (const Variable& variable : variables) {
    std::string meaning = variable.meaning;
    if (variable.is_secret) meaning += " (secret)";
    if (!variable.old_names.empty()) meaning += fmt::format(". Also:{}", OldNames(variable, "`"));
    text += fmt::format("| `{}` | {} | {} | {} |\n", variable.name, Cell(variable.form), Cell(variable.otherwise),
                        Cell(meaning));
  }
  return text;
}

}  // namespace hoop
