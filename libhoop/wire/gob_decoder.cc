// Decoding of gob streams. Whatever the stream says, memory stays within a fixed multiple of its size: lengths and
// counts are checked against the bytes left before anything is made.
#include <array>
#include <bit>
#include <unordered_map>
#include <utility>

#include "base/limits/gob.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "wire/gob.h"

namespace hoop {
namespace {

// Ids that every stream knows.
enum PredefinedType : int64_t { kBool = 1, kInt, kUint, kFloat, kBytes, kString, kComplex, kInterface };
constexpr int64_t kPredefinedTypeMax = 23;

// What a type definition of the stream says, without its decoration.
struct WireType {
  enum class Kind { kArray, kSlice, kStruct, kMap, kOpaque };
  struct Field {
    std::string name;
    int64_t type = 0;
  };
  Kind kind = Kind::kOpaque;
  int64_t key = 0;
  int64_t element = 0;
  std::vector<Field> fields;
};

template <typename T>
absl::StatusOr<GobValue> ToValue(absl::StatusOr<T> value) {
  if (!value.ok()) return std::move(value).status();
  return GobValue(*std::move(value));
}

class Decoder final {
 public:
  explicit Decoder(std::string_view stream) : rest_(stream) {}

  absl::StatusOr<GobValue> Decode() {
    if (rest_.empty()) return InvalidArgument("gob: nothing to decode");
    while (true) {
      HOOP_RETURN_IF_ERROR(NextMessage());
      HOOP_ASSIGN_OR_RETURN(const int64_t id, Int());
      if (id >= 0) return TopLevelValue(id, 0);
      HOOP_RETURN_IF_ERROR(Definition(id));
      if (!message_.empty()) return InvalidArgument("gob: bytes behind a type definition");
    }
  }

 private:
  absl::Status NextMessage();

  // Numbers and texts, from the current message.
  absl::StatusOr<uint64_t> Uint() { return UintFrom(message_); }
  static absl::StatusOr<uint64_t> UintFrom(std::string_view& bytes);
  absl::StatusOr<int64_t> Int();
  absl::StatusOr<double> Float();
  absl::StatusOr<std::string> Text();
  absl::StatusOr<size_t> Count(size_t bytes_each);

  // Calls `read(field)` for each field of a struct that was sent.
  template <typename Read>
  absl::Status Fields(size_t field_count, Read read);

  absl::Status Definition(int64_t negative_id);
  absl::Status DefinitionOf(size_t alternative, WireType& type);
  absl::Status CommonType();
  absl::Status StructFields(WireType& type);
  absl::Status ReadInto(int64_t& id);

  absl::StatusOr<GobValue> TopLevelValue(int64_t id, size_t depth);
  absl::StatusOr<GobValue> Value(int64_t id, size_t depth);
  absl::StatusOr<GobValue> PredefinedValue(int64_t id, size_t depth);
  absl::StatusOr<GobValue> InterfaceValue(size_t depth);
  absl::StatusOr<GobValue> ListValue(int64_t element, size_t depth);
  absl::StatusOr<GobValue> MapValue(const WireType& type, size_t depth);
  absl::StatusOr<GobValue> StructValue(const WireType& type, size_t depth);

