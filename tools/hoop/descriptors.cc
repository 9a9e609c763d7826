#include "descriptors.h"

#include <poll.h>
#include <sys/eventfd.h>
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

DescriptorInput::DescriptorInput(int descriptor)
    : descriptor_(descriptor), stop_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

DescriptorInput::~DescriptorInput() {
  if (stop_ >= 0) ::close(stop_);
}

absl::StatusOr<size_t> DescriptorInput::Read(char* buffer, size_t size) {
  while (true) {
    pollfd waits[] = {{descriptor_, POLLIN, 0}, {stop_, POLLIN, 0}};
    if (::poll(waits, 2, -1) < 0) {
      if (errno == EINTR) continue;
      return absl::ErrnoToStatus(errno, "poll");
    }
    if (waits[1].revents != 0) return 0;
    const ssize_t count = ::read(descriptor_, buffer, size);
    if (count >= 0) return static_cast<size_t>(count);
    if (errno != EINTR && errno != EAGAIN) return absl::ErrnoToStatus(errno, "read");
  }
}

void DescriptorInput::Stop() {
  const uint64_t one = 1;
  (void)!::write(stop_, &one, sizeof(one));
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
