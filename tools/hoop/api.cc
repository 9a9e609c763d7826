#include "api.h"

#include <fmt/format.h>

#include "table.h"

namespace hoop::cli {

absl::StatusOr<std::unique_ptr<ApiClient>> MakeApi(const Environment& environment,
                                                   std::optional<absl::Duration> patience) {
  auto config = LoadConfig(environment);
  if (!config.ok()) return config.status();
  if (config->token.empty()) return absl::UnauthenticatedError("not signed in");
  return ApiClient::Create(*config, environment.version, patience);
}

absl::Status SaidAlready() { return absl::UnknownError(""); }

int RunWithApi(const Environment& environment, absl::FunctionRef<absl::Status(ApiClient&)> run) {
  auto api = MakeApi(environment);
  const absl::Status status = api.ok() ? run(**api) : api.status();
  if (status == SaidAlready()) return kExitError;
  return status.ok() ? 0 : Fail(status);
}

std::map<std::string, std::string> AgentNames(ApiClient& api) {
  std::map<std::string, std::string> names;
  const auto agents = api.Agents();
  if (!agents.ok()) return names;
  for (const AgentInfo& agent : *agents) names[agent.id] = agent.name;
  return names;
}

absl::StatusOr<std::string> FindAgentId(ApiClient& api, const std::string& name_or_id) {
  const auto agents = api.Agents();
  if (!agents.ok()) return agents.status();
  for (const AgentInfo& agent : *agents) {
    if (agent.name == name_or_id || agent.id == name_or_id) return agent.id;
  }
  return absl::NotFoundError(
      fmt::format("agent {} not found; `hoop admin get agents` lists them", Harmless(name_or_id)));
}

std::string TypeText(const std::string& type, const std::string& subtype) {
  return subtype.empty() ? type : type + "/" + subtype;
}

std::string CommandText(const std::vector<std::string>& command) {
  return command.empty() ? "-" : fmt::format("[ \"{}\" ]", fmt::join(command, "\" \""));
}

absl::StatusOr<std::string> ResolveSession(ApiClient& api, const std::string& id) {
  if (id != "last") return id;
  SessionQuery newest;
  newest.limit = 1;
  auto list = api.Sessions(newest);
  if (!list.ok()) return list.status();
  if (list->sessions.empty()) return absl::NotFoundError("there is no session yet");
  return list->sessions.front().id;
}

void SayStillOpen(const SessionInfo& session, bool has_output) {
  if (session.status != "open") return;
  fmt::print(stderr, "hoop: session {} is still open: {}\n", Harmless(session.id),
             has_output ? "that is what was recorded so far" : "there is no output in its record so far");
}

void SayWhatThereWas(const SessionInfo& session, bool has_output) {
  SayStillOpen(session, has_output);
  if (session.status == "open" || has_output) return;
  fmt::print(stderr, "hoop: session {} has no output in its record\n", Harmless(session.id));
}

bool IsOfProtocol(const SessionInfo& session) {
  return session.verb != "exec" && (session.type == "database" || session.subtype == "tcp" ||
                                    session.type == "postgres" || session.type == "tcp");
}

bool IsOfPostgres(const SessionInfo& session) {
  return session.verb != "exec" && (session.type == "postgres" || session.subtype == "postgres");
}

bool IsOfTerminal(const SessionInfo& session) { return session.verb == "connect" && !IsOfProtocol(session); }

}  // namespace hoop::cli
