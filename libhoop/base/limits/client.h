// Bounds of the client. A test reaches each of them.
#pragma once

#include <cstddef>
#include <cstdint>

#include "absl/time/time.h"
#include "base/limits/units.h"

namespace hoop::limits {

// Client.
inline constexpr absl::Duration kReconnectTimeMax = absl::Minutes(5);
inline constexpr absl::Duration kSessionOpenTime = absl::Seconds(60);   // for a gateway's first word; not for reviewers
inline constexpr absl::Duration kAgentOfflineWait = absl::Seconds(30);  // as real clients: sixty times
inline constexpr int kAgentOfflineAsksMax = 60;
inline constexpr absl::Duration kCancelAnswerTime = absl::Seconds(4);  // as real clients: psql waits no longer
inline constexpr size_t kLocalWaitingMax = 64;                         // accepted while no session is open
inline constexpr size_t kExecOutputHighBytes = 1 * kMiB;               // that the program has not taken
inline constexpr size_t kExecOutputLowBytes = 256 * kKiB;
inline constexpr size_t kTerminalOutputHighBytes = 64 * kKiB;  // so that Ctrl-C is not behind a megabyte of output
inline constexpr size_t kTerminalOutputLowBytes = 16 * kKiB;
inline constexpr absl::Duration kTerminalAnswerTime = absl::Milliseconds(300);  // for one that answers at all
inline constexpr size_t kTerminalAnswerBytesMax = 64 * kKiB;
inline constexpr size_t kOldReadBytesMax = 32 * kKiB;                 // of one packet, towards old agents
inline constexpr absl::Duration kHttpAnswerTime = absl::Seconds(60);  // of an API call, the body included
inline constexpr size_t kHttpBodyBytesMax = 32 * kMiB;
inline constexpr int kApiJsonDepthMax = 32;
inline constexpr size_t kApiRefusalBytesMax = 300;          // of an error's body that is not JSON
inline constexpr size_t kSecretValueBytesMax = 512 * kKiB;  // of a connection's variable: a request's body has 1 MiB
inline constexpr size_t kConfigLineBytesMax = 1 * kMiB;     // a CA bundle is one line

}  // namespace hoop::limits
