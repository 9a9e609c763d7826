// Every gob vector: values that Go's own encoder wrote, values recorded on the wire, and garbage.
#include "wire/gob.h"

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/encoding.h"
#include "base/limits/gob.h"
#include "tests/support/status_matchers.h"

namespace hoop {
namespace {

using nlohmann::json;

struct Vector {
  std::string name;
  std::string go_type;
  std::string stream;
  json value;
  bool valid = true;
  bool any_order = false;
};

std::vector<Vector> ReadVectors() {
  std::vector<Vector> vectors;
  for (const char* file : {"gob.json", "gob-wire.json", "gob24-wire.json"}) {
    std::ifstream in(std::string(HOOP_TEST_VECTORS) + "/gob/" + file);
    for (const json& entry : json::parse(in)) {
      vectors.push_back({entry["name"], entry["go_type"], HexDecode(entry["hex"].get<std::string>()).value(),
                         entry["json_value"], !entry.value("invalid", false) && !entry.value("incomplete", false),
                         entry.value("map_order_dependent", false)});
    }
  }
  return vectors;
}

bool IsZero(const json& value) {
  return value.is_null() || value == 0 || value == "" || value == false || (value.is_structured() && value.empty());
}

constexpr int64_t kSafe = int64_t{1} << 53;  // JSON numbers are exact up to here

// The tree as the vectors spell values: bytes as base64, large integers as text.
json ToJson(const GobValue& value, bool integers_as_text) {
  struct Visitor {
    bool as_text;
    json operator()(std::monostate) const { return nullptr; }
    json operator()(bool v) const { return v; }
    json operator()(int64_t v) const {
      return as_text || v >= kSafe || v <= -kSafe ? json(std::to_string(v)) : json(v);
    }
    json operator()(uint64_t v) const { return as_text || v >= uint64_t{kSafe} ? json(std::to_string(v)) : json(v); }
    json operator()(double v) const { return v; }
    json operator()(const std::complex<double>&) const { return "complex"; }
    json operator()(const std::string& v) const { return v; }
    json operator()(const GobBytes& v) const { return Base64Encode(v.bytes); }
    json operator()(const GobList& v) const {
      json list = json::array();
      for (const GobValue& element : v) list.push_back(ToJson(element, as_text));
      return list;
    }
    json operator()(const GobMap& v) const {
      json map = json::object();
      for (const GobEntry& entry : v) map[std::get<std::string>(entry.key)] = ToJson(entry.value, as_text);
      return map;
    }
    json operator()(const GobStruct& v) const {
      json map = json::object();
      for (const GobMember& member : v) map[member.name] = ToJson(member.value, as_text);
      return map;
    }
  };
  return std::visit(Visitor{integers_as_text}, static_cast<const GobValue::variant&>(value));
}

// Zero values and absent ones are equal in objects.
bool Same(const json& expected, const json& actual) {
  if (expected.is_object() && actual.is_object()) {
    for (const auto& [key, value] : expected.items()) {
      if (!(actual.contains(key) ? Same(value, actual[key]) : IsZero(value))) return false;
    }
    for (const auto& [key, value] : actual.items()) {
      if (!expected.contains(key) && !IsZero(value)) return false;
    }
    return true;
  }
  if (expected.is_array() && actual.is_array() && expected.size() == actual.size()) {
    for (size_t i = 0; i < expected.size(); ++i) {
      if (!Same(expected[i], actual[i])) return false;
    }
    return true;
  }
  return expected == actual || (IsZero(expected) && IsZero(actual));
}

TEST(GobVectors, ValidOnesDecodeToTheirValue) {
  size_t decoded = 0;
  for (const Vector& vector : ReadVectors()) {
    if (!vector.valid) continue;
    SCOPED_TRACE(vector.name);
    auto value = DecodeGob(vector.stream);
    ASSERT_OK(value);
    const bool integers_as_text = vector.name.starts_with("prim/int64") || vector.name.starts_with("prim/uint64");
    const json actual = ToJson(*value, integers_as_text);
    EXPECT_TRUE(Same(vector.value, actual)) << "expected " << vector.value << "\nactual   " << actual;
    ++decoded;
  }
  EXPECT_EQ(decoded, 149u);
}

TEST(GobVectors, InvalidAndIncompleteOnesAreRefused) {
  size_t refused = 0;
  for (const Vector& vector : ReadVectors()) {
    if (vector.valid) continue;
    // Well-formed streams of another type are for the layer that knows the type to refuse.
    EXPECT_FALSE(DecodeGobStrings(vector.stream).ok()) << vector.name;
    if (vector.name != "invalid/builtin_mismatch" && vector.name != "invalid/wrong_shape") {
      EXPECT_FALSE(DecodeGob(vector.stream).ok()) << vector.name;
    }
    ++refused;
  }
  EXPECT_EQ(refused, 14u);
}

TEST(GobVectors, TextShapesDecodeAndEncodeByteForByte) {
  size_t lists = 0, maps = 0, encoded = 0;
  for (const Vector& vector : ReadVectors()) {
    if (!vector.valid) continue;
    SCOPED_TRACE(vector.name);
    // Other first ids, and names that decorate the type, are another process's history.
    const bool as_we_send = !vector.any_order &&
                            (vector.name.starts_with("slice_string/") || vector.name.starts_with("map_string_string/"));
    if (vector.go_type == "[]string") {
      auto strings = DecodeGobStrings(vector.stream);
      ASSERT_OK(strings);
      EXPECT_EQ(json(*strings), vector.value);
      if (as_we_send) {
        EXPECT_EQ(HexEncode(EncodeGobStrings(*strings)), HexEncode(vector.stream));
      }
      ++lists;
    } else if (vector.go_type == "map[string]string") {
      auto map = DecodeGobStringMap(vector.stream);
      ASSERT_OK(map);
      EXPECT_EQ(json(*map), vector.value.empty() ? json(std::map<std::string, std::string>()) : vector.value);
      if (as_we_send) {
        EXPECT_EQ(HexEncode(EncodeGobStringMap(*map)), HexEncode(vector.stream));
      }
      EXPECT_EQ(DecodeGobStringMap(EncodeGobStringMap(*map)).value(), *map);
      ++maps;
    }
    encoded += as_we_send;
  }
  EXPECT_EQ(lists, 14u);
  EXPECT_EQ(maps, 13u);
  EXPECT_EQ(encoded, 16u);
}

TEST(GobVectors, TruncationsNeverDecode) {
  for (const Vector& vector : ReadVectors()) {
    if (!vector.valid || vector.stream.size() > 3000) continue;
    for (size_t size = 0; size < vector.stream.size(); ++size) {
      // A copy of exactly that size: a read beyond it is seen by the sanitizer.
      const std::string cut(vector.stream.data(), size);
      EXPECT_FALSE(DecodeGob(cut).ok()) << vector.name << " cut to " << size;
    }
  }
}

TEST(GobVectors, ChangedBytesNeverCrash) {
  size_t still_valid = 0;
  for (const Vector& vector : ReadVectors()) {
    if (vector.stream.size() > 3000) continue;
    for (size_t at = 0; at < vector.stream.size(); ++at) {
      for (const int change : {0x01, 0x02, 0x40, 0x80, 0xff}) {
        std::string changed = vector.stream;
        changed[at] = static_cast<char>(changed[at] ^ change);
        still_valid += DecodeGob(changed).ok();
      }
    }
  }
  EXPECT_GT(still_valid, 0u);  // a changed letter in a text is a text
}

TEST(Gob, ReadsAMapThatNamesAKeyTwice) {
  const std::string stream =
      EncodeGob(GobType{.kind = GobType::Kind::kMap, .key = &kGobString, .element = &kGobString},
                GobMap{{std::string("k"), std::string("first")}, {std::string("k"), std::string("last")}});
  EXPECT_EQ(DecodeGobStringMap(stream).value().at("k"), "last");
}

TEST(Gob, BoundsNesting) {
  // type T []T, and a value nested as deeply as it has bytes.
  const std::string definition = HexDecode("0cff81020102ff820001ff820000").value();
  std::string body = HexDecode("ff8200").value() + std::string(100, '\1') + std::string(1, '\0');
  const std::string stream = std::string(1, static_cast<char>(definition.size() - 1)) + definition.substr(1) +
                             std::string(1, static_cast<char>(body.size())) + body;
  EXPECT_STATUS(DecodeGob(stream), absl::StatusCode::kResourceExhausted, "nested deeper");
}

TEST(Gob, BoundsTheNumberOfValues) {
  const std::vector<std::string> many(limits::kGobValuesMax + 1);
  EXPECT_STATUS(DecodeGobStrings(EncodeGobStrings(many)), absl::StatusCode::kResourceExhausted, "values");
  const std::vector<std::string> fewer(limits::kGobValuesMax - 1);
  EXPECT_EQ(DecodeGobStrings(EncodeGobStrings(fewer)).value().size(), fewer.size());
}

TEST(Gob, BoundsTheNumberOfDefinitions) {
  std::string stream;
  for (size_t id = 100; id < 102 + limits::kGobTypesMax; ++id) {
    const std::string encoded =
        EncodeGob(GobType{.kind = GobType::Kind::kSlice, .element = &kGobString}, GobList{}, static_cast<int64_t>(id));
    stream += encoded.substr(0, static_cast<uint8_t>(encoded[0]) + 1u);
  }
  EXPECT_STATUS(DecodeGob(stream), absl::StatusCode::kResourceExhausted, "definitions");
}

TEST(Gob, RefusesWhatIsNotTheTypeAskedFor) {
  const std::string list = EncodeGobStrings({"a"});
  const std::string map = EncodeGobStringMap({{"a", "b"}});
  EXPECT_STATUS(DecodeGobStrings(map), absl::StatusCode::kInvalidArgument, "not a list of texts");
  EXPECT_STATUS(DecodeGobStringMap(list), absl::StatusCode::kInvalidArgument, "not a map of texts");
  EXPECT_STATUS(DecodeGobStrings(""), absl::StatusCode::kInvalidArgument, "nothing to decode");
}

}  // namespace
}  // namespace hoop
