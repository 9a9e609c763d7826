// Makers of absl::Status with fmt text, and the one way to add words in front of one.
// Debian's absl::string_view is not std::string_view: this is where the two meet.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"

namespace hoop {

// The message as text of ours. absl::Status keeps its own string_view type.
inline std::string StatusText(const absl::Status& status) {
  return std::string(status.message().data(), status.message().size());
}

inline absl::Status MakeStatus(absl::StatusCode code, const std::string& text) { return absl::Status(code, text); }

template <typename... Args>
absl::Status StatusF(absl::StatusCode code, fmt::format_string<Args...> format, Args&&... args) {
  return absl::Status(code, fmt::format(format, std::forward<Args>(args)...));
}

// "<words>: <message>", same code, payloads kept. An OK status stays as it is.
inline absl::Status Annotate(const absl::Status& status, std::string_view words) {
  if (status.ok()) return status;
  absl::Status result(status.code(), fmt::format("{}: {}", words, StatusText(status)));
  status.ForEachPayload(
      [&result](absl::string_view url, const absl::Cord& payload) { result.SetPayload(url, payload); });
  return result;
}

#define HOOP_STATUS_MAKER(Name, code)                                            \
  template <typename... Args>                                                    \
  absl::Status Name(fmt::format_string<Args...> format, Args&&... args) {        \
    return StatusF(absl::StatusCode::code, format, std::forward<Args>(args)...); \
  }
HOOP_STATUS_MAKER(InvalidArgument, kInvalidArgument)
HOOP_STATUS_MAKER(NotFound, kNotFound)
HOOP_STATUS_MAKER(AlreadyExists, kAlreadyExists)
HOOP_STATUS_MAKER(PermissionDenied, kPermissionDenied)
HOOP_STATUS_MAKER(Unauthenticated, kUnauthenticated)
HOOP_STATUS_MAKER(FailedPrecondition, kFailedPrecondition)
HOOP_STATUS_MAKER(ResourceExhausted, kResourceExhausted)
HOOP_STATUS_MAKER(Unavailable, kUnavailable)
HOOP_STATUS_MAKER(DeadlineExceeded, kDeadlineExceeded)
HOOP_STATUS_MAKER(Cancelled, kCancelled)
HOOP_STATUS_MAKER(Aborted, kAborted)
HOOP_STATUS_MAKER(Unimplemented, kUnimplemented)
HOOP_STATUS_MAKER(DataLoss, kDataLoss)
HOOP_STATUS_MAKER(Internal, kInternal)
HOOP_STATUS_MAKER(Unknown, kUnknown)
#undef HOOP_STATUS_MAKER

// From errno: the code that fits, text "<words>: <strerror>".
absl::Status ErrnoStatus(int error, std::string_view words);

}  // namespace hoop
