// HTTP/2 and gRPC as bytes, made by hand: no library stands between a test and the rules that it wants to break.
// Used by the attacks here and by tests/transport.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace hoop::http2 {

inline constexpr uint8_t kData = 0, kHeaders = 1, kPriority = 2, kReset = 3, kSettings = 4, kPushPromise = 5, kPing = 6,
                         kGoAway = 7, kWindowUpdate = 8, kContinuation = 9;
inline constexpr uint8_t kEndStream = 1, kAck = 1, kEndHeaders = 4, kPadded = 8, kHasPriority = 32;
inline constexpr std::string_view kMagic = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
inline constexpr size_t kFrameHeadBytes = 9;
inline constexpr size_t kFrameBytesDefault = 16384;  // what everybody must take

// `value` as `size` bytes, big end first.
inline std::string Number(uint64_t value, int size) {
  std::string bytes;
  for (int shift = 8 * (size - 1); shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift & 0xff);
  return bytes;
}

inline std::string FrameHead(size_t length, uint8_t type, uint8_t flags, uint32_t stream) {
  return Number(length, 3) + Number(type, 1) + Number(flags, 1) + Number(stream, 4);
}

inline std::string Frame(uint8_t type, uint8_t flags, uint32_t stream, std::string_view payload) {
  return FrameHead(payload.size(), type, flags, stream).append(payload);
}

inline std::string Setting(uint16_t id, uint32_t value) { return Number(id, 2) + Number(value, 4); }

// An HPACK integer with a prefix of `bits` bits, which `first` shares its byte with.
inline std::string HpackNumber(size_t value, int bits, uint8_t first = 0) {
  const size_t most = (size_t{1} << bits) - 1;
  if (value < most) return Number(first | value, 1);
  std::string bytes = Number(first | most, 1);
  for (value -= most; value >= 128; value >>= 7) bytes += static_cast<char>(value | 0x80);
  return bytes + static_cast<char>(value);
}

inline std::string HpackText(std::string_view bytes) { return HpackNumber(bytes.size(), 7).append(bytes); }

// One header without table and without Huffman.
inline std::string Literal(std::string_view name, std::string_view value) {
  return std::string(1, '\0') + HpackText(name) + HpackText(value);
}
// One header that goes into the dynamic table.
inline std::string Indexed(std::string_view name, std::string_view value) {
  return std::string(1, '\x40') + HpackText(name) + HpackText(value);
}
// The header at a place of the tables; 62 is the newest of the dynamic one.
inline std::string Reference(size_t index) { return HpackNumber(index, 7, 0x80); }

// No table for headers, as the gateway announces: the first block has to say so.
inline const std::string kNoTable = "\x20";

inline std::string Request(std::string_view path = "/protobuf.Transport/Connect", std::string_view method = "POST",
                           std::string_view content_type = "application/grpc") {
  return kNoTable + Literal(":method", method) + Literal(":scheme", "http") + Literal(":path", path) +
         Literal(":authority", "gw") + Literal("te", "trailers") + Literal("content-type", content_type);
}

// A header block of any size, in frames of the size that everybody must take.
inline std::string HeaderFrames(uint32_t stream, std::string_view block, uint8_t flags = 0) {
  std::string frames;
  for (bool first = true; first || !block.empty(); first = false) {
    const std::string_view part = block.substr(0, kFrameBytesDefault);
    block.remove_prefix(part.size());
    frames += Frame(first ? kHeaders : kContinuation,
                    static_cast<uint8_t>((first ? flags : 0) | (block.empty() ? kEndHeaders : 0)), stream, part);
  }
  return frames;
}

// A gRPC message: flag (compressed), length, bytes.
inline std::string Message(std::string_view bytes, char flag = 0) {
  return std::string(1, flag) + Number(bytes.size(), 4).append(bytes);
}

// A Packet (proto/transport.proto) without spec entries; short texts only.
inline std::string PacketBytes(std::string_view type, std::string_view payload) {
  return std::string(1, '\x12') + HpackNumber(type.size(), 7) + std::string(type) + '\x22' +
         HpackNumber(payload.size(), 7) + std::string(payload);
}

}  // namespace hoop::http2
