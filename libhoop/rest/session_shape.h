// Sessions as JSON, and what may be said about one. Used by the routes of sessions and of commands.
#pragma once

#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "rest/json.h"
#include "store/session_table.h"
#include "store/user_table.h"

namespace hoop::rest {

// What REST calls a user's id is the subject. Lives for one answer and remembers for its length.
class Subjects final {
 public:
  explicit Subjects(UserTable& users) : users_(users) {}
  absl::StatusOr<std::string> Of(const SessionHead& head);

 private:
  UserTable& users_;
  std::map<std::string, std::string> subjects_;
};

// In upstream's shape of 2026, as a list shows it.
Json SessionJson(const SessionRow& session, const std::string& subject);
Json MetricsJson(const SessionRow& session, bool truncated);

// 422: too many keys, or a key or value is too long.
absl::Status CheckMetadata(const std::map<std::string, std::string>& metadata);

}  // namespace hoop::rest
