// How long the calling thread had a core, and how long it waited for one. Called by net/event_loop.cc.
#pragma once

#include "base/loop.h"

namespace hoop {

// From the kernel's books. Where it keeps none about waiting, that is zero.
CoreTime ThreadCoreTime();

}  // namespace hoop
