// The agent's login at the real server with the connection's own user and password. Driven by
// agent/connectors/postgres.cc after the dial; does no I/O, starts no TLS and hashes no password by itself: it says in
// state() what it waits for. Uses scram for the exchange and messages for the words.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "protocol/postgres/framing.h"
#include "protocol/postgres/messages.h"
#include "protocol/postgres/scram.h"

namespace hoop::postgres {

enum class SslMode { kDisable, kPrefer, kRequire, kVerifyCa, kVerifyFull };

// The secret SSLMODE; empty means prefer. InvalidArgument names the five words.
absl::StatusOr<SslMode> ParseSslMode(std::string_view text);

struct ServerSettings {
  std::string user;
  std::string password;
  SslMode ssl_mode = SslMode::kPrefer;
  bool can_start_tls = false;  // the caller handles State::kStartTls
};

// One login. Owned by the connector; loop thread only. Ends in kReady or kFailed; then the connector relays bytes
// itself, or closes both sides after it sent what TakeForClient holds.
class ServerLogin final {
 public:
  enum class State {
    kTalking,    // waits for OnServerBytes
    kStartTls,   // start TLS on the server's socket (verify as ssl_mode says), then OnTlsStarted; only with
                 // can_start_tls
    kDeriveKey,  // run DeriveSaltedPassword(key_request()) on a worker, then OnKeyDerived
    kReady,      // logged in, ReadyForQuery is in TakeForClient: everything further is relayed as it comes
    kFailed,     // failure() says why; TakeForClient ends with exactly one ErrorResponse
  };

  // `startup`: what the user's program asked for. The random part of SCRAM comes from the kernel.
  ServerLogin(ServerSettings settings, StartupMessage startup);

  // The first call, when the socket to the server is open.
  void Start();
  void OnServerBytes(std::string_view bytes);
  void OnTlsStarted();
  void OnKeyDerived(const absl::StatusOr<std::string>& salted_password);
  // The socket to the server, or TLS on it, ended before kReady. `why` OK: the server closed it.
  void OnServerEnd(const absl::Status& why);

  State state() const { return state_; }
  const absl::Status& failure() const { return failure_; }
  const SaltedPasswordRequest& key_request() const { return *key_request_; }

  std::string TakeForServer() { return std::exchange(for_server_, {}); }

  // Whole messages, in order. Each may be a packet of its own (old peers need that); where chunks are granted all may
  // be joined, but BackendKeyData ('K') must begin a packet. In kReady the last one may be any bytes after
  // ReadyForQuery, also a part of a message.
  std::vector<std::string> TakeForClient() { return std::exchange(for_client_, {}); }

 private:
  void SendStartup();
  void OnMessage(FrameKind kind, std::string message);
  void OnUnreadBytes(std::string_view bytes);  // came behind the message that ended kTalking
  void OnEncryptionAnswer(char answer);
  void OnRefusal(std::string message);
  absl::Status OnAuthentication(const AuthenticationMessage& message);
  absl::Status OnSaslOffer(std::string_view body);
  absl::Status OnMd5Request(std::string_view salt);
  void Fail(const absl::Status& why);

  // Constant after construction.
  const ServerSettings settings_;
  const StartupMessage startup_;

  FrameReader reader_;
  State state_ = State::kTalking;
  bool encryption_asked_ = false;  // an answer to SSLRequest is awaited
  bool authenticated_ = false;     // AuthenticationOk was seen
  bool server_proved_ = false;     // its SCRAM signature was right
  std::string message_;            // the message being collected
  std::string waiting_;            // server bytes that came while a key is derived
  std::optional<ScramClient> scram_;
  std::optional<SaltedPasswordRequest> key_request_;
  absl::Status failure_;
  std::string for_server_;
  std::vector<std::string> for_client_;
};

}  // namespace hoop::postgres
