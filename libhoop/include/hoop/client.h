// What the command line is made of: configuration, dial, exec, connect, sessions. Not part of the ABI's promise yet.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "hoop/clock.h"

namespace hoop {

// ~/.hoop/config.toml: the keys of the real command line, and `audit_key` (the pinned public half, base64).
struct ClientConfig {
  std::string token;
  std::string api_url;
  std::string grpc_url;
  std::string tls_ca;           // base64 of PEM
  bool skip_tls_verify = false;
  std::string audit_key;

  // NotFound: no such file. InvalidArgument: not that format; the text names file and line.
  static absl::StatusOr<ClientConfig> Load(const std::string& path);
  // Folder 0700, file 0600, replaced atomically.
  absl::Status Save(const std::string& path) const;
};

}  // namespace hoop
