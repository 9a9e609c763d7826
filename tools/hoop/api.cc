#include "api.h"

namespace hoop::cli {

absl::StatusOr<std::unique_ptr<ApiClient>> MakeApi(const Environment& environment) {
  auto config = LoadConfig(environment);
  if (!config.ok()) return config.status();
  if (config->token.empty()) return absl::UnauthenticatedError("not signed in");
  return ApiClient::Create(*config, environment.version);
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

bool IsOfProtocol(const SessionInfo& session) {
  return session.verb != "exec" && (session.type == "database" || session.subtype == "tcp" ||
                                    session.type == "postgres" || session.type == "tcp");
}

bool IsOfTerminal(const SessionInfo& session) { return session.verb == "connect" && !IsOfProtocol(session); }

}  // namespace hoop::cli
