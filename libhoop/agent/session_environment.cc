#include "agent/session_environment.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <utility>

#include "base/encoding.h"
#include "base/status.h"
#include "base/status_macros.h"

namespace hoop {
namespace {

constexpr std::string_view kVariablePrefix = "envvar:";
constexpr std::string_view kFilePrefix = "filesystem:";
constexpr std::string_view kAskAgent = "system.agent.envs";  // a value, not a name

absl::Status AddEntry(std::string_view key, std::string_view value, SessionEnvironment& environment) {
  const bool is_file = key.starts_with(kFilePrefix);
  const size_t prefix = is_file ? kFilePrefix.size() : kVariablePrefix.size();
  const std::string_view name = key.substr(std::min(prefix, key.size()));
  const bool is_name = !name.empty() && name.find_first_of(std::string_view(":=\0", 3)) == std::string_view::npos;
  if ((!is_file && !key.starts_with(kVariablePrefix)) || !is_name) {
    return InvalidArgument("environment variable key type in unknown format: {}", key.substr(0, 128));
  }
  std::optional<std::string> decoded = Base64Decode(value);
  if (!decoded) return InvalidArgument("decoding env var error, {} is not base64", key.substr(0, 128));
  if (is_file) {
    environment.files.insert_or_assign(std::string(name), *std::move(decoded));
    return absl::OkStatus();
  }
  // The operating system ends a variable at its first zero byte: the rest would be lost without a word.
  if (decoded->find('\0') != std::string::npos) {
    return InvalidArgument("decoding env var error, {} holds a zero byte", key.substr(0, 128));
  }
  environment.variables.insert_or_assign(std::string(name), *std::move(decoded));
  return absl::OkStatus();
}

// The name under which the database's own command line program looks for the password.
std::string_view PasswordVariable(std::string_view connection_type) {
  if (connection_type == "postgres") return "PGPASSWORD";
  if (connection_type == "mysql") return "MYSQL_PWD";
  if (connection_type == "mssql") return "SQLCMDPASSWORD";
  return {};
}

// What makes the command line programs of PostgreSQL speak TLS as the connection does. Certificates become files.
void AddPostgresTls(SessionEnvironment& environment) {
  if (const std::string mode = environment.Get("SSLMODE"); !mode.empty()) {
    environment.variables.insert_or_assign("PGSSLMODE", mode);
  }
  for (const auto& [name, libpq_name] :
       {std::pair{"SSLROOTCERT", "PGSSLROOTCERT"}, {"SSLCERT", "PGSSLCERT"}, {"SSLKEY", "PGSSLKEY"}}) {
    const auto file = environment.files.find(name);
    const std::string pem = file != environment.files.end() ? file->second : environment.Get(name);
    if (!pem.empty()) environment.files.insert_or_assign(libpq_name, pem);
  }
}

bool IsSpecial(char c) { return std::string_view("*#$@!?-0123456789").find(c) != std::string_view::npos; }
bool IsNameByte(char c) { return c == '_' || std::isalnum(static_cast<unsigned char>(c)) != 0; }

struct Reference {
  std::string_view name;  // empty and bytes > 0: no reference, these bytes vanish
  size_t bytes = 0;       // behind the '$'
};

// What follows a '$', by the rules of the programs that connections were written for.
Reference ReadReference(std::string_view text) {
  if (text.empty()) return {};
  if (text[0] == '{') {
    if (text.size() > 2 && IsSpecial(text[1]) && text[2] == '}') return {text.substr(1, 1), 3};
    const size_t end = text.find('}');
    if (end == std::string_view::npos) return {{}, 1};
    return {text.substr(1, end - 1), end + 1};
  }
  if (IsSpecial(text[0])) return {text.substr(0, 1), 1};
  size_t size = 0;
  while (size < text.size() && IsNameByte(text[size])) ++size;
  return {text.substr(0, size), size};
}

std::string Expand(std::string_view text, const std::map<std::string, std::string>& variables) {
  std::string result;
  while (!text.empty()) {
    const size_t dollar = text.find('$');
    result.append(text.substr(0, dollar));
    if (dollar == std::string_view::npos) break;
    text.remove_prefix(dollar + 1);
    const Reference reference = ReadReference(text);
    if (reference.bytes == 0) result.push_back('$');
    if (auto found = variables.find(std::string(reference.name)); found != variables.end()) result += found->second;
    text.remove_prefix(reference.bytes);
  }
  return result;
}

// What `word` stands for and does not find, as it is written there: "$1", "${X}". Real agents refuse a word in which
// nothing has a value, and let what is missing beside a value become empty. So do we for the connection's command,
// which may leave a variable out; what the user wrote is not run with a piece missing.
std::vector<std::string_view> MissingReferences(std::string_view word, const std::string& expanded, bool is_users,
                                                const std::map<std::string, std::string>& variables) {
  const bool has_no_value = expanded == Expand(word, {});
  std::vector<std::string_view> missing;
  for (size_t at = word.find('$'); at != std::string_view::npos; at = word.find('$')) {
    const Reference reference = ReadReference(word.substr(at + 1));
    const bool is_unknown = reference.bytes > 0 && !variables.contains(std::string(reference.name));
    const bool is_command = word.substr(at + 1, 1) == "(";
    if (has_no_value || (is_users && is_unknown)) missing.push_back(word.substr(at, 1 + reference.bytes + is_command));
    word.remove_prefix(at + 1 + reference.bytes);
  }
  return missing;
}

// Else it is what a shell would read: $(, $?, ${x:-y}.
bool NamesVariable(std::string_view reference) {
  const std::string_view name = ReadReference(reference.substr(1)).name;
  return !name.empty() && std::all_of(name.begin(), name.end(), IsNameByte);
}

// For people: a word may be a whole script.
std::string SomeOf(const std::vector<std::string_view>& references) {
  constexpr size_t kShownMax = 5, kShownBytesMax = 64;
  std::vector<std::string_view> shown;
  for (std::string_view reference : references) {
    reference = reference.substr(0, kShownBytesMax);
    if (std::find(shown.begin(), shown.end(), reference) == shown.end()) shown.push_back(reference);
  }
  const bool more = shown.size() > kShownMax;
  if (more) shown.resize(kShownMax);
  return fmt::format("{}{}", fmt::join(shown, ", "), more ? " ..." : "");
}

absl::Status NoSuchVariables(std::vector<std::string_view> missing) {
  const auto shells = std::stable_partition(missing.begin(), missing.end(), NamesVariable);
  const std::vector<std::string_view> others(shells, missing.end());
  missing.erase(shells, missing.end());
  std::string text;
  if (!missing.empty()) text = fmt::format("could not find environment variable {} of the session", SomeOf(missing));
  if (!others.empty()) {
    const std::string some = SomeOf(others);
    const bool many = some.find(' ') != std::string::npos;
    text += fmt::format("{}{} {}", text.empty() ? "" : ", and ", some, many ? "are no variables" : "is no variable");
  }
  return InvalidArgument(
      "{}: $NAME and ${{NAME}} in arguments are replaced; for a literal $, put the text into a variable (-e) or on "
      "standard input",
      text);
}

}  // namespace

std::string SessionEnvironment::Get(std::string_view name) const {
  auto found = variables.find(std::string(name));
  return found == variables.end() ? std::string() : found->second;
}

absl::StatusOr<SessionEnvironment> BuildSessionEnvironment(const AgentConnectionParams& params,
                                                           const std::map<std::string, std::string>& user_variables,
                                                           const std::map<std::string, std::string>& agent_variables,
                                                           bool exports_all, std::string_view session_id) {
  std::map<std::string, std::string> entries = params.env_vars;
  entries.insert(user_variables.begin(), user_variables.end());  // keeps what is there
  SessionEnvironment environment;
  for (const auto& [key, value] : entries) HOOP_RETURN_IF_ERROR(AddEntry(key, value, environment));

  for (auto& [name, value] : environment.variables) {
    if (value != kAskAgent) continue;
    if (auto own = agent_variables.find(name); own != agent_variables.end()) value = own->second;
  }
  if (exports_all) {
    for (const auto& [name, value] : agent_variables) environment.variables.insert_or_assign(name, value);
  }
  const std::string_view password_variable = PasswordVariable(params.connection_type);
  if (auto pass = environment.variables.find("PASS");
      pass != environment.variables.end() && !password_variable.empty()) {
    environment.variables.insert_or_assign(std::string(password_variable), pass->second);
  }
  if (params.connection_type == "postgres") AddPostgresTls(environment);
  const std::pair<const char*, std::string> injected[] = {{"HOOP_CONNECTION_NAME", params.connection_name},
                                                          {"HOOP_CONNECTION_TYPE", params.connection_type},
                                                          {"HOOP_USER_ID", params.user_id},
                                                          {"HOOP_USER_EMAIL", params.user_email},
                                                          {"HOOP_SESSION_ID", std::string(session_id)},
                                                          {"HOOP_CLIENT_ORIGIN", params.client_origin},
                                                          {"HOOP_CLIENT_VERB", params.client_verb}};
  for (const auto& [name, value] : injected) environment.variables.insert_or_assign(name, value);
  return environment;
}

absl::StatusOr<std::vector<std::string>> ExpandArguments(const std::vector<std::string>& command,
                                                         const std::vector<std::string>& user_arguments,
                                                         const std::map<std::string, std::string>& variables) {
  std::vector<std::string> words = command;
  words.insert(words.end(), user_arguments.begin(), user_arguments.end());
  if (words.empty() || words[0].empty()) return InvalidArgument("connection must be at least one argument");
  std::vector<std::string_view> missing;  // of words that stay as they are
  for (size_t i = 0; i < words.size(); ++i) {
    if (words[i].find('\0') != std::string::npos) return InvalidArgument("an argument holds a zero byte");
    if (i == 0 || words[i].find('$') == std::string::npos) continue;
    std::string expanded = Expand(words[i], variables);
    const auto of_word = MissingReferences(words[i], expanded, i >= command.size(), variables);
    missing.insert(missing.end(), of_word.begin(), of_word.end());
    if (of_word.empty()) words[i] = std::move(expanded);
  }
  if (!missing.empty()) return NoSuchVariables(std::move(missing));
  return words;
}

}  // namespace hoop
