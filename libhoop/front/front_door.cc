#include "front/front_door.h"

#include <utility>

#include "base/check.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "front/arrival.h"
#include "front/guarded_stream.h"
#include "front/strangers.h"

namespace hoop {

FrontDoor::FrontDoor(EventLoop& loop, Log log, Options options, Accept accept)
    : loop_(loop),
      log_(log),
      options_(std::move(options)),
      accept_(std::move(accept)),
      strangers_(std::make_shared<Strangers>(options_.pre_auth_bytes_max, options_.pre_auth_session_bytes)) {}

FrontDoor::~FrontDoor() = default;

absl::StatusOr<std::unique_ptr<FrontDoor>> FrontDoor::Open(EventLoop& loop, Log log, Options options, Accept accept) {
  std::unique_ptr<FrontDoor> door(new FrontDoor(loop, log, std::move(options), std::move(accept)));
  HOOP_ASSIGN_OR_RETURN(door->listener_,
                        Listen(loop, door->options_.address, [door = door.get()](std::unique_ptr<ByteStream> stream) {
                          door->OnAccepted(std::move(stream));
                        }));
  return door;
}

FrontDoor::Counts FrontDoor::counts() const {
  Counts counts = strangers_->counts();
  counts.exhausted = listener_->exhausted_count();
  return counts;
}

void FrontDoor::OnAccepted(std::unique_ptr<ByteStream> stream) {
  if (listener_->exhausted_count() > exhausted_told_) {
    exhausted_told_ = listener_->exhausted_count();
    WarnRarely("accepting again after running out of descriptors", exhausted_told_);
  }
  Counts& counts = strangers_->counts();
  if (counts.open >= options_.connections_max) {
    ++counts.refused;
    return WarnRarely("connection refused: too many are open", counts.open);
  }
  ++counts.accepted;
  log_.Debug("connection accepted", "listener", options_.name, "peer", stream->peer());
  auto guarded = std::make_unique<GuardedStream>(loop_, log_, strangers_, options_.pre_auth_time, std::move(stream));
  auto arrival =
      std::make_unique<Arrival>(loop_, options_, std::move(guarded),
                                [this](Arrival& over, std::unique_ptr<ByteStream> ready, const absl::Status& refused) {
                                  OnArrived(over, std::move(ready), refused);
                                });
  Arrival& key = *arrival;
  arrivals_.emplace(&key, std::move(arrival));
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

// Once a minute: strangers can repeat what leads here at will.
void FrontDoor::WarnRarely(std::string_view event, uint64_t count) {
  if (loop_.Monotonic() < next_warning_) return;
  next_warning_ = loop_.Monotonic() + absl::Minutes(1);
  log_.Warning(event, "listener", options_.name, "count", count);
}

}  // namespace hoop
