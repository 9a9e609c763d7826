// SessionHead as the payloads of the records that begin a session.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "hoop/audit_store.h"

namespace hoop {

// The payload of kOpen: all but what the user gave, which may be megabytes.
std::string SessionHeadToJson(const SessionHead& head);
// DataLoss: not what SessionHeadToJson makes.
absl::StatusOr<SessionHead> SessionHeadFromJson(std::string_view text);

// The payload of kGiven: `client_args` and `client_env`. Empty when the user gave neither.
std::string SessionGivenToJson(const SessionHead& head);
// Into the same members of `head`. DataLoss: not what SessionGivenToJson makes.
absl::Status SessionGivenFromJson(std::string_view text, SessionHead& head);

}  // namespace hoop
