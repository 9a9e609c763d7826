// Changes how many descriptors this process may have, while it lives.
#pragma once

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

namespace hoop {

class DescriptorLimit final {
 public:
  explicit DescriptorLimit(rlim_t count) {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    rlimit wanted = before_;
    wanted.rlim_cur = count;
    worked_ = ::setrlimit(RLIMIT_NOFILE, &wanted) == 0;
  }
  ~DescriptorLimit() { ::setrlimit(RLIMIT_NOFILE, &before_); }

  bool worked() const { return worked_; }

  // Those that are open, and no more: the number a new one would get is the first that is not allowed.
  static rlim_t NoMore() {
    const int next = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    ::close(next);
    return static_cast<rlim_t>(next);
  }

 private:
  rlimit before_;
  bool worked_;
};

}  // namespace hoop
