// How far a thread stands back when others want the processor. Used by threads that are not on a packet's way.
#pragma once

namespace hoop {

// Packets of sessions come first: where cores are short, a thread with this has a tenth of a packet loop's share, and
// where they are not, all that it wants. As nice(2) counts.
inline constexpr int kBackgroundNiceness = 10;

// Behind everybody: a sixtieth of a packet loop's share where cores are short.
inline constexpr int kDoorstepNiceness = 19;

// The calling thread alone.
void StandBack(int niceness);

}  // namespace hoop
