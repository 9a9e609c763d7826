// Encoding of gob streams as Go's own encoder writes them, byte for byte.
#include <bit>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "base/check.h"
#include "wire/gob.h"

namespace hoop {
namespace {

constexpr int64_t kBytesId = 5, kStringId = 6, kInterfaceId = 8;

void AppendUint(std::string& out, uint64_t value) {
  if (value < 0x80) {
    out.push_back(static_cast<char>(value));
    return;
  }
  const int size = (static_cast<int>(std::bit_width(value)) + 7) / 8;
  out.push_back(static_cast<char>(0x100 - size));  // the negated count
  for (int shift = (size - 1) * 8; shift >= 0; shift -= 8) out.push_back(static_cast<char>(value >> shift));
}

void AppendInt(std::string& out, int64_t value) {
  const uint64_t bits = static_cast<uint64_t>(value) << 1;
  AppendUint(out, value < 0 ? ~bits : bits);
}

void AppendText(std::string& out, std::string_view text) {
  AppendUint(out, text.size());
  out.append(text);
}

std::string WithLength(std::string_view message) {
  std::string out;
  AppendText(out, message);
  return out;
}

template <typename T>
const T& Get(const GobValue& value) {
  HOOP_CHECK(std::holds_alternative<T>(value));
  return std::get<T>(value);
}

// Left out of a struct. An empty map is not: only a nil one.
bool IsZero(const GobType& type, const GobValue& value) {
  switch (type.kind) {
    case GobType::Kind::kString:
      return Get<std::string>(value).empty();
    case GobType::Kind::kBytes:
      return Get<GobBytes>(value).bytes.empty();
    case GobType::Kind::kSlice:
      return Get<GobList>(value).empty();
    case GobType::Kind::kInterface:
    case GobType::Kind::kMap:
      return std::holds_alternative<std::monostate>(value);
    case GobType::Kind::kStruct:
      return false;
  }
  return false;
}

class Encoder final {
 public:
  explicit Encoder(int64_t first_type_id) : next_id_(first_type_id) {}

  std::string Encode(const GobType& type, const GobValue& value) {
    AssignId(type);
    Define(type);
    std::string message;
    AppendInt(message, ids_.at(&type));
    AppendTopLevelValue(message, type, value);
    return stream_ + WithLength(message);
  }

 private:
  // A struct gets its id before its fields, a slice or map after its elements: Go's order.
  int64_t AssignId(const GobType& type);
  // Definitions go from the outer type inwards, each once.
  void Define(const GobType& type);
  std::string Definition(const GobType& type) const;

  static void AppendTopLevelValue(std::string& out, const GobType& type, const GobValue& value) {
    if (type.kind != GobType::Kind::kStruct) out.push_back('\0');
    AppendValue(out, type, value);
  }
  static void AppendValue(std::string& out, const GobType& type, const GobValue& value);
  static void AppendInterface(std::string& out, const GobValue& value);
  static void AppendMap(std::string& out, const GobType& type, const GobValue& value);
  static void AppendStruct(std::string& out, const GobType& type, const GobStruct& members);

