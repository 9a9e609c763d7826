// Those at one door who have not yet proved who they are, and the memory they may cost together.
// Shared by FrontDoor and its GuardedStreams.
#pragma once

#include <cstddef>
#include <list>

#include "front/front_door.h"

namespace hoop {

class GuardedStream;

// Who was silent longest stands first, and goes first when all together cost too much. Loop thread only; shared
// because neither the door nor its streams know who ends first.
class Strangers final {
 public:
  struct Place {
    GuardedStream* stream;
    size_t bytes;
  };
  using Position = std::list<Place>::iterator;

  Strangers(size_t bytes_max, size_t session_bytes) : bytes_max_(bytes_max), session_bytes_(session_bytes) {}

  // May drop others.
  Position Enter(GuardedStream& stream);
  // `count` bytes came. May drop others, and this one when it is alone at fault.
  void Heard(Position position, size_t count);
  void Leave(Position position);

  FrontDoor::Counts& counts() { return counts_; }

 private:
  // The newest `keep` stay.
  void DropUntilItFits(size_t keep);

  const size_t bytes_max_;
  const size_t session_bytes_;
  size_t bytes_ = 0;
  std::list<Place> places_;
  FrontDoor::Counts counts_;
};

}  // namespace hoop
