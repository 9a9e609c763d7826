// The REST client of a command, from the configuration. Used by all commands that ask the API.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "absl/functional/function_ref.h"
#include "hoop/api_client.h"
#include "program.h"

namespace hoop::cli {

// FailedPrecondition: nothing is configured. Unauthenticated: not signed in.
// `patience` bounds each call; the usual one without.
absl::StatusOr<std::unique_ptr<ApiClient>> MakeApi(const Environment& environment,
                                                   std::optional<absl::Duration> patience = std::nullopt);

// The same for a command: it is run with the client, and what went wrong is said, unless it was SaidAlready(). The exit
// code.
absl::Status SaidAlready();
int RunWithApi(const Environment& environment, absl::FunctionRef<absl::Status(ApiClient&)> run);

// `id` itself, or for "last" the id of the newest session. NotFound: there is none.
absl::StatusOr<std::string> ResolveSession(ApiClient& api, const std::string& id);

// The agents' names by their ids; empty where they may not be listed.
std::map<std::string, std::string> AgentNames(ApiClient& api);
// NotFound: there is none of that name or id.
absl::StatusOr<std::string> FindAgentId(ApiClient& api, const std::string& name_or_id);

// "database/postgres"
std::string TypeText(const std::string& type, const std::string& subtype);

// [ "psql" "-h" "$HOST" ]; "-" for none.
std::string CommandText(const std::vector<std::string>& command);

// That a session goes on while its record is shown: there will be more of it.
void SayStillOpen(const SessionInfo& session, bool has_output);
// The same, and of one that is over that it said nothing.
void SayWhatThereWas(const SessionInfo& session, bool has_output);

// What a session's record holds: bytes of a protocol, of a terminal, or else of a one-off command.
bool IsOfProtocol(const SessionInfo& session);
bool IsOfPostgres(const SessionInfo& session);
bool IsOfTerminal(const SessionInfo& session);

}  // namespace hoop::cli
