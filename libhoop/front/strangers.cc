#include "front/strangers.h"

#include <algorithm>
#include <utility>

#include "base/limits/listener.h"
#include "base/limits/wire.h"
#include "front/guarded_stream.h"

namespace hoop {

Strangers::Position Strangers::Enter(GuardedStream& stream) {
  const Position position = places_.insert(places_.end(), {&stream, limits::kPreAuthConnectionBytes});
  bytes_ += position->bytes;
  ++counts_.strangers;
  entries_.Spend(position->paid, loop_.Monotonic());
  DropUntilItFits(1);
  return position;
}

// What stands behind the door keeps a header block and a window of a stranger at most, however much it reads.
void Strangers::Heard(Position position, size_t count) {
  const size_t least = limits::kPreAuthConnectionBytes + session_bytes_;
  const size_t most = least + limits::kHeaderBlockBytesMax + limits::kPreAuthWindowBytes;
  const size_t before = position->bytes;
  position->said += count;
  const auto price = static_cast<int64_t>(1 + position->said / limits::kStrangerEntryBytes);
  entries_.Spend(price - std::exchange(position->paid, price), loop_.Monotonic());
  position->bytes = std::min(std::max(before, least) + count, most);
  bytes_ += position->bytes - before;
  places_.splice(places_.end(), places_, position);
  DropUntilItFits(0);
}

void Strangers::Leave(Position position) {
  if (position->turn) turns_.erase(*position->turn);
  bytes_ -= position->bytes;
  --counts_.strangers;
  places_.erase(position);
}

void Strangers::Promote(Position position) {
  entries_.GiveBack(position->paid);
  Leave(position);
}

void Strangers::AwaitTurn(Position position) {
  if (position->turn) return;
  position->turn = turns_.insert(turns_.end(), &*position);
  if (turns_.size() == 1) TakeTurnsSoon();
}

void Strangers::TakeTurnsSoon() {
  loop_.Post([here = weak_from_this()] {
    if (const auto found = here.lock()) found->TakeTurns();
  });
}

void Strangers::TakeTurns() {
  for (size_t count = 0; count < limits::kStrangersPerTurnMax && !turns_.empty(); ++count) {
    Place& place = *turns_.front();
    turns_.pop_front();
    place.turn.reset();
    place.stream->TakeTurn();
  }
  if (!turns_.empty()) TakeTurnsSoon();
}

void Strangers::DropUntilItFits(size_t keep) {
  while (bytes_ > bytes_max_ && places_.size() > keep) {
    ++counts_.dropped_full;
    places_.front().stream->DropForRoom();  // leaves
  }
}

}  // namespace hoop
