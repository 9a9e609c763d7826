// DescriptorInput of hoop/descriptors.h: a read that another thread can end.
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>

#include "base/status.h"
#include "hoop/descriptors.h"

namespace hoop {

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
      return ErrnoStatus(errno, "poll");
    }
    if (waits[1].revents != 0) return 0;
    const ssize_t count = ::read(descriptor_, buffer, size);
    if (count >= 0) return static_cast<size_t>(count);
    if (errno != EINTR && errno != EAGAIN) return ErrnoStatus(errno, "read");
  }
}

void DescriptorInput::Stop() {
  const uint64_t one = 1;
  (void)!::write(stop_, &one, sizeof(one));
}

}  // namespace hoop
