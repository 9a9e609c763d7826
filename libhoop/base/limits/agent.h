// Bounds of the agent. A test reaches each of them.
#pragma once

#include <cstddef>
#include <cstdint>

#include "absl/time/time.h"
#include "base/limits/units.h"

namespace hoop::limits {

// Agent.
inline constexpr absl::Duration kKeepAliveInterval = absl::Seconds(10);
inline constexpr absl::Duration kPingInterval = absl::Seconds(30);
inline constexpr absl::Duration kReconnectBackoffMin = absl::Milliseconds(500);
inline constexpr absl::Duration kReconnectBackoffMax = absl::Seconds(8);
inline constexpr absl::Duration kPreConnectInterval = absl::Seconds(5);  // between two questions whether somebody waits
inline constexpr absl::Duration kPreConnectAnswerTime = absl::Seconds(15);
inline constexpr absl::Duration kConnectionAppsInterval = absl::Seconds(10);  // the same, of gateways of 2024
inline constexpr absl::Duration kConnectionAppsAnswerTime = absl::Seconds(5);
inline constexpr absl::Duration kLivenessDialTime = absl::Seconds(5);
inline constexpr absl::Duration kTargetDialTime = absl::Seconds(10);
inline constexpr absl::Duration kTerminateGraceTime = absl::Seconds(2);  // between TERM and KILL
inline constexpr size_t kExecInputBytesMax = 16 * kMiB;
inline constexpr absl::Duration kReconnectResetTime = absl::Seconds(60);  // connected as long: no back-off any more
inline constexpr size_t kAgentSessionsMax = 16384;
inline constexpr absl::Duration kKillTimeMax = absl::Seconds(10);  // for processes that KILL does not end at once
inline constexpr size_t kLaunchBytesMax = 16 * kMiB;  // arguments, environment and secret files of one command
inline constexpr size_t kLaunchesWaitingMax = 4096;   // commands that the warden has not taken yet
inline constexpr size_t kWardenMessageBytesMax = 8 * kKiB;
inline constexpr size_t kWardenMessageDescriptorsMax = 4;
inline constexpr size_t kSaltedPasswordsKept = 256;     // of the last logins by SCRAM
inline constexpr size_t kCommandDescriptorsMax = 1024;  // soft limit of a command: select() works below it

}  // namespace hoop::limits
