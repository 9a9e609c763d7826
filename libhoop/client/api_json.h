// Answers about sessions, and what all answers share, as values. Tolerant of what is missing, since gateways of other
// makes leave things out; never throws. Used by api_client.cc; connections and people: api_object_json.h.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "hoop/api_objects.h"

namespace hoop {

// What a refusal says: the `message` of the body, or a piece of its text.
std::string RefusalText(std::string_view body);

// Internal: the body is not what the route answers.
absl::StatusOr<std::string> ParseTextMember(std::string_view body, const char* name);
absl::StatusOr<SessionList> ParseSessionList(std::string_view body);
absl::StatusOr<SessionInfo> ParseSession(std::string_view body);
absl::StatusOr<ExecAnswer> ParseExecAnswer(std::string_view body);
absl::StatusOr<StatementPage> ParseStatementPage(std::string_view body);

// The set-up token only makes the first account.
std::string CredentialsJson(std::string_view email, std::string_view password, std::string_view setup_token = "");

}  // namespace hoop
