#include "descriptors.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace hoop::cli {

absl::StatusOr<size_t> TextInput::Read(char* buffer, size_t size) {
  if (stopped_) return 0;
  const size_t count = std::min(size, text_.size() - position_);
  std::memcpy(buffer, text_.data() + position_, count);
  position_ += count;
  return count;
}

absl::Status StandardOutput::Write(Channel channel, std::string_view bytes) {
  const int descriptor = channel == Channel::kStdout ? STDOUT_FILENO : STDERR_FILENO;
  while (!bytes.empty()) {
    const ssize_t count = ::write(descriptor, bytes.data(), bytes.size());
    if (count >= 0) {
      bytes.remove_prefix(static_cast<size_t>(count));
    } else if (errno == EAGAIN) {  // somebody else made the terminal non-blocking
      pollfd wait{descriptor, POLLOUT, 0};
      ::poll(&wait, 1, -1);
    } else if (errno != EINTR) {
      if (errno == EPIPE) broken_pipe_ = true;
      return absl::ErrnoToStatus(errno, "output");
    }
  }
  return absl::OkStatus();
}

}  // namespace hoop::cli
