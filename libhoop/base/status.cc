#include "base/status.h"

#include <cerrno>
#include <cstring>

namespace hoop {

absl::Status ErrnoStatus(int error, std::string_view words) {
  absl::StatusCode code = absl::StatusCode::kUnknown;
  switch (error) {
    case ENOENT:
      code = absl::StatusCode::kNotFound;
      break;
    case EEXIST:
      code = absl::StatusCode::kAlreadyExists;
      break;
    case EACCES:
    case EPERM:
      code = absl::StatusCode::kPermissionDenied;
      break;
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case ENOBUFS:
    case ENOSPC:
    case EDQUOT:
      code = absl::StatusCode::kResourceExhausted;
      break;
    case ETIMEDOUT:
      code = absl::StatusCode::kDeadlineExceeded;
      break;
    case ECONNREFUSED:
    case ECONNRESET:
    case ECONNABORTED:
    case EPIPE:
    case EHOSTUNREACH:
    case ENETUNREACH:
      code = absl::StatusCode::kUnavailable;
      break;
    case EADDRINUSE:
      code = absl::StatusCode::kFailedPrecondition;
      break;
    default:
      break;
  }
  char buffer[128];
  return StatusF(code, "{}: {}", words, ::strerror_r(error, buffer, sizeof buffer));
}

}  // namespace hoop
