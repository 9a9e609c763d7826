// Connects to a PostgreSQL server, with TLS as its connection wants it. Used by connectors/postgres.cc; uses net/ and
// the agent's TLS contexts.
#pragma once

#include <memory>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "agent/agent_context.h"
#include "agent/connectors/postgres_server.h"
#include "net/byte_stream.h"
#include "net/dial.h"
#include "net/tls_handshake.h"

namespace hoop {

// A connection on which nothing of the protocol was said yet.
struct PostgresSocket {
  std::unique_ptr<ByteStream> stream;
  bool encrypted = false;
  std::string server_end_point;  // for channel binding; empty: none
};

// One dial: TCP, the server's answer to the request for TLS, the handshake. Owned by who wants the socket; loop thread
// only. Destroying it gives up, also from inside the call-back.
class PostgresDialing final : private ByteStream::Events {
 public:
  using Done = absl::AnyInvocable<void(absl::StatusOr<PostgresSocket>)>;

  // `context` and `server` outlive it. Calls `done` once. Unavailable, DeadlineExceeded: no server, or none that
  // answers; FailedPrecondition: TLS is not to be had as SSLMODE wants it; InvalidArgument: the server is none of
  // PostgreSQL, or a certificate among the secrets is none.
  PostgresDialing(AgentContext& context, const PostgresServer& server, Done done);
  ~PostgresDialing() override;

 private:
  void OnConnected(absl::StatusOr<std::unique_ptr<ByteStream>> stream);
  void OnWritable() override;
  void OnReadable() override;
  void OnAnswer(char answer);
  void StartTls();
  void OnTlsDone(absl::StatusOr<std::unique_ptr<TlsStream>> stream);
  void Fail(const absl::Status& why) { Finish(why); }
  void Finish(absl::StatusOr<PostgresSocket> result);

  AgentContext& context_;
  const PostgresServer& server_;
  Done done_;
  std::unique_ptr<Dialing> dialing_;
  std::unique_ptr<Timer> patience_;  // with the answer to the request for TLS
  std::unique_ptr<ByteStream> stream_;
  std::string unsent_;  // of the request for TLS
  std::unique_ptr<TlsHandshake> handshake_;
  // Tells call-backs that come late.
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace hoop
