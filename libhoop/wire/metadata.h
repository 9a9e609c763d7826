// The headers of a stream: who opens it, for what. gRPC metadata without gRPC.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hoop {

// Names are lower case. A value.
class Metadata final {
 public:
  Metadata() = default;
  Metadata(std::initializer_list<std::pair<std::string, std::string>> entries) : entries_(entries) {}

  void Add(std::string name, std::string value) { entries_.emplace_back(std::move(name), std::move(value)); }

  // The first value of `name` ("x-y"), else of the name that old clients used ("x_y"), else "".
  std::string_view Get(std::string_view name) const;

  const std::vector<std::pair<std::string, std::string>>& entries() const { return entries_; }

 private:
  std::vector<std::pair<std::string, std::string>> entries_;
};

namespace header {
inline constexpr std::string_view kAuthorization = "authorization";
inline constexpr std::string_view kOrigin = "origin";
inline constexpr std::string_view kVerb = "verb";
inline constexpr std::string_view kConnectionName = "connection-name";
inline constexpr std::string_view kCorrelationId = "correlation-id";      // of the caller's own system
inline constexpr std::string_view kConnectionItems = "connection-items";  // of embedded agents of 2024
inline constexpr std::string_view kUserAgent = "user-agent";
inline constexpr std::string_view kVersion = "version";
inline constexpr std::string_view kHostname = "hostname";
inline constexpr std::string_view kPlatform = "platform";
inline constexpr std::string_view kMachineId = "machine-id";
inline constexpr std::string_view kKernelVersion = "kernel-version";
inline constexpr std::string_view kGoVersion = "go-version";
inline constexpr std::string_view kCompiler = "compiler";
// Ours: capabilities, and to what a data stream belongs.
inline constexpr std::string_view kCapabilities = "hoop-caps";
inline constexpr std::string_view kSession = "hoop-session";     // client leg
inline constexpr std::string_view kConnection = "hoop-conn";     // client leg
inline constexpr std::string_view kStreamToken = "hoop-stream";  // agent leg
}  // namespace header

}  // namespace hoop
