#include "base/niceness.h"

#include <sys/resource.h>
#include <unistd.h>

namespace hoop {

void StandBack(int niceness) {
  if (niceness == 0) return;
  const auto self = static_cast<id_t>(::gettid());  // Linux counts for each thread
  ::setpriority(PRIO_PROCESS, self, ::getpriority(PRIO_PROCESS, self) + niceness);
}

}  // namespace hoop
