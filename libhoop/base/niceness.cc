#include "base/niceness.h"

#include <sys/resource.h>
#include <unistd.h>

#include <thread>

namespace hoop {
namespace {

thread_local bool stands_back = false;

}  // namespace

void StandBack(int niceness) {
  if (niceness == 0) return;
  stands_back = true;
  const auto self = static_cast<id_t>(::gettid());  // Linux counts for each thread
  ::setpriority(PRIO_PROCESS, self, ::getpriority(PRIO_PROCESS, self) + niceness);
}

void LetOthersRun() {
  if (stands_back) std::this_thread::yield();
}

}  // namespace hoop
