#include "wire/packet.h"

#include "base/check.h"
#include "base/limits/wire.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "base/utf8.h"

namespace hoop {
namespace {

constexpr uint32_t kType = 2, kSpec = 3, kPayload = 4;  // proto/transport.proto; field 1 is never read
constexpr uint32_t kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5;

// Reads a varint of at most 10 bytes. False: truncated or too long.
bool ReadVarint(std::string_view bytes, size_t& position, size_t end, uint64_t& value) {
  value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    if (position >= end) return false;
    const auto byte = static_cast<unsigned char>(bytes[position++]);
    value |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return true;
  }
  return false;
}

void AppendVarint(std::string& out, uint64_t value) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
  out += static_cast<char>(value);
}

size_t VarintSize(uint64_t value) {
  size_t size = 1;
  for (; value >= 0x80; value >>= 7) ++size;
  return size;
}

// Steps over a field that we do not know. False: truncated or of a kind that proto3 does not have.
bool SkipField(std::string_view bytes, size_t& position, size_t end, uint32_t kind) {
  uint64_t value = 0;
  switch (kind) {
    case kVarint:
      return ReadVarint(bytes, position, end, value);
    case kFixed64:
      position += 8;
      return position <= end;
    case kFixed32:
      position += 4;
      return position <= end;
    case kBytes:
      if (!ReadVarint(bytes, position, end, value) || value > end - position) return false;
      position += value;
      return true;
    default:
      return false;
  }
}

absl::Status Malformed() { return InvalidArgument("packet: not a serialized Packet message"); }

}  // namespace

absl::StatusOr<Packet> Packet::Parse(std::string message) {
  if (message.size() > limits::kMessageReceiveBytesMax) {
    return ResourceExhausted("packet: larger than max ({} vs. {})", message.size(), limits::kMessageReceiveBytesMax);
  }
  Packet packet;
  packet.message_ = std::move(message);
  uint32_t seen = 0;
  for (size_t position = 0; position < packet.message_.size();) {
    HOOP_RETURN_IF_ERROR(packet.ScanField(position, seen));
  }
  if (!IsUtf8(packet.type())) return InvalidArgument("packet: string field contains invalid UTF-8");
  return packet;
}

absl::Status Packet::ScanField(size_t& position, uint32_t& seen) {
  const size_t end = message_.size();
  uint64_t tag = 0, size = 0;
  if (!ReadVarint(message_, position, end, tag)) return Malformed();
  const uint64_t field = tag >> 3;
  const auto kind = static_cast<uint32_t>(tag & 7);
  if (field == 0) return Malformed();
  if (field > kPayload) return SkipField(message_, position, end, kind) ? absl::OkStatus() : Malformed();
  if (kind != kBytes || !ReadVarint(message_, position, end, size) || size > end - position) return Malformed();
  const size_t begin = position;
  position += size;
  if (field == kSpec) return ScanSpecEntry(begin, position);
  const uint32_t bit = 1u << field;
  if ((seen & bit) != 0) return InvalidArgument("packet: field {} occurs twice", field);
  seen |= bit;
  const Range range{static_cast<uint32_t>(begin), static_cast<uint32_t>(size)};
  if (field == kType) {
    if (size > limits::kPacketTypeBytesMax) return InvalidArgument("packet: type of {} bytes", size);
    type_ = range;
  } else if (field == kPayload) {
    payload_ = range;
  }
  return absl::OkStatus();
}

absl::Status Packet::ScanSpecEntry(size_t begin, size_t end) {
  if (spec_.size() >= limits::kPacketSpecEntriesMax) {
    return ResourceExhausted("packet: more than {} spec entries", limits::kPacketSpecEntriesMax);
  }
  SpecRange entry;  // key and value may each be missing: then they are empty
  for (size_t position = begin; position < end;) {
    uint64_t tag = 0, size = 0;
    if (!ReadVarint(message_, position, end, tag)) return Malformed();
    const uint64_t field = tag >> 3;
    const auto kind = static_cast<uint32_t>(tag & 7);
    if (field == 0) return Malformed();
    if (field > 2) {
      if (!SkipField(message_, position, end, kind)) return Malformed();
      continue;
    }
    if (kind != kBytes || !ReadVarint(message_, position, end, size) || size > end - position) return Malformed();
    (field == 1 ? entry.key : entry.value) = {static_cast<uint32_t>(position), static_cast<uint32_t>(size)};
    position += size;
  }
  if (!IsUtf8(View(entry.key))) return InvalidArgument("packet: string field contains invalid UTF-8");
  spec_.push_back(entry);
  return absl::OkStatus();
}

Packet::Packet(std::string_view type, std::initializer_list<SpecEntry> spec, std::string_view payload) {
  size_t size = type.size() + payload.size() + 16;
  for (const SpecEntry& entry : spec) size += entry.key.size() + entry.value.size() + 16;
  message_.reserve(size);
  message_ += static_cast<char>(kType << 3 | kBytes);
  type_ = AppendBytes(type);
  for (const SpecEntry& entry : spec) AppendSpec(entry.key, entry.value);
  if (!payload.empty()) {
    message_ += static_cast<char>(kPayload << 3 | kBytes);
    payload_ = AppendBytes(payload);
  }
}

Packet Packet::Clone() const {
  Packet copy;
  copy.message_ = message_;
  copy.type_ = type_;
  copy.payload_ = payload_;
  copy.spec_ = spec_;
  return copy;
}

Packet::Range Packet::AppendBytes(std::string_view bytes) {
  HOOP_CHECK(message_.size() + bytes.size() < UINT32_MAX - 16);
  AppendVarint(message_, bytes.size());
  const Range range{static_cast<uint32_t>(message_.size()), static_cast<uint32_t>(bytes.size())};
  message_ += bytes;
  return range;
}

std::optional<std::string_view> Packet::Spec(std::string_view key) const {
  for (size_t i = spec_.size(); i-- > 0;) {
    if (View(spec_[i].key) == key) return View(spec_[i].value);
  }
  return std::nullopt;
}

void Packet::AppendSpec(std::string_view key, std::string_view value) {
  const size_t entry_size = 2 + VarintSize(key.size()) + key.size() + VarintSize(value.size()) + value.size();
  message_ += static_cast<char>(kSpec << 3 | kBytes);
  AppendVarint(message_, entry_size);
  SpecRange entry;
  message_ += static_cast<char>(1 << 3 | kBytes);
  entry.key = AppendBytes(key);
  message_ += static_cast<char>(2 << 3 | kBytes);
  entry.value = AppendBytes(value);
  spec_.push_back(entry);
}

bool Packet::HasSpecWithPrefix(std::string_view prefix) const {
  for (size_t i = 0; i < spec_.size(); ++i) {
    if (View(spec_[i].key).starts_with(prefix)) return true;
  }
  return false;
}

Packet Packet::WithoutSpecPrefix(std::string_view prefix) const {
  Packet copy(type(), {}, payload());
  for (size_t i = 0; i < spec_.size(); ++i) {
    const SpecEntry entry = spec_at(i);
    if (!entry.key.starts_with(prefix)) copy.AppendSpec(entry.key, entry.value);
  }
  return copy;
}

}  // namespace hoop