  int64_t next_id_;
  std::unordered_map<const GobType*, int64_t> ids_;
  std::unordered_set<const GobType*> defined_;
  std::string stream_;
};

int64_t Encoder::AssignId(const GobType& type) {
  if (const auto known = ids_.find(&type); known != ids_.end()) return known->second;
  switch (type.kind) {
    case GobType::Kind::kString:
      return ids_[&type] = kStringId;
    case GobType::Kind::kBytes:
      return ids_[&type] = kBytesId;
    case GobType::Kind::kInterface:
      return ids_[&type] = kInterfaceId;
    case GobType::Kind::kStruct:
      ids_[&type] = next_id_++;
      for (const GobField& field : type.fields) AssignId(*field.type);
      return ids_[&type];
    case GobType::Kind::kMap:
      AssignId(*type.key);
      [[fallthrough]];
    case GobType::Kind::kSlice:
      AssignId(*type.element);
  }
  return ids_[&type] = next_id_++;
}

void Encoder::Define(const GobType& type) {
  const bool predefined = type.kind == GobType::Kind::kString || type.kind == GobType::Kind::kBytes ||
                          type.kind == GobType::Kind::kInterface;
  if (predefined || !defined_.insert(&type).second) return;
  stream_ += WithLength(Definition(type));
  if (type.key != nullptr) Define(*type.key);
  if (type.element != nullptr) Define(*type.element);
  for (const GobField& field : type.fields) Define(*field.type);
}

// A wireType value: one of its fields SliceT (1), StructT (2), MapT (3), each beginning with a CommonType.
std::string Encoder::Definition(const GobType& type) const {
  std::string out;
  AppendInt(out, -ids_.at(&type));
  out.push_back(type.kind == GobType::Kind::kSlice ? 2 : type.kind == GobType::Kind::kStruct ? 3 : 4);
  out.push_back(1);
  if (!type.name.empty()) {
    out.push_back(1);
    AppendText(out, type.name);
  }
  out.push_back(type.name.empty() ? 2 : 1);
  AppendInt(out, ids_.at(&type));
  out.push_back(0);
  for (const GobType* part : {type.key, type.element}) {
    if (part == nullptr) continue;
    out.push_back(1);
    AppendInt(out, ids_.at(part));
  }
  if (!type.fields.empty()) {
    out.push_back(1);
    AppendUint(out, type.fields.size());
    for (const GobField& field : type.fields) {
      out.push_back(1);
      AppendText(out, field.name);
      out.push_back(1);
      AppendInt(out, ids_.at(field.type));
      out.push_back(0);
    }
  }
  out.append(2, '\0');  // ends the alternative and wireType
  return out;
}

void Encoder::AppendValue(std::string& out, const GobType& type, const GobValue& value) {
  switch (type.kind) {
    case GobType::Kind::kString:
      return AppendText(out, Get<std::string>(value));
    case GobType::Kind::kBytes:
      return AppendText(out, Get<GobBytes>(value).bytes);
    case GobType::Kind::kInterface:
      return AppendInterface(out, value);
    case GobType::Kind::kMap:
      return AppendMap(out, type, value);
    case GobType::Kind::kStruct:
      return AppendStruct(out, type, Get<GobStruct>(value));
    case GobType::Kind::kSlice:
      break;
  }
  const GobList& list = Get<GobList>(value);
  AppendUint(out, list.size());
  for (const GobValue& element : list) AppendValue(out, *type.element, element);
}

void Encoder::AppendInterface(std::string& out, const GobValue& value) {
  if (std::holds_alternative<std::monostate>(value)) {
    AppendText(out, "");
    return;
  }
  std::string text;
  AppendTopLevelValue(text, kGobString, value);
  AppendText(out, "string");
  AppendInt(out, kStringId);
  AppendText(out, text);
}

void Encoder::AppendMap(std::string& out, const GobType& type, const GobValue& value) {
  if (std::holds_alternative<std::monostate>(value)) {
    AppendUint(out, 0);
    return;
  }
  const GobMap& map = Get<GobMap>(value);
  AppendUint(out, map.size());
  for (const GobEntry& entry : map) {
    AppendValue(out, *type.key, entry.key);
    AppendValue(out, *type.element, entry.value);
  }
}

void Encoder::AppendStruct(std::string& out, const GobType& type, const GobStruct& members) {
  uint64_t delta = 0;
  size_t used = 0;
  for (const GobField& field : type.fields) {
    ++delta;
    if (used == members.size() || members[used].name != field.name) continue;  // not given: zero
    const GobValue& value = members[used++].value;
    if (IsZero(*field.type, value)) continue;
    AppendUint(out, std::exchange(delta, 0));
    AppendValue(out, *field.type, value);
  }
  HOOP_CHECK(used == members.size());  // members come in the order of the fields
  out.push_back(0);
}

}  // namespace

std::string EncodeGob(const GobType& type, const GobValue& value, int64_t first_type_id) {
  return Encoder(first_type_id).Encode(type, value);
}

}  // namespace hoop
