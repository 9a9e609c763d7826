// CRC-32C (Castagnoli): finds damage, not intent. The processor's instruction where there is one.
#pragma once

#include <cstdint>
#include <string_view>

namespace hoop {

// Crc32c(0, bytes) is the standard checksum; Crc32c(Crc32c(seed, a), b) is that of a and b together.
uint32_t Crc32c(uint32_t seed, std::string_view bytes);

// The same in plain C++, for processors without the instruction; tests compare the two.
uint32_t Crc32cPortable(uint32_t seed, std::string_view bytes);

}  // namespace hoop
