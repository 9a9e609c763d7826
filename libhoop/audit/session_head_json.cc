#include "audit/session_head_json.h"

#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "base/status.h"

namespace hoop {
namespace {

using Json = nlohmann::json;

constexpr std::pair<const char*, std::string SessionHead::*> kTexts[] = {
    {"session_id", &SessionHead::session_id},
    {"org_id", &SessionHead::org_id},
    {"user_id", &SessionHead::user_id},
    {"user_email", &SessionHead::user_email},
    {"user_name", &SessionHead::user_name},
    {"connection", &SessionHead::connection},
    {"connection_type", &SessionHead::connection_type},
    {"connection_subtype", &SessionHead::connection_subtype},
    {"wire_type", &SessionHead::wire_type},
    {"agent_id", &SessionHead::agent_id},
    {"verb", &SessionHead::verb},
    {"origin", &SessionHead::origin},
};
constexpr std::pair<const char*, std::vector<std::string> SessionHead::*> kLists[] = {
    {"command", &SessionHead::command},
    {"client_args", &SessionHead::client_args},
};
constexpr char kClientEnv[] = "client_env";  // not in records of before it was known

}  // namespace

std::string SessionHeadToJson(const SessionHead& head) {
  Json json = {
      {"record", head.policy == RecordPolicy::kDurable ? "durable" : "buffered"},
      {"started_at_us", absl::ToUnixMicros(head.started_at)},
  };
  for (const auto& [key, member] : kTexts) json[key] = head.*member;
  for (const auto& [key, member] : kLists) json[key] = head.*member;
  if (!head.client_env.empty()) json[kClientEnv] = head.client_env;
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

absl::StatusOr<SessionHead> SessionHeadFromJson(std::string_view text) {
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return DataLoss("the open record is no JSON object");
  SessionHead head;
  for (const auto& [key, member] : kTexts) {
    const auto found = json.find(key);
    if (found == json.end() || !found->is_string()) return DataLoss("the open record has no text {}", key);
    head.*member = found->get<std::string>();
  }
  for (const auto& [key, member] : kLists) {
    const auto found = json.find(key);
    if (found == json.end() || !found->is_array()) return DataLoss("the open record has no list {}", key);
    for (const Json& item : *found) {
      if (!item.is_string()) return DataLoss("the open record has a {} that is no text", key);
      (head.*member).push_back(item.get<std::string>());
    }
  }
  if (const auto found = json.find(kClientEnv); found != json.end()) {
    if (!found->is_object()) return DataLoss("the open record has a {} that is no object", kClientEnv);
    for (const auto& [key, value] : found->items()) {
      if (!value.is_string()) return DataLoss("the open record has a {} that is no text", kClientEnv);
      head.client_env.emplace(key, value.get<std::string>());
    }
  }
  const auto started_at = json.find("started_at_us");
  if (started_at == json.end() || !started_at->is_number_integer()) return DataLoss("the open record has no time");
  head.started_at = absl::FromUnixMicros(started_at->get<int64_t>());
  const auto policy = json.find("record");
  if (policy == json.end() || (*policy != "durable" && *policy != "buffered")) {
    return DataLoss("the open record has no policy");
  }
  head.policy = *policy == "durable" ? RecordPolicy::kDurable : RecordPolicy::kBuffered;
  return head;
}

}  // namespace hoop
