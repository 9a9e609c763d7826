#include "wire/capabilities.h"

namespace hoop {

Capabilities ParseCapabilities(std::string_view text) {
  Capabilities result;
  if (!text.starts_with("1;")) return result;
  text.remove_prefix(2);
  while (!text.empty()) {
    const size_t comma = text.find(',');
    const std::string_view name = text.substr(0, comma);
    if (name == "streams") result.streams = true;
    if (name == "chunks") result.chunks = true;
    if (name == "ping") result.ping = true;
    text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
  }
  return result;
}

std::string FormatCapabilities(const Capabilities& capabilities) {
  if (!capabilities.any()) return "";
  std::string text = "1;";
  const auto add = [&text](bool has, std::string_view name) {
    if (!has) return;
    if (text.back() != ';') text += ',';
    text += name;
  };
  add(capabilities.streams, "streams");
  add(capabilities.chunks, "chunks");
  add(capabilities.ping, "ping");
  return text;
}

Capabilities Common(const Capabilities& a, const Capabilities& b) {
  return {.streams = a.streams && b.streams, .chunks = a.chunks && b.chunks, .ping = a.ping && b.ping};
}

}  // namespace hoop
