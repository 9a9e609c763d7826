// What a burst of work or of strangers left behind as free memory goes back to the system: glibc would keep it.
#pragma once

#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <fstream>

namespace hoop {

// Looking for it takes a moment in which nobody gets memory: not without cause. Owned by main(); its thread.
class FreeMemory final {
 public:
  // Every few seconds.
  void GiveBack() {
    constexpr size_t kGrowthBytes = 4 * 1024 * 1024;
    constexpr int kSeldom = 3;  // calls, while nothing grows
    const size_t now = ResidentBytes();
    least_ = std::min(least_, now);
    const bool has_grown = now >= before_ + kGrowthBytes;
    if (++calls_ % kSeldom != 0 && !has_grown && !is_worth_it_) return;
    if (now < least_ + kGrowthBytes) return;
    ::malloc_trim(0);
    before_ = ResidentBytes();
    is_worth_it_ = before_ + kGrowthBytes / 4 < now;
  }

 private:
  static size_t ResidentBytes() {
    size_t pages = 0, resident = 0;
    std::ifstream("/proc/self/statm") >> pages >> resident;
    return resident * static_cast<size_t>(::sysconf(_SC_PAGESIZE));
  }

  size_t least_ = ResidentBytes(), before_ = least_;
  int calls_ = 0;
  bool is_worth_it_ = false;  // the last time brought something, and there may be more
};

}  // namespace hoop
