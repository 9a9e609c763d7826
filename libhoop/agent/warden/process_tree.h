// Who descends from a process, as /proc says it now: also processes that left their group or session, as long as a
// child subreaper keeps them in the tree. Used by keeper and warden to end what they started.
#pragma once

#include <sys/types.h>

#include <vector>

namespace hoop {

// Parents before their children; `root` itself is not in it.
std::vector<pid_t> Descendants(pid_t root);

// The first generation only.
std::vector<pid_t> Children(pid_t root);

}  // namespace hoop
