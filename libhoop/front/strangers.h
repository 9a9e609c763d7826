// Those at one door who have not yet proved who they are: the memory they may cost together, and who of them is next.
// Shared by FrontDoor and its GuardedStreams.
#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <optional>

#include "base/loop.h"
#include "base/pace.h"
#include "front/front_door.h"

namespace hoop {

class GuardedStream;

// Who was silent longest stands first, and goes first when all together cost too much. Loop thread only; shared
// because neither the door nor its streams know who ends first.
class Strangers final : public std::enable_shared_from_this<Strangers> {
 public:
  struct Place {
    GuardedStream* stream;
    size_t bytes;
    size_t said = 0;                                                 // all that came
    int64_t paid = 1;                                                // of the pace at which strangers enter
    std::optional<std::list<Place*>::iterator> turn = std::nullopt;  // while it waits for it
  };
  using Position = std::list<Place>::iterator;

  Strangers(Loop& loop, size_t bytes_max, size_t session_bytes, Pace entries)
      : loop_(loop), bytes_max_(bytes_max), session_bytes_(session_bytes), entries_(entries) {}

  // Until one more may enter; zero: now.
  absl::Duration UntilEntry() const { return entries_.Wait(loop_.Monotonic()); }

  // May drop others.
  Position Enter(GuardedStream& stream);
  // `count` bytes came. May drop others, and this one when it is alone at fault.
  void Heard(Position position, size_t count);
  void Leave(Position position);
  // It leaves because it is known.
  void Promote(Position position);
  // It has something to read: calls its TakeTurn. A few in a turn of the loop, one after the other, so that many of
  // them delay nobody who is known.
  void AwaitTurn(Position position);

  FrontDoor::Counts& counts() { return counts_; }

 private:
  // The newest `keep` stay.
  void DropUntilItFits(size_t keep);

  void TakeTurnsSoon();
  void TakeTurns();

  Loop& loop_;
  const size_t bytes_max_;
  const size_t session_bytes_;
  Pace entries_;
  size_t bytes_ = 0;
  std::list<Place> places_;
  std::list<Place*> turns_;
  FrontDoor::Counts counts_;
};

}  // namespace hoop
