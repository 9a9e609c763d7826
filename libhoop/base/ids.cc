#include "base/ids.h"

#include <sys/random.h>

#include <cerrno>

#include "base/check.h"
#include "base/encoding.h"

namespace hoop {

void RandomBytes(void* out, size_t size) {
  char* position = static_cast<char*>(out);
  while (size > 0) {
    const ssize_t got = ::getrandom(position, size, 0);
    if (got < 0 && errno == EINTR) continue;
    HOOP_CHECK(got > 0);  // cannot fail after boot with valid arguments: getrandom(2)
    position += got;
    size -= static_cast<size_t>(got);
  }
}

std::string NewUuid() {
  unsigned char bytes[16];
  RandomBytes(bytes, sizeof bytes);
  bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0f) | 0x40);
  bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3f) | 0x80);
  std::string text = HexEncode({reinterpret_cast<const char*>(bytes), sizeof bytes});
  for (size_t position : {8, 13, 18, 23}) text.insert(position, 1, '-');
  return text;
}

bool IsUuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? c != '-' : !((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) return false;
  }
  return true;
}

std::string RandomToken(size_t bytes) {
  std::string raw(bytes, '\0');
  RandomBytes(raw.data(), raw.size());
  return Base64UrlEncode(raw);
}

}  // namespace hoop
