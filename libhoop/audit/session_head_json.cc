#include "audit/session_head_json.h"

#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "base/status.h"
#include "base/status_macros.h"

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
constexpr char kCommand[] = "command", kClientArgs[] = "client_args", kClientEnv[] = "client_env";

std::string Dumped(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

// `record` and `key` are for errors.
absl::StatusOr<std::vector<std::string>> Texts(const Json& json, std::string_view record, const char* key) {
  const auto found = json.find(key);
  if (found == json.end() || !found->is_array()) return DataLoss("the {} record has no list {}", record, key);
  std::vector<std::string> texts;
  for (const Json& item : *found) {
    if (!item.is_string()) return DataLoss("the {} record has a {} that is no text", record, key);
    texts.push_back(item.get<std::string>());
  }
  return texts;
}

}  // namespace

std::string SessionHeadToJson(const SessionHead& head) {
  Json json = {
      {"record", head.policy == RecordPolicy::kDurable ? "durable" : "buffered"},
      {"started_at_us", absl::ToUnixMicros(head.started_at)},
  };
  for (const auto& [key, member] : kTexts) json[key] = head.*member;
  json[kCommand] = head.command;
  return Dumped(json);
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
  HOOP_ASSIGN_OR_RETURN(head.command, Texts(json, "open", kCommand));
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

std::string SessionGivenToJson(const SessionHead& head) {
  if (head.client_args.empty() && head.client_env.empty()) return "";
  return Dumped({{kClientArgs, head.client_args}, {kClientEnv, head.client_env}});
}

absl::Status SessionGivenFromJson(std::string_view text, SessionHead& head) {
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return DataLoss("the given record is no JSON object");
  HOOP_ASSIGN_OR_RETURN(head.client_args, Texts(json, "given", kClientArgs));
  const auto env = json.find(kClientEnv);
  if (env == json.end() || !env->is_object()) return DataLoss("the given record has no object {}", kClientEnv);
  for (const auto& [key, value] : env->items()) {
    if (!value.is_string()) return DataLoss("the given record has a {} that is no text", kClientEnv);
    head.client_env[key] = value.get<std::string>();
  }
  return absl::OkStatus();
}

}  // namespace hoop
