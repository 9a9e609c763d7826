#include "net/tls_handshake.h"

#include <array>
#include <atomic>
#include <utility>

#include "base/check.h"
#include "base/limits/tls.h"
#include "base/status.h"
#include "net/event_loop.h"
#include "net/tls_engine.h"

namespace hoop {
namespace {

// Reads what the peer says, lets the engine think about it, sends what comes out, until it is through.
class EngineHandshake final : public TlsHandshake, private ByteStream::Events {
 public:
  EngineHandshake(Loop& loop, std::unique_ptr<ByteStream> plain, std::shared_ptr<TlsContext> context, std::string host,
                  Worker* worker, Done done)
      : loop_(loop),
        worker_(worker),
        peer_(plain->peer()),
        plain_(std::move(plain)),
        done_(std::move(done)),
        thought_(std::make_shared<Thought>()) {
    thought_->handshake = this;
    thought_->engine = std::make_unique<TlsEngine>(std::move(context), peer_, std::move(host));
    plain_->SetEvents(this);
  }
  ~EngineHandshake() override {
    thought_->handshake = nullptr;
    thought_->is_wanted = false;
  }

  void Start(bool speaks_first, absl::Duration timeout) {
    if (timeout != absl::InfiniteDuration()) {
      timeout_ = loop_.After(timeout, [this, timeout] {
        Finish(DeadlineExceeded("tls handshake with {}: not done within {}", peer_, absl::FormatDuration(timeout)));
      });
    }
    if (speaks_first) {
      first_ = loop_.After(absl::ZeroDuration(), [this] { Think(); });
    } else {
      plain_->WantRead();
    }
  }

  std::unique_ptr<ByteStream> TakePlain() override {
    plain_->SetEvents(nullptr);
    return std::move(plain_);
  }

 private:
  // What a worker's task holds: it may end after the handshake was given up.
  struct Thought {
    std::unique_ptr<TlsEngine> engine;
    EngineHandshake* handshake = nullptr;  // loop thread only
    std::atomic<bool> is_wanted = true;
  };

  void OnReadable() override {
    std::array<char, 16 * limits::kKiB> buffer;
    const IoResult result = plain_->Read(buffer.data(), buffer.size());
    switch (result.kind) {
      case IoResult::Kind::kBytes:
        thought_->engine->Feed({buffer.data(), result.bytes});
        heard_bytes_ += result.bytes;
        if (heard_bytes_ > limits::kTlsHandshakeBytesMax) {
          return Finish(
              ResourceExhausted("tls handshake with {}: more than {} bytes", peer_, limits::kTlsHandshakeBytesMax));
        }
        return Think();
      case IoResult::Kind::kWouldBlock:
        return plain_->WantRead();
      case IoResult::Kind::kEnd:
        return Finish(Unavailable("tls handshake with {}: the peer closed the connection{}", peer_,
                                  heard_bytes_ == 0 ? " without a word; does it speak TLS?" : ""));
      case IoResult::Kind::kError:
        return Finish(Annotate(result.status, "tls handshake"));
    }
  }
  void OnWritable() override {
    if (!thinking_) Send();
  }

  void Think() {
    if (worker_ == nullptr) return Act(thought_->engine->Handshake());
    thinking_ = true;
    const absl::Status posted = worker_->Post([&loop = loop_, thought = thought_] {
      if (!thought->is_wanted) return;  // given up while it waited
      const TlsEngine::Step step = thought->engine->Handshake();
      loop.Post([thought, step] {
        if (thought->handshake != nullptr) thought->handshake->Act(step);
      });
    });
    if (!posted.ok()) Finish(Annotate(posted, fmt::format("tls handshake with {}", peer_)));
  }

  void Act(TlsEngine::Step step) {
    thinking_ = false;
    Send();
    switch (step) {
      case TlsEngine::Step::kNeedsInput:
        return plain_->WantRead();
      case TlsEngine::Step::kFailed:
        return Finish(thought_->engine->status());
      case TlsEngine::Step::kDone:
        return Finish(absl::OkStatus());
    }
  }

