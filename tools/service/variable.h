// What a program understands from its environment, as one table: it parses the values, writes `--help` and
// docs/environment.md, and knows which values are secrets. Used by the main()s of hoop-gateway and hoop-agent.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace hoop {

// The process's own, copied once by main().
using Environment = std::map<std::string, std::string, std::less<>>;
Environment OwnEnvironment();

// One row of a program's table.
struct Variable {
  std::string name;
  std::vector<std::string> old_names;  // asked in this order when `name` is not set
  std::string form;                    // of a value: "URL", "true | false"
  std::string otherwise;               // what holds when it is not set, for people
  std::string meaning;
  bool is_secret = false;
  // Stores the value. InvalidArgument begins with `set_as`, the name that was set, and never holds a secret's value.
  std::function<absl::Status(const std::string& set_as, const std::string& value)> store;
};
using Variables = std::vector<Variable>;

// Stores what is set, in the order of the table. An empty value counts as not set.
absl::Status ReadVariables(const Variables& variables, const Environment& environment);

// Set, beginning with HOOP_, and known to none of our programs: misspelt, most likely.
std::vector<std::string> UnknownNames(const Environment& environment, const std::vector<Variables>& programs);

// All names of secrets: what is never handed on.
std::vector<std::string> SecretNames(const Variables& variables);

// The table for a terminal, and as Markdown.
std::string HelpText(const Variables& variables);
std::string MarkdownTable(const Variables& variables);

}  // namespace hoop
