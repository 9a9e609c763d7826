// What our own programs can do with each other beyond the common wire. Asked for in metadata `hoop-caps`, granted in
// spec key `hoop.caps`; old peers never see either. Text: "1;streams,chunks,ping".
#pragma once

#include <string>
#include <string_view>

namespace hoop {

// A value.
struct Capabilities {
  bool streams = false;  // one gRPC stream per connection id
  bool chunks = false;   // a packet is what one read returned, not one protocol message
  bool ping = false;     // gRPC keepalive pings every 30 s are welcome

  bool any() const { return streams || chunks || ping; }
  bool operator==(const Capabilities&) const = default;
};

inline constexpr Capabilities kAllCapabilities{.streams = true, .chunks = true, .ping = true};

// Unknown names are ignored; another version than 1 means none.
Capabilities ParseCapabilities(std::string_view text);

// "" when there are none.
std::string FormatCapabilities(const Capabilities& capabilities);

// What both have.
Capabilities Common(const Capabilities& a, const Capabilities& b);

}  // namespace hoop