  // A stream that fails here says so again when it is read.
  void Send() {
    std::string& output = thought_->engine->output();
    while (!output.empty()) {
      const iovec piece = {output.data(), output.size()};
      const IoResult result = plain_->Write(&piece, 1);
      if (result.kind == IoResult::Kind::kWouldBlock) return plain_->WantWrite();
      if (result.kind != IoResult::Kind::kBytes) return output.clear();
      output.erase(0, result.bytes);
    }
  }

  // `done` may destroy this.
  void Finish(const absl::Status& status) {
    timeout_.reset();
    first_.reset();
    thought_->handshake = nullptr;
    Done done = std::move(done_);
    if (!status.ok()) return done(status);
    done(std::make_unique<TlsStream>(loop_, std::move(plain_), std::move(thought_->engine)));
  }

  Loop& loop_;
  Worker* const worker_;
  const std::string peer_;
  std::unique_ptr<ByteStream> plain_;
  Done done_;
  const std::shared_ptr<Thought> thought_;
  size_t heard_bytes_ = 0;
  bool thinking_ = false;  // the engine is with the worker
  std::unique_ptr<Timer> timeout_, first_;
};

}  // namespace

std::unique_ptr<TlsHandshake> TlsConnect(Loop& loop, std::unique_ptr<ByteStream> plain,
                                         std::shared_ptr<TlsContext> context, std::string host, absl::Duration timeout,
                                         TlsHandshake::Done done) {
  HOOP_CHECK(!context->is_server());
  auto handshake = std::make_unique<EngineHandshake>(loop, std::move(plain), std::move(context), std::move(host),
                                                     nullptr, std::move(done));
  handshake->Start(true, timeout);
  return handshake;
}

std::unique_ptr<TlsHandshake> TlsAccept(Loop& loop, std::unique_ptr<ByteStream> plain,
                                        std::shared_ptr<TlsContext> context, absl::Duration timeout, Worker* worker,
                                        TlsHandshake::Done done) {
  HOOP_CHECK(context->is_server());
  auto handshake =
      std::make_unique<EngineHandshake>(loop, std::move(plain), std::move(context), "", worker, std::move(done));
  handshake->Start(false, timeout);
  return handshake;
}

namespace {

class SecureDial final : public Dialing {
 public:
  using Done = absl::AnyInvocable<void(absl::StatusOr<std::unique_ptr<ByteStream>>)>;

  SecureDial(EventLoop& loop, const Address& address, TlsTarget target, absl::Duration timeout, Done done)
      : loop_(loop),
        target_(std::move(target)),
        deadline_(loop.Monotonic() + timeout),
        done_(std::move(done)),
        step_(Dial(loop, address, timeout,
                   [this](absl::StatusOr<std::unique_ptr<ByteStream>> plain) { OnPlain(std::move(plain)); })) {
    if (target_.host.empty()) target_.host = address.host;
  }

 private:
  void OnPlain(absl::StatusOr<std::unique_ptr<ByteStream>> plain) {
    if (!plain.ok()) return Finish(std::move(plain));
    step_ = TlsConnect(loop_, *std::move(plain), target_.context, target_.host, deadline_ - loop_.Monotonic(),
                       [this](absl::StatusOr<std::unique_ptr<TlsStream>> stream) { Finish(std::move(stream)); });
  }

  // `done` may destroy this.
  void Finish(absl::StatusOr<std::unique_ptr<ByteStream>> result) {
    Done done = std::move(done_);
    done(std::move(result));
  }

  EventLoop& loop_;
  TlsTarget target_;
  const absl::Duration deadline_;
  Done done_;
  std::unique_ptr<Dialing> step_;
};

}  // namespace

std::unique_ptr<Dialing> DialSecure(EventLoop& loop, const Address& address, TlsTarget target, absl::Duration timeout,
                                    absl::AnyInvocable<void(absl::StatusOr<std::unique_ptr<ByteStream>>)> done) {
  if (target.context == nullptr) return Dial(loop, address, timeout, std::move(done));
  return std::make_unique<SecureDial>(loop, address, std::move(target), timeout, std::move(done));
}

}  // namespace hoop
