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

// Who waits for the core runs first, if the calling thread stands back; to be called every tenth of a millisecond or so
// of what such a thread does. The kernel lets one that never sleeps go on for its slice, one to three milliseconds,
// also when others are ten times as urgent.
void LetOthersRun();

}  // namespace hoop