  std::string_view rest_;     // behind the current message
  std::string_view message_;  // what is left of the current message
  std::unordered_map<int64_t, WireType> types_;
  size_t values_ = 0;
};

absl::Status Decoder::NextMessage() {
  if (rest_.empty()) return InvalidArgument("gob: stream ends before its value");
  HOOP_ASSIGN_OR_RETURN(const uint64_t size, UintFrom(rest_));
  if (size == 0 || size > rest_.size()) {
    return InvalidArgument("gob: message of {} bytes, {} are left", size, rest_.size());
  }
  message_ = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return absl::OkStatus();
}

absl::StatusOr<uint64_t> Decoder::UintFrom(std::string_view& bytes) {
  if (bytes.empty()) return InvalidArgument("gob: message ends where a number belongs");
  const uint8_t first = static_cast<uint8_t>(bytes[0]);
  bytes.remove_prefix(1);
  if (first < 0x80) return first;
  const size_t size = 0x100u - first;
  if (size > sizeof(uint64_t)) return InvalidArgument("gob: number of {} bytes", size);
  if (size > bytes.size()) return InvalidArgument("gob: message ends inside a number");
  uint64_t value = 0;
  for (size_t at = 0; at < size; ++at) value = value << 8 | static_cast<uint8_t>(bytes[at]);
  bytes.remove_prefix(size);
  return value;
}

absl::StatusOr<int64_t> Decoder::Int() {
  HOOP_ASSIGN_OR_RETURN(const uint64_t bits, Uint());
  const int64_t value = static_cast<int64_t>(bits >> 1);
  return bits & 1 ? ~value : value;
}

absl::StatusOr<double> Decoder::Float() {
  HOOP_ASSIGN_OR_RETURN(const uint64_t bits, Uint());
  return std::bit_cast<double>(__builtin_bswap64(bits));
}

absl::StatusOr<std::string> Decoder::Text() {
  HOOP_ASSIGN_OR_RETURN(const uint64_t size, Uint());
  if (size > message_.size()) {
    return InvalidArgument("gob: text of {} bytes, {} are left in its message", size, message_.size());
  }
  std::string text(message_.substr(0, size));
  message_.remove_prefix(size);
  return text;
}

// Elements may go on in later messages (see InterfaceValue), so all bytes left count.
absl::StatusOr<size_t> Decoder::Count(size_t bytes_each) {
  HOOP_ASSIGN_OR_RETURN(const uint64_t count, Uint());
  if (count > (message_.size() + rest_.size()) / bytes_each) {
    return InvalidArgument("gob: {} elements, {} bytes are left", count, message_.size() + rest_.size());
  }
  return count;
}

template <typename Read>
absl::Status Decoder::Fields(size_t field_count, Read read) {
  size_t next = 0;  // the field that a delta of 1 means
  while (true) {
    HOOP_ASSIGN_OR_RETURN(const uint64_t delta, Uint());
    if (delta == 0) return absl::OkStatus();
    if (delta > field_count - next) return InvalidArgument("gob: field number beyond the {} of its type", field_count);
    next += delta;
    HOOP_RETURN_IF_ERROR(read(next - 1));
  }
}

absl::Status Decoder::Definition(int64_t negative_id) {
  if (negative_id >= -kPredefinedTypeMax) return InvalidArgument("gob: definition of predefined type {}", -negative_id);
  if (types_.size() >= limits::kGobTypesMax) {
    return ResourceExhausted("gob: more than {} type definitions", limits::kGobTypesMax);
  }
  WireType type;
  size_t alternatives = 0;
  HOOP_RETURN_IF_ERROR(Fields(7, [this, &type, &alternatives](size_t field) {
    ++alternatives;
    return DefinitionOf(field, type);
  }));
  if (alternatives != 1) return InvalidArgument("gob: type definition with {} alternatives", alternatives);
  // The smallest id has no positive counterpart; types_ keeps the negative one, so nothing overflows.
  if (!types_.emplace(negative_id, std::move(type)).second) return InvalidArgument("gob: type is defined twice");
  return absl::OkStatus();
}

// One field of wireType: ArrayT, SliceT, StructT, MapT, or one of three kinds whose values are opaque bytes.
absl::Status Decoder::DefinitionOf(size_t alternative, WireType& type) {
  constexpr std::array kKinds = {WireType::Kind::kArray, WireType::Kind::kSlice,  WireType::Kind::kStruct,
                                 WireType::Kind::kMap,   WireType::Kind::kOpaque, WireType::Kind::kOpaque,
                                 WireType::Kind::kOpaque};
  type.kind = kKinds[alternative];
  switch (type.kind) {
    case WireType::Kind::kArray:
      return Fields(3, [this, &type](size_t field) {
        int64_t length = 0;  // each value says its own count
        return field == 0 ? CommonType() : ReadInto(field == 1 ? type.element : length);
      });
    case WireType::Kind::kSlice:
      return Fields(2, [this, &type](size_t field) { return field == 0 ? CommonType() : ReadInto(type.element); });
    case WireType::Kind::kStruct:
      return Fields(2, [this, &type](size_t field) { return field == 0 ? CommonType() : StructFields(type); });
    case WireType::Kind::kMap:
      return Fields(3, [this, &type](size_t field) {
        return field == 0 ? CommonType() : ReadInto(field == 1 ? type.key : type.element);
      });
    case WireType::Kind::kOpaque:
      break;
  }
  return Fields(1, [this](size_t) { return CommonType(); });
}

// Name and id once more: decoration.
absl::Status Decoder::CommonType() {
  return Fields(2, [this](size_t field) { return field == 0 ? Text().status() : Int().status(); });
}

absl::Status Decoder::StructFields(WireType& type) {
  HOOP_ASSIGN_OR_RETURN(const size_t count, Count(1));
  for (size_t i = 0; i < count; ++i) {
    if (++values_ > limits::kGobValuesMax) return ResourceExhausted("gob: more than {} fields", limits::kGobValuesMax);
    WireType::Field& field = type.fields.emplace_back();
    HOOP_RETURN_IF_ERROR(Fields(2, [this, &field](size_t part) -> absl::Status {
      if (part == 1) return ReadInto(field.type);
      HOOP_ASSIGN_OR_RETURN(field.name, Text());
      return absl::OkStatus();
    }));
  }
  return absl::OkStatus();
}

absl::Status Decoder::ReadInto(int64_t& id) {
  HOOP_ASSIGN_OR_RETURN(id, Int());
  return absl::OkStatus();
}

// A value that is not a struct is sent like the only field of one, with delta 0.
absl::StatusOr<GobValue> Decoder::TopLevelValue(int64_t id, size_t depth) {
  const auto type = types_.find(-id);
  if (type == types_.end() || type->second.kind != WireType::Kind::kStruct) {
    HOOP_ASSIGN_OR_RETURN(const uint64_t delta, Uint());
    if (delta != 0) return InvalidArgument("gob: value of type {} begins with {} instead of 0", id, delta);
  }
  return Value(id, depth);
}

absl::StatusOr<GobValue> Decoder::Value(int64_t id, size_t depth) {
  if (++values_ > limits::kGobValuesMax) return ResourceExhausted("gob: more than {} values", limits::kGobValuesMax);
  if (depth > limits::kGobNestingMax) return ResourceExhausted("gob: nested deeper than {}", limits::kGobNestingMax);
  if (id > 0 && id <= kPredefinedTypeMax) return PredefinedValue(id, depth);
  const auto found = id > 0 ? types_.find(-id) : types_.end();
  if (found == types_.end()) return InvalidArgument("gob: value of an unknown type {}", id);
  // References into types_ stay valid while an interface inside the value defines more types.
  const WireType& type = found->second;
  switch (type.kind) {
    case WireType::Kind::kArray:
    case WireType::Kind::kSlice:
      return ListValue(type.element, depth);
    case WireType::Kind::kMap:
      return MapValue(type, depth);
    case WireType::Kind::kStruct:
      return StructValue(type, depth);
    case WireType::Kind::kOpaque:
      break;
  }
  return PredefinedValue(kBytes, depth);
}

absl::StatusOr<GobValue> Decoder::PredefinedValue(int64_t id, size_t depth) {
  switch (id) {
    case kBool: {
      HOOP_ASSIGN_OR_RETURN(const uint64_t value, Uint());
      return GobValue(value != 0);
    }
    case kInt:
      return ToValue(Int());
    case kUint:
      return ToValue(Uint());
    case kFloat:
      return ToValue(Float());
    case kString:
      return ToValue(Text());
    case kBytes: {
      HOOP_ASSIGN_OR_RETURN(std::string bytes, Text());
      return GobValue(GobBytes{std::move(bytes)});
    }
    case kComplex: {
      HOOP_ASSIGN_OR_RETURN(const double real, Float());
      HOOP_ASSIGN_OR_RETURN(const double imaginary, Float());
      return GobValue(std::complex<double>(real, imaginary));
    }
    case kInterface:
      return InterfaceValue(depth);
    default:
      return InvalidArgument("gob: a type description ({}) is not a value", id);
  }
}

// The concrete type may need a definition that was not sent yet: then it stands here, in the middle of the value. When
// it ends the message, the value goes on in the next one; when it does not (an interface inside another), the encoder
// wrote one more length. The byte count before the value covers only a part then: it is no bound.
absl::StatusOr<GobValue> Decoder::InterfaceValue(size_t depth) {
  HOOP_ASSIGN_OR_RETURN(const std::string concrete_name, Text());
  if (concrete_name.empty()) return GobValue();
  HOOP_ASSIGN_OR_RETURN(int64_t id, Int());
  while (id < 0) {
    HOOP_RETURN_IF_ERROR(Definition(id));
    if (message_.empty()) {
      HOOP_RETURN_IF_ERROR(NextMessage());
    } else {
      HOOP_RETURN_IF_ERROR(Uint().status());
    }
    HOOP_ASSIGN_OR_RETURN(id, Int());
  }
  HOOP_RETURN_IF_ERROR(Uint().status());
  return TopLevelValue(id, depth + 1);
}

absl::StatusOr<GobValue> Decoder::ListValue(int64_t element, size_t depth) {
  HOOP_ASSIGN_OR_RETURN(const size_t count, Count(1));
  GobList list;
  for (size_t i = 0; i < count; ++i) {
    HOOP_ASSIGN_OR_RETURN(GobValue value, Value(element, depth + 1));
    list.push_back(std::move(value));
  }
  return GobValue(std::move(list));
}

absl::StatusOr<GobValue> Decoder::MapValue(const WireType& type, size_t depth) {
  HOOP_ASSIGN_OR_RETURN(const size_t count, Count(2));
  GobMap map;
  for (size_t i = 0; i < count; ++i) {
    HOOP_ASSIGN_OR_RETURN(GobValue key, Value(type.key, depth + 1));
    HOOP_ASSIGN_OR_RETURN(GobValue value, Value(type.element, depth + 1));
    map.push_back({std::move(key), std::move(value)});
  }
  return GobValue(std::move(map));
}

absl::StatusOr<GobValue> Decoder::StructValue(const WireType& type, size_t depth) {
  GobStruct members;
  HOOP_RETURN_IF_ERROR(Fields(type.fields.size(), [this, &type, &members, depth](size_t field) -> absl::Status {
    HOOP_ASSIGN_OR_RETURN(GobValue value, Value(type.fields[field].type, depth + 1));
    members.push_back({type.fields[field].name, std::move(value)});
    return absl::OkStatus();
  }));
  return GobValue(std::move(members));
}

}  // namespace

absl::StatusOr<GobValue> DecodeGob(std::string_view stream) { return Decoder(stream).Decode(); }

}  // namespace hoop
