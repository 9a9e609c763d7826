#include "front/front_door.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "front/arrival.h"
#include "front/guarded_stream.h"
#include "front/strangers.h"

namespace hoop {

FrontDoor::FrontDoor(EventLoop& loop, EventLoop& doorstep_loop, Log log, Options options, Accept accept)
    : loop_(loop),
      doorstep_loop_(doorstep_loop),
      log_(log),
      options_(std::move(options)),
      accept_(std::move(accept)),
      strangers_(std::make_shared<Strangers>(loop, options_.pre_auth_bytes_max, options_.pre_auth_session_bytes,
                                             Pace(options_.entry_time, limits::kStrangersAtOnceMax))),
      open_(std::make_shared<OpenConnections>()),
      here_(std::make_shared<FrontDoor*>(this)) {}

// By a loop that turns no more it is destroyed with the loop.
FrontDoor::~FrontDoor() {
  doorstep_loop_.Post([doorstep = std::move(doorstep_)]() mutable { doorstep.reset(); });
}

absl::StatusOr<std::unique_ptr<FrontDoor>> FrontDoor::Open(EventLoop& loop, EventLoop& doorstep_loop, Log log,
                                                           Options options, Accept accept) {
  std::unique_ptr<FrontDoor> door(new FrontDoor(loop, doorstep_loop, log, std::move(options), std::move(accept)));
  const Options& asked = door->options_;
  HOOP_ASSIGN_OR_RETURN(door->doorstep_,
                        Doorstep::Open(doorstep_loop, log,
                                       {asked.name, asked.address, asked.defer_accept, asked.pre_auth_time,
                                        asked.silent_max, asked.connections_max, asked.half_closed_is_gone},
                                       door->open_, [&loop, here = std::weak_ptr(door->here_)](Newcomer newcomer) {
                                         loop.Post([here, newcomer = std::move(newcomer)]() mutable {
                                           if (const auto found = here.lock()) (*found)->OnSpoke(std::move(newcomer));
                                         });
                                       }));
  return door;
}

const FrontDoor::Counts& FrontDoor::counts() const { return strangers_->counts(); }

void FrontDoor::OnSpoke(Newcomer newcomer) {
  if (newcomers_.size() >= options_.silent_max) {
    ++strangers_->counts().dropped_full;
    newcomers_.pop_front();
  }
  newcomers_.push_back(std::move(newcomer));
  if (entry_ == nullptr) EnterSoon(absl::ZeroDuration());
}

void FrontDoor::EnterSoon(absl::Duration delay) {
  entry_ = loop_.After(delay, [this] {
    entry_.reset();
    EnterSome();
  });
}

// Several per turn, but not so many that a flood of strangers delays those who are in. The newest first: where more
// come than may, who comes now has a chance, and who has waited longest would have the least time left.
void FrontDoor::EnterSome() {
  const absl::Duration now = loop_.Monotonic();
  while (!newcomers_.empty() && newcomers_.front().since + options_.pre_auth_time <= now) {
    ++strangers_->counts().dropped_late;
    newcomers_.pop_front();
  }
  absl::Duration wait = strangers_->UntilEntry();
  for (size_t looks = 0, count = 0; looks < limits::kLooksPerTurnMax && count < limits::kStrangersPerTurnMax &&
                                    wait == absl::ZeroDuration() && !newcomers_.empty();
       ++looks) {
    Newcomer newcomer = std::move(newcomers_.back());
    newcomers_.pop_back();
    if (!doorstep_->IsThere(newcomer)) continue;
    ++count;
    Enter(std::move(newcomer));
    wait = strangers_->UntilEntry();
  }
  if (!newcomers_.empty()) EnterSoon(std::min(wait, options_.entry_time));  // somebody may give back meanwhile
}

void FrontDoor::Enter(Newcomer newcomer) {
  log_.Debug("connection accepted", "listener", options_.name, "peer", newcomer.peer);
  auto guarded = std::make_unique<GuardedStream>(loop_, log_, strangers_, options_.pre_auth_time, std::move(newcomer));
  auto arrival =
      std::make_unique<Arrival>(loop_, options_, std::move(guarded),
                                [this](Arrival& over, std::unique_ptr<ByteStream> ready, const absl::Status& refused) {
                                  OnArrived(over, std::move(ready), refused);
                                });
  Arrival& key = *arrival;
  arrivals_.emplace(&key, std::move(arrival));
  key.Begin();
}

void FrontDoor::OnArrived(Arrival& arrival, std::unique_ptr<ByteStream> stream, const absl::Status& refused) {
  const auto found = arrivals_.find(&arrival);
  loop_.DestroyLater(std::move(found->second));
  arrivals_.erase(found);
  if (!refused.ok()) WarnOfUnfit(refused);
  if (stream != nullptr) accept_(std::move(stream));
}

void FrontDoor::SetTls(std::shared_ptr<TlsContext> tls) {
  HOOP_CHECK(tls != nullptr && options_.tls != nullptr);
  options_.tls = std::move(tls);
}

// The reason helps who set up a peer wrongly; a scanner must not fill the log with it.
void FrontDoor::WarnOfUnfit(const absl::Status& refused) {
  ++strangers_->counts().unfit;
  if (loop_.Monotonic() - unfit_since_ >= absl::Minutes(1)) {
    unfit_since_ = loop_.Monotonic();
    unfit_told_ = 0;
  }
  if (unfit_told_ > limits::kUnfitToldMax) return;
  if (unfit_told_++ < limits::kUnfitToldMax) {
    return log_.Warning("connection refused", "listener", options_.name, "reason", StatusText(refused));
  }
  log_.Warning("connections refused: more of them within a minute are not shown", "listener", options_.name);
}

}  // namespace hoop
