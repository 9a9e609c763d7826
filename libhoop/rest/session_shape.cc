#include "rest/session_shape.h"

#include "base/limits/http.h"
#include "base/status.h"
#include "base/status_macros.h"

namespace hoop::rest {
namespace {

uint64_t EventBytes(const SessionRow& session) { return session.counts.request_bytes + session.counts.reply_bytes; }

Json MapOrNull(const std::map<std::string, std::string>& map) { return map.empty() ? Json() : Json(map); }

}  // namespace

absl::StatusOr<std::string> Subjects::Of(const SessionHead& head) {
  const auto known = subjects_.find(head.user_id);
  if (known != subjects_.end()) return known->second;
  const absl::StatusOr<UserRow> user = users_.FindById(head.user_id);
  if (!user.ok() && !absl::IsNotFound(user.status())) return user.status();
  // Deleted, or known to a host's own verifier only.
  return subjects_[head.user_id] = user.ok() ? user->subject : head.user_id;
}

Json MetricsJson(const SessionRow& session, bool truncated) {
  return {{"data_masking",
           {{"err_count", 0}, {"info_types", Json::object()}, {"total_redact_count", 0}, {"transformed_bytes", 0}}},
          {"event_size", EventBytes(session)},
          {"truncated", truncated}};
}

Json SessionJson(const SessionRow& session, const std::string& subject) {
  const SessionHead& head = session.head;
  const SessionNotes& notes = session.notes;
  const bool done = session.status == SessionStatus::kDone;
  Json json = {{"id", head.session_id},
               {"org_id", head.org_id},
               {"script", nullptr},
               {"script_size", head.verb == "exec" ? session.counts.request_bytes : 0},
               {"labels", MapOrNull(notes.labels)},
               {"integrations_metadata", nullptr},
               {"metadata", MapOrNull(notes.metadata)},
               {"metrics", done ? MetricsJson(session, false) : Json()},
               {"user", head.user_email},
               {"user_id", subject},
               {"user_name", head.user_name},
               {"type", head.connection_type},
               {"connection_subtype", head.connection_subtype},
               {"connection", head.connection},
               {"resource_name", head.connection},
               {"role_name", head.connection},
               {"connection_tags", Json(notes.connection_tags)},
               {"review", nullptr},
               {"verb", head.verb},
               {"status", SessionStatusText(session.status)},
               {"exit_code", session.exit_code.has_value() ? Json(*session.exit_code) : Json()},
               {"event_size", EventBytes(session)},
               {"start_date", TimeText(head.started_at)},
               {"end_date", TimeOrNull(session.ended_at)},
               {"end_reason", session.end_reason},
               {"record", head.policy == RecordPolicy::kDurable ? "durable" : "buffered"},
               {"sealed", session.seal.has_value()},
               {"ai_analysis", nullptr},
               {"guardrails_info", nullptr},
               {"identity_type", "user"}};
  if (!notes.batch_id.empty()) json["session_batch_id"] = notes.batch_id;
  if (!notes.correlation_id.empty()) json["correlation_id"] = notes.correlation_id;
  return json;
}

absl::Status CheckMetadata(const std::map<std::string, std::string>& metadata) {
  if (metadata.size() > limits::kRestMetadataKeysMax) {
    return InvalidArgument("metadata: more than {} keys", limits::kRestMetadataKeysMax);
  }
  for (const auto& [key, value] : metadata) {
    if (key.size() < limits::kRestMetadataBytesMax && value.size() < limits::kRestMetadataBytesMax) continue;
    return InvalidArgument("metadata: a key or value has {} bytes or more", limits::kRestMetadataBytesMax);
  }
  return absl::OkStatus();
}

}  // namespace hoop::rest
