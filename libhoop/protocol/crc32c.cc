#include "protocol/crc32c.h"

#include <array>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace hoop {
namespace {

constexpr std::array<uint32_t, 256> MakeTable() {
  std::array<uint32_t, 256> table = {};
  for (uint32_t i = 0; i < table.size(); ++i) {
    uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = value >> 1 ^ ((value & 1) != 0 ? 0x82f63b78u : 0);
    table[i] = value;
  }
  return table;
}
constexpr std::array<uint32_t, 256> kTable = MakeTable();

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) uint32_t Crc32cInstruction(uint32_t seed, std::string_view bytes) {
  uint64_t state = ~seed;
  for (; bytes.size() >= 8; bytes.remove_prefix(8)) {
    uint64_t word;
    std::memcpy(&word, bytes.data(), sizeof word);
    state = _mm_crc32_u64(state, word);
  }
  uint32_t rest = static_cast<uint32_t>(state);
  for (unsigned char c : bytes) rest = _mm_crc32_u8(rest, c);
  return ~rest;
}
#endif

}  // namespace

uint32_t Crc32cPortable(uint32_t seed, std::string_view bytes) {
  uint32_t state = ~seed;
  for (unsigned char c : bytes) state = state >> 8 ^ kTable[(state ^ c) & 0xff];
  return ~state;
}

uint32_t Crc32c(uint32_t seed, std::string_view bytes) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("sse4.2")) return Crc32cInstruction(seed, bytes);
#endif
  return Crc32cPortable(seed, bytes);
}

}  // namespace hoop
