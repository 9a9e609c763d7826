#include "wire/connection_params.h"

#include "base/status.h"
#include "base/status_macros.h"
#include "wire/gob.h"

namespace hoop {
namespace {

using Params = AgentConnectionParams;

constexpr GobType kAnyMap{
    .kind = GobType::Kind::kMap, .name = "map[string]interface {}", .key = &kGobString, .element = &kGobInterface};
constexpr GobType kStrings{.kind = GobType::Kind::kSlice, .name = "[]string", .element = &kGobString};
constexpr GobType kAnyMaps{.kind = GobType::Kind::kSlice, .name = "[]map[string]interface {}", .element = &kAnyMap};

// The fields on the wire, in order, and where their value lives: in at most one of the members.
struct Field {
  std::string_view name;
  const GobType* type = nullptr;
  std::string Params::*text = nullptr;
  std::vector<std::string> Params::*list = nullptr;
  std::map<std::string, std::string> Params::*map = nullptr;
};

constexpr Field kFields[] = {
    {"ConnectionName", &kGobString, &Params::connection_name},
    {"ConnectionType", &kGobString, &Params::connection_type},
    {"ConnectionSubType", &kGobString, &Params::connection_subtype},
    {"UserID", &kGobString, &Params::user_id},
    {"UserEmail", &kGobString, &Params::user_email},
    {"EnvVars", &kAnyMap, nullptr, nullptr, &Params::env_vars},
    {"CmdList", &kStrings, nullptr, &Params::command},
    {"ClientArgs", &kStrings, nullptr, &Params::client_args},
    {"ClientVerb", &kGobString, &Params::client_verb},
    {"ClientOrigin", &kGobString, &Params::client_origin},
    {"DlpProvider", &kGobString, &Params::dlp_provider},
    {"DlpMode", &kGobString, &Params::dlp_mode},
    {"DLPInfoTypes", &kStrings, nullptr, &Params::dlp_info_types},
    {"PluginHookList", &kAnyMaps},  // described, never sent: agents of 2024 know it
    {"DlpGcpRawCredentialsJSON", &kGobString, &Params::dlp_gcp_raw_credentials_json},
    {"DlpPresidioAnalyzerURL", &kGobString, &Params::dlp_presidio_analyzer_url},
    {"DlpPresidioAnonymizerURL", &kGobString, &Params::dlp_presidio_anonymizer_url},
    {"DataMaskingEntityTypesData", &kGobBytes, &Params::data_masking_entity_types_json},
    {"GuardRailRules", &kGobBytes, &Params::guard_rail_rules_json},
    {"AnalyzerMetricsRules", &kGobBytes, &Params::analyzer_metrics_rules_json},
};

const Field* FindField(std::string_view name) {
  for (const Field& field : kFields) {
    if (field.name == name) return &field;
  }
  return nullptr;
}

absl::Status ReadField(const Field& field, const GobValue& value, Params& params) {
  if (field.list != nullptr) {
    HOOP_ASSIGN_OR_RETURN(params.*field.list, GobToStrings(value, field.name));
  } else if (field.map != nullptr) {
    HOOP_ASSIGN_OR_RETURN(params.*field.map, GobToStringMap(value, field.name));
  } else if (field.text != nullptr && field.type->kind == GobType::Kind::kBytes) {
    const GobBytes* bytes = std::get_if<GobBytes>(&value);
    if (bytes == nullptr) return InvalidArgument("{} is not a byte string", field.name);
    params.*field.text = bytes->bytes;
  } else if (field.text != nullptr) {
    const std::string* text = std::get_if<std::string>(&value);
    if (text == nullptr) return InvalidArgument("{} is not a text", field.name);
    params.*field.text = *text;
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<AgentConnectionParams> DecodeConnectionParams(std::string_view stream) {
  absl::StatusOr<GobValue> value = DecodeGob(stream);
  if (!value.ok()) return Annotate(value.status(), "connection params");
  const GobStruct* members = std::get_if<GobStruct>(&*value);
  if (members == nullptr) return InvalidArgument("connection params are not a struct");
  Params params;
  for (const GobMember& member : *members) {
    const Field* field = FindField(member.name);
    if (field == nullptr) continue;
    if (const absl::Status status = ReadField(*field, member.value, params); !status.ok()) {
      return Annotate(status, "connection params");
    }
  }
  return params;
}

std::string EncodeConnectionParams(const AgentConnectionParams& params) {
  std::vector<GobField> fields;
  GobStruct members;
  for (const Field& field : kFields) {
    fields.push_back({field.name, field.type});
    const std::string name(field.name);
    if (field.list != nullptr) {
      members.push_back({name, GobFromStrings(params.*field.list)});
    } else if (field.map != nullptr) {
      members.push_back({name, GobFromStringMap(params.*field.map)});
    } else if (field.text != nullptr && field.type->kind == GobType::Kind::kBytes) {
      members.push_back({name, GobBytes{params.*field.text}});
    } else if (field.text != nullptr) {
      members.push_back({name, params.*field.text});
    }
  }
  const GobType type{.kind = GobType::Kind::kStruct, .name = "AgentConnectionParams", .fields = fields};
  return EncodeGob(type, members);
}

}  // namespace hoop
