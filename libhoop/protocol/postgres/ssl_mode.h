// How much TLS a connection wants towards its server: the secret SSLMODE. Used by agent/connectors/postgres*.
#pragma once

#include <string_view>

#include "absl/status/statusor.h"

namespace hoop::postgres {

enum class SslMode {
  kDisable,     // never
  kPrefer,      // where the server offers it; nothing is verified
  kRequire,     // always; nothing is verified
  kVerifyCa,    // always; the server's certificate has to be of a known authority
  kVerifyFull,  // and has to be for the server's name
};

// Empty means prefer. InvalidArgument names the five words.
absl::StatusOr<SslMode> ParseSslMode(std::string_view text);
std::string_view SslModeName(SslMode mode);

inline bool DemandsTls(SslMode mode) { return mode != SslMode::kDisable && mode != SslMode::kPrefer; }
inline bool VerifiesServer(SslMode mode) { return mode == SslMode::kVerifyCa || mode == SslMode::kVerifyFull; }

}  // namespace hoop::postgres
