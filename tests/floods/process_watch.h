// What the attacked process costs, as the kernel counts it.
#pragma once

#include <sys/types.h>

namespace hoop::floods {

// A value.
class ProcessWatch final {
 public:
  explicit ProcessWatch(pid_t process) : process_(process) {}

  bool alive() const;
  size_t memory_kib() const;
  // The most since ForgetPeak.
  size_t peak_kib() const;
  void ForgetPeak() const;
  double cpu_seconds() const;

 private:
  size_t Status(const char* key) const;
  const pid_t process_;
};

}  // namespace hoop::floods
