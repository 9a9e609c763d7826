#include "transport/door_refusal.h"

#include <nghttp2/nghttp2.h>

namespace hoop {
namespace {

// RFC 9113 4.1: length, type, flags, stream 0.
std::string Frame(uint8_t type, std::string_view payload) {
  const auto size = static_cast<uint32_t>(payload.size());
  std::string frame;
  for (const uint32_t byte : {size >> 16, size >> 8, size, static_cast<uint32_t>(type), 0u, 0u, 0u, 0u, 0u}) {
    frame += static_cast<char>(byte & 0xff);
  }
  return frame.append(payload);
}

}  // namespace

std::string Http2DoorRefusal(std::string_view words) {
  std::string payload(7, '\0');  // last stream: none was served
  payload += static_cast<char>(NGHTTP2_INADEQUATE_SECURITY);
  payload += words;
  return Frame(NGHTTP2_SETTINGS, {}) + Frame(NGHTTP2_GOAWAY, payload);
}

}  // namespace hoop
