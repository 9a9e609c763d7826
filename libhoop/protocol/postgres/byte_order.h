// Numbers as PostgreSQL writes them: big endian. Used inside protocol/postgres only; the caller checks the length.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace hoop::postgres {

inline uint16_t ReadUint16(std::string_view bytes, size_t at) {
  return static_cast<uint16_t>(static_cast<uint8_t>(bytes[at]) << 8 | static_cast<uint8_t>(bytes[at + 1]));
}

inline uint32_t ReadUint32(std::string_view bytes, size_t at) {
  return uint32_t{ReadUint16(bytes, at)} << 16 | ReadUint16(bytes, at + 2);
}

inline void AppendUint32(std::string& out, uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<char>(value >> shift));
}

}  // namespace hoop::postgres
