#include "net/core_time.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>

#include "net/descriptor.h"

namespace hoop {

CoreTime ThreadCoreTime() {
  // Two numbers in nanoseconds, then how often it was on: Documentation/scheduler/sched-stats.rst of Linux.
  const Descriptor file(::open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC));
  char text[96] = {};
  if (!file.is_open() || ::read(file.get(), text, sizeof text - 1) <= 0) return {};
  uint64_t used = 0, waited = 0;
  if (std::sscanf(text, "%lu %lu", &used, &waited) != 2) return {};
  return {absl::Nanoseconds(used), absl::Nanoseconds(waited)};
}

}  // namespace hoop
