// What exec and connect have in common: the request from the options, the client, the events. Used by both.
#pragma once

#include <memory>

#include "commands.h"
#include "hoop/client.h"

namespace hoop::cli {

// InvalidArgument: a variable that is not NAME=value.
absl::StatusOr<SessionRequest> MakeRequest(const SessionOptions& options);
absl::StatusOr<std::unique_ptr<Client>> MakeClient(const Environment& environment);

// An error of ours: a line on stderr, and an event for scripts. The exit code.
int FailSession(const SessionOptions& options, const absl::Status& status);

// One line of JSON on stdout, flushed.
void PrintEvent(const ClientEvent& event);

// Says on stderr what a user has to know while a session waits or is lost.
void SayNotice(const ClientEvent& event);

}  // namespace hoop::cli
