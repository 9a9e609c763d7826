// Go's gob format, as far as the wire uses it: every value is a complete stream of its own, type definitions first,
// then one value. Decoding takes any type apart into a tree; encoding knows the kinds that we send. Used by
// connection_params and by whoever reads or writes terminal.args and terminal.envvars.
#pragma once

#include <complex>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"

namespace hoop {

struct GobValue;
struct GobEntry;
struct GobMember;

using GobList = std::vector<GobValue>;     // slice or array
using GobMap = std::vector<GobEntry>;      // in the order of the stream, which is random; keys may repeat
using GobStruct = std::vector<GobMember>;  // the fields that were sent: zero ones are not

// The bytes of []byte, which are not text.
struct GobBytes {
  std::string bytes;
};

// monostate: a nil interface; when encoding also a nil map.
struct GobValue : std::variant<std::monostate, bool, int64_t, uint64_t, double, std::complex<double>, std::string,
                               GobBytes, GobList, GobMap, GobStruct> {
  using variant::variant;
};

struct GobEntry {
  GobValue key;
  GobValue value;
};

struct GobMember {
  std::string name;
  GobValue value;
};

// Decodes one stream; what stands behind the value is ignored, as Go does.
// InvalidArgument: not a gob stream. ResourceExhausted: more types, values or nesting than limits::kGob... allow.
absl::StatusOr<GobValue> DecodeGob(std::string_view stream);

// How a value is described to the receiver. Descriptions are constants; one description is one type on the wire.
struct GobField;
struct GobType {
  enum class Kind { kString, kBytes, kInterface, kSlice, kMap, kStruct };
  Kind kind = Kind::kString;
  std::string_view name;             // decoration for the receiver; empty: not sent
  const GobType* key = nullptr;      // of a map
  const GobType* element = nullptr;  // of a map or slice
  std::span<const GobField> fields = {};
};

struct GobField {
  std::string_view name;
  const GobType* type = nullptr;
};

inline constexpr GobType kGobString{GobType::Kind::kString};
inline constexpr GobType kGobBytes{GobType::Kind::kBytes};
inline constexpr GobType kGobInterface{GobType::Kind::kInterface};

// Encodes `value`, which has the shape of `type` (our own mistake otherwise). An interface holds text or nil: other
// values would split the stream's messages, which some receivers cannot skip. `first_type_id` is what the receiver
// sees of the sender's history: Go up to 1.20 begins with 65.
std::string EncodeGob(const GobType& type, const GobValue& value, int64_t first_type_id = 65);

// []string and map[string]string. A null, missing and empty map are alike; of equal keys the last wins.
// InvalidArgument: not a gob stream, or of another type.
absl::StatusOr<std::vector<std::string>> DecodeGobStrings(std::string_view stream);
absl::StatusOr<std::map<std::string, std::string>> DecodeGobStringMap(std::string_view stream);
std::string EncodeGobStrings(const std::vector<std::string>& strings);
std::string EncodeGobStringMap(const std::map<std::string, std::string>& map);

// The same for a value inside a tree; `what` names it in the error.
absl::StatusOr<std::vector<std::string>> GobToStrings(const GobValue& value, std::string_view what);
absl::StatusOr<std::map<std::string, std::string>> GobToStringMap(const GobValue& value, std::string_view what);
GobValue GobFromStrings(const std::vector<std::string>& strings);
GobValue GobFromStringMap(const std::map<std::string, std::string>& map);

}  // namespace hoop
