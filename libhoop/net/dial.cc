// One dial: look the name up, try each address in turn with a fair share of the time that is left.
#include "net/dial.h"

#include <cerrno>
#include <utility>
#include <vector>

#include "base/status.h"
#include "net/descriptor.h"
#include "net/event_loop.h"
#include "net/name_lookup.h"
#include "net/socket_address.h"

namespace hoop {
namespace {

using Done = absl::AnyInvocable<void(absl::StatusOr<std::unique_ptr<ByteStream>>)>;

class SocketDial final : public Dialing {
 public:
  SocketDial(EventLoop& loop, const Address& address, absl::Duration timeout, Done done)
      : loop_(loop),
        address_(address),
        timeout_(timeout),
        deadline_(loop.Monotonic() + timeout),
        done_(std::move(done)),
        self_(std::make_shared<Self>(Self{this})) {}
  ~SocketDial() override { self_->dial = nullptr; }

  void Start() {
    timer_ = loop_.After(timeout_, [this] { TimedOut(); });
    auto literal = LiteralAddress(address_);
    if (literal.ok()) return FinishLookup(loop_, self_, std::vector<SocketAddress>{*literal});
    if (!absl::IsNotFound(literal.status())) return FinishLookup(loop_, self_, literal.status());
    const absl::Status taken = loop_.names().Post(
        [&loop = loop_, self = self_, address = address_] { FinishLookup(loop, self, ResolveAddress(address)); });
    if (!taken.ok()) FinishLookup(loop_, self_, taken);
  }

 private:
  // Shared with the look-up thread, which may answer after the dial was given up. Read on the loop only.
  struct Self {
    SocketDial* dial;
  };

  // Any thread. Goes through the loop in every case: `done` is never called inside Dial().
  static void FinishLookup(EventLoop& loop, std::shared_ptr<Self> self,
                           absl::StatusOr<std::vector<SocketAddress>> found) {
    loop.Post([self = std::move(self), found = std::move(found)]() mutable {
      if (self->dial != nullptr) self->dial->Found(std::move(found));
    });
  }

  void Found(absl::StatusOr<std::vector<SocketAddress>> found) {
    if (!found.ok()) return Finish(Annotate(found.status(), fmt::format("connect {}", address_.ToString())));
    candidates_ = *std::move(found);
    TryNext();
  }

  void TryNext() {
    watch_.reset();
    if (next_ == candidates_.size()) return Finish(last_error_);
    const SocketAddress& candidate = candidates_[next_++];
    socket_.Reset(::socket(candidate.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!socket_.is_open()) return Failed(errno);
    if (::connect(socket_.get(), candidate.get(), candidate.size) == 0) return Connected();
    if (errno != EINPROGRESS) return Failed(errno);
    const auto candidates_left = static_cast<int64_t>(candidates_.size() - next_ + 1);
    timer_ = loop_.After((deadline_ - loop_.Monotonic()) / candidates_left, [this] { TimedOut(); });
    watch_ = loop_.WatchDescriptor(
        socket_.get(), [] {}, [this] { Answered(); });
    watch_->WantWrite();
  }

  void Answered() {
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) return Failed(error);
    Connected();
  }

  void Connected() {
    watch_.reset();
    Finish(AdoptSocket(loop_, socket_.Release(), candidates_[next_ - 1].ToString()));
  }

  // Whatever the reason, what the caller can do is try again later; only our own lack of means is told apart.
  void Failed(int error) {
    const absl::Status status = ErrnoStatus(error, fmt::format("connect {}", address_.ToString()));
    last_error_ = absl::IsResourceExhausted(status) ? status : absl::UnavailableError(status.message());
    TryNext();
  }

  void TimedOut() {
    last_error_ =
        DeadlineExceeded("connect {}: no answer within {}", address_.ToString(), absl::FormatDuration(timeout_));
    if (candidates_.empty()) return Finish(last_error_);
    TryNext();
  }

  // `done` may destroy this dial.
  void Finish(absl::StatusOr<std::unique_ptr<ByteStream>> result) {
    timer_.reset();
    self_->dial = nullptr;
    Done done = std::move(done_);
    done(std::move(result));
  }

  EventLoop& loop_;
  const Address address_;
  const absl::Duration timeout_;
  const absl::Duration deadline_;
  Done done_;
  const std::shared_ptr<Self> self_;
  std::vector<SocketAddress> candidates_;
  size_t next_ = 0;
  absl::Status last_error_;
  Descriptor socket_;
  std::unique_ptr<Watch> watch_;  // after socket_: the watch ends before the descriptor is closed
  std::unique_ptr<Timer> timer_;
};

}  // namespace

std::unique_ptr<Dialing> Dial(EventLoop& loop, const Address& address, absl::Duration timeout, Done done) {
  auto dial = std::make_unique<SocketDial>(loop, address, timeout, std::move(done));
  dial->Start();
  return dial;
}

}  // namespace hoop
