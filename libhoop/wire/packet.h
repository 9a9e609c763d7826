// The unit of the wire: type + spec (string -> bytes) + payload, kept as the serialized protobuf message it travels
// as. One scan finds the fields; spec entries are added by appending; nothing else is decoded or encoded again.
// Source: proto/transport.proto, message Packet.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/container/inlined_vector.h"
#include "absl/status/statusor.h"

namespace hoop {

// A value that moves; Clone() where two are needed. Views into it live until it is moved, changed or destroyed.
class Packet final {
 public:
  struct SpecEntry {
    std::string_view key;
    std::string_view value;
  };

  Packet() = default;
  Packet(Packet&&) = default;
  Packet& operator=(Packet&&) = default;

  // Takes a serialized message. InvalidArgument: not a Packet; a repeated field 1, 2 or 4; a type or key that is not
  // UTF-8. ResourceExhausted: more than limits::kPacketSpecEntriesMax entries. Unknown fields are kept and ignored.
  static absl::StatusOr<Packet> Parse(std::string message);

  // A packet of our own.
  explicit Packet(std::string_view type, std::initializer_list<SpecEntry> spec = {}, std::string_view payload = {});

  Packet Clone() const;

  std::string_view type() const { return View(type_); }
  std::string_view payload() const { return View(payload_); }

  // Of equal keys the last wins. "Present and empty" is not "absent".
  std::optional<std::string_view> Spec(std::string_view key) const;
  // The value, or "" when absent.
  std::string_view SpecText(std::string_view key) const { return Spec(key).value_or(std::string_view()); }

  // The entries in the order of the wire; equal keys may occur, the last counts.
  size_t spec_size() const { return spec_.size(); }
  SpecEntry spec_at(size_t index) const { return {View(spec_[index].key), View(spec_[index].value)}; }

  // Adds an entry at the end of the message. It wins over an earlier one with the same key.
  void AppendSpec(std::string_view key, std::string_view value);

  // True when a key begins with `prefix`; the same packet without these entries (a copy, for the rare case).
  bool HasSpecWithPrefix(std::string_view prefix) const;
  Packet WithoutSpecPrefix(std::string_view prefix) const;

  // The serialized message.
  std::string_view bytes() const { return message_; }
  size_t size() const { return message_.size(); }
  // The same, taken out: for the transport, which sends it without a copy.
  std::string TakeBytes() && { return std::move(message_); }

 private:
  struct Range {  // within message_
    uint32_t offset = 0;
    uint32_t size = 0;
  };
  struct SpecRange {
    Range key;
    Range value;
  };

  std::string_view View(Range range) const { return std::string_view(message_).substr(range.offset, range.size); }
  Range AppendBytes(std::string_view bytes);
  absl::Status ScanField(size_t& position, uint32_t& seen);
  absl::Status ScanSpecEntry(size_t begin, size_t end);

  std::string message_;
  Range type_;
  Range payload_;
  absl::InlinedVector<SpecRange, 4> spec_;
};

}  // namespace hoop
