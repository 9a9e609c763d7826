// Bounds of tokens, passwords and keys. A test reaches each of them.
#pragma once

#include <cstddef>
#include <cstdint>

#include "absl/time/time.h"
#include "base/limits/units.h"

namespace hoop::limits {

// Identity.
inline constexpr absl::Duration kTokenLifetime = absl::Hours(12);
inline constexpr absl::Duration kTokenClockSkew = absl::Minutes(1);  // a token from the future, after a clock step
inline constexpr size_t kTokenBytesMax = 4 * kKiB;                   // of a token we signed
inline constexpr size_t kTokenJsonDepthMax = 4;
inline constexpr size_t kCheckedTokensMax = 1024;  // whose signature is not looked at again
inline constexpr size_t kPasswordBytesMin = 8;     // of a new one
inline constexpr size_t kPasswordBytesMax = 1024;
inline constexpr absl::Duration kServiceTokenLifetime = absl::Hours(24 * 90);  // unless another is asked for
inline constexpr absl::Duration kServiceTokenLifetimeMax = absl::Hours(24 * 366);
inline constexpr size_t kScryptMemoryBytesMax = 64 * kMiB;
inline constexpr size_t kEmailBytesMax = 254;                       // RFC 5321
inline constexpr absl::Duration kApiKeyUseTime = absl::Minutes(1);  // between two notes that a key was used
inline constexpr size_t kProfileTextBytesMax = 2 * kKiB;            // a name or a picture's address
inline constexpr size_t kGroupsMax = 1000;                          // of one user, or that may use one connection
inline constexpr int kLoginLinesMax = 10;                           // refused sign-ins that the log names, in each
inline constexpr absl::Duration kLoginLinesTime = absl::Minutes(1);
inline constexpr size_t kAgentDsnBytesMax = 2 * kKiB;
inline constexpr size_t kSecretFileBytesMax = 16 * kKiB;
inline constexpr size_t kSecretsPhraseBytesMin = 16;  // of HOOP_SECRETS_KEY

}  // namespace hoop::limits
