#include "front/arrival.h"

#include <array>
#include <utility>

#include "base/limits/listener.h"
#include "base/status.h"

namespace hoop {
namespace {

constexpr char kTlsHandshakeRecord = 0x16;  // no HTTP begins with it

}  // namespace

Arrival::Arrival(Loop& loop, const FrontDoor::Options& options, std::unique_ptr<GuardedStream> stream, Done done)
    : loop_(loop), options_(options), done_(std::move(done)), guard_(*stream) {
  stream_ = std::move(stream);
  stream_->SetEvents(this);
}

Arrival::~Arrival() = default;

void Arrival::OnReadable() {
  std::array<char, 4 * limits::kKiB> buffer;
  const IoResult result = stream_->Read(buffer.data(), buffer.size());
  switch (result.kind) {
    case IoResult::Kind::kBytes:
      if (state_ == State::kFirstByte) return OnFirstBytes({buffer.data(), result.bytes});
      ignored_bytes_ += result.bytes;
      if (ignored_bytes_ > limits::kFarewellBytesMax) return End(nullptr, refused_);
      return stream_->WantRead();
    case IoResult::Kind::kWouldBlock:
      return stream_->WantRead();
    case IoResult::Kind::kEnd:
    case IoResult::Kind::kError:
      return End(nullptr, refused_);
  }
}

void Arrival::OnFirstBytes(std::string_view bytes) {
  guard_.PutBack(bytes);
  const bool speaks_tls = bytes.front() == kTlsHandshakeRecord;
  if (options_.tls == nullptr) {
    if (!speaks_tls) return End(std::move(stream_), absl::OkStatus());
    return Refuse(FailedPrecondition("connection of {}: the peer speaks TLS, this listener does not", stream_->peer()),
                  options_.tls_refusal);
  }
  if (speaks_tls) return Shake();
  const bool is_welcome = options_.plain_peers == FrontDoor::PlainPeers::kAll ||
                          (options_.plain_peers == FrontDoor::PlainPeers::kLocal && IsLocalPeer(stream_->peer()));
  if (is_welcome) return End(std::move(stream_), absl::OkStatus());
  Refuse(FailedPrecondition("connection of {}: the peer does not speak TLS", stream_->peer()), options_.plain_refusal);
}

void Arrival::Shake() {
  state_ = State::kHandshake;
  handshake_ = TlsAccept(loop_, std::move(stream_), options_.tls, absl::InfiniteDuration(), options_.tls_worker,
                         [this](absl::StatusOr<std::unique_ptr<TlsStream>> stream) {
                           if (stream.ok()) return End(*std::move(stream), absl::OkStatus());
                           stream_ = handshake_->TakePlain();
                           Refuse(stream.status(), {});
                         });
}

// A close with unread bytes would be a reset, and what we said would be lost on its way.
void Arrival::Refuse(const absl::Status& why, std::string_view last_words) {
  state_ = State::kFarewell;
  refused_ = why;
  if (!last_words.empty()) {
    const iovec piece = {const_cast<char*>(last_words.data()), last_words.size()};
    stream_->Write(&piece, 1);
  }
  stream_->ShutdownWrite();
  patience_ = loop_.After(limits::kFarewellTime, [this] { End(nullptr, refused_); });
  stream_->SetEvents(this);
  stream_->WantRead();
}

void Arrival::End(std::unique_ptr<ByteStream> stream, const absl::Status& refused) {
  if (stream_ != nullptr) stream_->SetEvents(nullptr);
  if (stream != nullptr) stream->SetEvents(nullptr);
  patience_.reset();
  done_(*this, std::move(stream), refused);
}

}  // namespace hoop
