// The REST client of a command, from the configuration. Used by all commands that ask the API.
#pragma once

#include <memory>
#include <string>

#include "hoop/api_client.h"
#include "program.h"

namespace hoop::cli {

// FailedPrecondition: nothing is configured. Unauthenticated: not signed in.
absl::StatusOr<std::unique_ptr<ApiClient>> MakeApi(const Environment& environment);

// `id` itself, or for "last" the id of the newest session. NotFound: there is none.
absl::StatusOr<std::string> ResolveSession(ApiClient& api, const std::string& id);

// What a session's record holds: bytes of a protocol, of a terminal, or else of a one-off command.
bool IsOfProtocol(const SessionInfo& session);
bool IsOfTerminal(const SessionInfo& session);

}  // namespace hoop::cli
