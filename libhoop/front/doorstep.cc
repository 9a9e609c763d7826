#include "front/doorstep.h"

#include <poll.h>
#include <sys/socket.h>

#include <utility>

#include "base/niceness.h"
#include "base/status_macros.h"

namespace hoop {

Doorstep::Doorstep(EventLoop& loop, Log log, Options options, std::shared_ptr<OpenConnections> open,
                   absl::AnyInvocable<void(Newcomer)> spoke)
    : loop_(loop), log_(log), options_(std::move(options)), open_(std::move(open)), spoke_(std::move(spoke)) {}

absl::StatusOr<std::unique_ptr<Doorstep>> Doorstep::Open(EventLoop& loop, Log log, Options options,
                                                         std::shared_ptr<OpenConnections> open,
                                                         absl::AnyInvocable<void(Newcomer)> spoke) {
  std::unique_ptr<Doorstep> step(new Doorstep(loop, log, std::move(options), std::move(open), std::move(spoke)));
  HOOP_ASSIGN_OR_RETURN(step->listener_, ListenForSockets(loop, step->options_.address, step->options_.defer_accept,
                                                          [step = step.get()](Descriptor socket, std::string peer) {
                                                            step->OnAccepted(std::move(socket), std::move(peer));
                                                          }));
  return step;
}

Doorstep::Counts Doorstep::counts() const {
  Counts counts = counts_;
  counts.exhausted = listener_->exhausted_count();
  return counts;
}

void Doorstep::OnAccepted(Descriptor socket, std::string peer) {
  if (listener_->exhausted_count() > exhausted_told_) {
    exhausted_told_ = listener_->exhausted_count();
    WarnRarely("accepting again after running out of descriptors", exhausted_told_);
  }
  if (open_->count() >= options_.connections_max) {
    ++counts_.refused;
    return WarnRarely("connection refused: too many are open", open_->count());
  }
  ++counts_.accepted;
  Newcomer newcomer{std::move(socket), std::move(peer), loop_.Monotonic(), OpenConnections::One(open_)};
  const Look look = LookAt(newcomer.socket.get());
  if (look == Look::kSpoke) spoke_(std::move(newcomer));
  if (look == Look::kSilent) Await(std::move(newcomer));
  LetOthersRunInACrowd();
}

void Doorstep::Await(Newcomer newcomer) {
  if (waiting_.size() >= options_.silent_max) {
    ++counts_.dropped_full;
    Drop(waiting_.begin(), "too many connections have said nothing yet");
  }
  const int descriptor = newcomer.socket.get();
  const Position position = waiting_.insert(waiting_.end(), {std::move(newcomer), nullptr});
  position->watch = loop_.WatchDescriptor(
      descriptor, [this, position] { OnReadable(position); }, [] {});
  position->watch->WantRead();
  if (deadline_ == nullptr) deadline_ = loop_.After(options_.time, [this] { DropLate(); });
}

void Doorstep::OnReadable(Position position) {
  position->watch.reset();
  Newcomer newcomer = std::move(position->newcomer);
  waiting_.erase(position);
  if (LookAt(newcomer.socket.get()) == Look::kSpoke) spoke_(std::move(newcomer));
  LetOthersRunInACrowd();
}

// Who spoke is still there to hear an answer. The bytes stay in the socket for who reads them.
Doorstep::Look Doorstep::LookAt(int descriptor) const {
  pollfd state = {.fd = descriptor, .events = POLLIN | POLLRDHUP, .revents = 0};
  if (::poll(&state, 1, 0) == 0) return Look::kSilent;
  if ((state.revents & (POLLERR | POLLHUP)) != 0) return Look::kGone;
  if ((state.revents & POLLRDHUP) == 0) return Look::kSpoke;
  char byte;
  const bool may_listen = !options_.half_closed_is_gone && ::recv(descriptor, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
  return may_listen ? Look::kSpoke : Look::kGone;
}

// One timer for all: who leaves before it fires costs nothing.
void Doorstep::DropLate() {
  while (!waiting_.empty() && waiting_.front().newcomer.since + options_.time <= loop_.Monotonic()) {
    ++counts_.dropped_late;
    Drop(waiting_.begin(), "said nothing in time");
  }
  deadline_.reset();
  if (waiting_.empty()) return;
  const absl::Duration next = waiting_.front().newcomer.since + options_.time;
  deadline_ = loop_.After(next - loop_.Monotonic(), [this] { DropLate(); });
}

void Doorstep::Drop(Position position, std::string_view reason) {
  log_.Debug("connection dropped", "listener", options_.name, "peer", position->newcomer.peer, "reason", reason);
  waiting_.erase(position);
}

// Not for a few: who yields on a crowded core waits long.
void Doorstep::LetOthersRunInACrowd() {
  if (loop_.Monotonic() - crowd_since_ >= limits::kCrowdTime) {
    crowd_since_ = loop_.Monotonic();
    crowd_ = 0;
  }
  if (++crowd_ % limits::kCrowd == 0) LetOthersRun();
}

// Once a minute: strangers can repeat what leads here at will.
void Doorstep::WarnRarely(std::string_view event, uint64_t count) {
  if (loop_.Monotonic() < next_warning_) return;
  next_warning_ = loop_.Monotonic() + absl::Minutes(1);
  log_.Warning(event, "listener", options_.name, "count", count);
}

}  // namespace hoop
