#include "agent/connectors/postgres_dial.h"

#include <utility>

#include "agent/tls_contexts.h"
#include "base/limits/agent.h"
#include "base/status.h"
#include "protocol/postgres/messages.h"

namespace hoop {

using postgres::SslMode;

PostgresDialing::PostgresDialing(AgentContext& context, const PostgresServer& server, Done done)
    : context_(context), server_(server), done_(std::move(done)) {
  dialing_ = Dial(context_.loop, server_.address, limits::kTargetDialTime,
                  [this](absl::StatusOr<std::unique_ptr<ByteStream>> stream) { OnConnected(std::move(stream)); });
}

PostgresDialing::~PostgresDialing() {
  *alive_ = false;
  if (stream_ != nullptr) stream_->SetEvents(nullptr);
}

void PostgresDialing::OnConnected(absl::StatusOr<std::unique_ptr<ByteStream>> stream) {
  if (!stream.ok()) return Fail(stream.status());
  if (server_.ssl_mode == SslMode::kDisable) return Finish(PostgresSocket{*std::move(stream)});
  stream_ = *std::move(stream);
  patience_ = context_.loop.After(limits::kTargetDialTime, [this] {
    Fail(DeadlineExceeded("server did not answer the request for TLS within {}",
                          absl::FormatDuration(limits::kTargetDialTime)));
  });
  unsent_ = postgres::BuildSslRequest();
  stream_->SetEvents(this);
  OnWritable();
}

void PostgresDialing::OnWritable() {
  const iovec piece{unsent_.data(), unsent_.size()};
  const IoResult result = stream_->Write(&piece, 1);
  if (result.kind == IoResult::Kind::kError) return Fail(result.status);
  if (result.kind == IoResult::Kind::kBytes) unsent_.erase(0, result.bytes);
  return unsent_.empty() ? stream_->WantRead() : stream_->WantWrite();
}

// Reads one byte and no more: what somebody puts behind the answer goes through TLS, where it is no record, and cannot
// count as if it had come through it.
void PostgresDialing::OnReadable() {
  char answer = 0;
  const IoResult result = stream_->Read(&answer, 1);
  switch (result.kind) {
    case IoResult::Kind::kWouldBlock:
      return stream_->WantRead();
    case IoResult::Kind::kError:
      return Fail(result.status);
    case IoResult::Kind::kEnd:
      return Fail(Unavailable("server closed the connection at the request for TLS"));
    case IoResult::Kind::kBytes:
      return OnAnswer(answer);
  }
}

void PostgresDialing::OnAnswer(char answer) {
  switch (answer) {
    case 'S':
      return StartTls();
    case 'N':
      if (!postgres::DemandsTls(server_.ssl_mode)) return Finish(PostgresSocket{std::move(stream_)});
      return Fail(FailedPrecondition("sslmode {}: SSL is not enabled on the postgres server",
                                     postgres::SslModeName(server_.ssl_mode)));
    case 'E':
      // Its words are not encrypted, so anybody may have said them: they are not handed on.
      return Fail(Unavailable("server answered the request for TLS with an error"));
    default:
      return Fail(InvalidArgument("not a PostgreSQL server: it answered the request for TLS with {:#04x}",
                                  static_cast<unsigned char>(answer)));
  }
}

void PostgresDialing::StartTls() {
  patience_.reset();  // the handshake has its own
  stream_->SetEvents(nullptr);
  context_.tls_contexts.Get(server_.tls, [this, alive = alive_](absl::StatusOr<std::shared_ptr<TlsContext>> context) {
    if (!*alive) return;
    if (!context.ok()) return Fail(Annotate(context.status(), "secrets for TLS"));
    handshake_ = TlsConnect(
        context_.loop, std::move(stream_), *std::move(context), server_.certificate_name, limits::kTargetDialTime,
        [this](absl::StatusOr<std::unique_ptr<TlsStream>> stream) { OnTlsDone(std::move(stream)); });
  });
}

void PostgresDialing::OnTlsDone(absl::StatusOr<std::unique_ptr<TlsStream>> stream) {
  if (!stream.ok()) {
    return Fail(Annotate(stream.status(), fmt::format("sslmode {}", postgres::SslModeName(server_.ssl_mode))));
  }
  std::string server_end_point = (*stream)->ServerEndPoint();
  Finish(PostgresSocket{*std::move(stream), true, std::move(server_end_point)});
}

// Last call: the owner may destroy this now.
void PostgresDialing::Finish(absl::StatusOr<PostgresSocket> result) {
  if (!done_) return;
  patience_.reset();
  if (stream_ != nullptr) stream_->SetEvents(nullptr);
  std::exchange(done_, nullptr)(std::move(result));
}

}  // namespace hoop
