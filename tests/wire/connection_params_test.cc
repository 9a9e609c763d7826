#include <fstream>
#include <nlohmann/json.hpp>

#include "base/encoding.h"
#include "tests/support/status_matchers.h"
#include "wire/connection_params.h"
#include "wire/gob.h"

namespace hoop {
namespace {

using nlohmann::json;

template <typename T>
T Read(const json& object, const char* key) {
  return object.contains(key) && !object[key].is_null() ? object[key].get<T>() : T();
}

AgentConnectionParams FromJson(const json& value) {
  const auto text = [&value](const char* key) { return Read<std::string>(value, key); };
  const auto bytes = [&value](const char* key) { return Base64Decode(Read<std::string>(value, key)).value(); };
  const auto list = [&value](const char* key) { return Read<std::vector<std::string>>(value, key); };
  return {.connection_name = text("ConnectionName"),
          .connection_type = text("ConnectionType"),
          .connection_subtype = text("ConnectionSubType"),
          .user_id = text("UserID"),
          .user_email = text("UserEmail"),
          .env_vars = Read<std::map<std::string, std::string>>(value, "EnvVars"),
          .command = list("CmdList"),
          .client_args = list("ClientArgs"),
          .client_verb = text("ClientVerb"),
          .client_origin = text("ClientOrigin"),
          .dlp_provider = text("DlpProvider"),
          .dlp_mode = text("DlpMode"),
          .dlp_info_types = list("DLPInfoTypes"),
          .dlp_gcp_raw_credentials_json = text("DlpGcpRawCredentialsJSON"),
          .dlp_presidio_analyzer_url = text("DlpPresidioAnalyzerURL"),
          .dlp_presidio_anonymizer_url = text("DlpPresidioAnonymizerURL"),
          .data_masking_entity_types_json = bytes("DataMaskingEntityTypesData"),
          .guard_rail_rules_json = bytes("GuardRailRules"),
          .analyzer_metrics_rules_json = bytes("AnalyzerMetricsRules")};
}

// Streams of AgentConnectionParams, of all eras.
std::vector<json> ParamsVectors() {
  std::vector<json> vectors;
  for (const char* file : {"gob.json", "gob-wire.json", "gob24-wire.json"}) {
    std::ifstream in(std::string(HOOP_TEST_VECTORS) + "/gob/" + file);
    for (json& entry : json::parse(in)) {
      if (entry["go_type"].get<std::string>().starts_with("AgentConnectionParams")) vectors.push_back(std::move(entry));
    }
  }
  return vectors;
}

std::string StreamOf(const json& vector) { return HexDecode(vector["hex"].get<std::string>()).value(); }

TEST(ConnectionParams, DecodeFromEveryEra) {
  size_t decoded = 0;
  for (const json& vector : ParamsVectors()) {
    SCOPED_TRACE(vector["name"]);
    auto params = DecodeConnectionParams(StreamOf(vector));
    if (vector.value("invalid", false)) {
      EXPECT_FALSE(params.ok());
      continue;
    }
    ASSERT_OK(params);
    EXPECT_EQ(*params, FromJson(vector["json_value"]));
    ++decoded;
    // What we send in turn says the same.
    EXPECT_EQ(DecodeConnectionParams(EncodeConnectionParams(*params)).value(), *params);
  }
  EXPECT_EQ(decoded, 35u);
}

TEST(ConnectionParams, EncodeAsTheUnionVectorByteForByte) {
  size_t encoded = 0;
  for (const json& vector : ParamsVectors()) {
    if (vector["name"] != "agent_connection_params_union/typical") continue;
    EXPECT_EQ(HexEncode(EncodeConnectionParams(FromJson(vector["json_value"]))), vector["hex"].get<std::string>());
    ++encoded;
  }
  EXPECT_EQ(encoded, 1u);
}

TEST(ConnectionParams, SendAnEmptyMapOfVariablesAsRealGatewaysDo) {
  auto value = DecodeGob(EncodeConnectionParams({}));
  ASSERT_OK(value);
  const GobStruct& members = std::get<GobStruct>(*value);
  ASSERT_EQ(members.size(), 1u);
  EXPECT_EQ(members[0].name, "EnvVars");
}

GobField Field(std::string_view name, const GobType& type) { return {name, &type}; }

absl::Status DecodeErrorOf(const GobField& field, GobValue value) {
  const GobType type{.kind = GobType::Kind::kStruct, .fields = {&field, 1}};
  return DecodeConnectionParams(EncodeGob(type, GobStruct{{std::string(field.name), std::move(value)}})).status();
}

TEST(ConnectionParams, RefuseFieldsOfAnotherType) {
  const GobType strings{.kind = GobType::Kind::kSlice, .element = &kGobString};
  const GobType any_map{.kind = GobType::Kind::kMap, .key = &kGobString, .element = &kGobInterface};
  const GobType list_map{.kind = GobType::Kind::kMap, .key = &kGobString, .element = &strings};
  const GobList list{std::string("a")};
  EXPECT_STATUS(DecodeErrorOf(Field("ConnectionName", strings), list), absl::StatusCode::kInvalidArgument,
                "connection params: ConnectionName is not a text");
  EXPECT_STATUS(DecodeErrorOf(Field("CmdList", kGobString), std::string("a")), absl::StatusCode::kInvalidArgument,
                "CmdList is not a list of texts");
  EXPECT_STATUS(DecodeErrorOf(Field("GuardRailRules", kGobString), std::string("a")),
                absl::StatusCode::kInvalidArgument, "GuardRailRules is not a byte string");
  EXPECT_STATUS(DecodeErrorOf(Field("EnvVars", list_map), GobMap{{std::string("envvar:A"), list}}),
                absl::StatusCode::kInvalidArgument, "EnvVars is not a map of texts");
  EXPECT_STATUS(DecodeErrorOf(Field("EnvVars", any_map), GobMap{{std::string("envvar:A"), GobValue()}}),
                absl::StatusCode::kInvalidArgument, "EnvVars is not a map of texts");
  EXPECT_STATUS(DecodeConnectionParams(EncodeGobStrings({"a"})), absl::StatusCode::kInvalidArgument, "not a struct");
}

TEST(ConnectionParams, SkipFieldsThatNobodyKnows) {
  const GobType strings{.kind = GobType::Kind::kSlice, .element = &kGobString};
  EXPECT_OK(DecodeErrorOf(Field("FieldOf2031", strings), GobList{std::string("a")}));
}

}  // namespace
}  // namespace hoop
