// The agent's login at the real server with the connection's own user and password. Driven by
// agent/connectors/postgres.cc after the dial, and TLS where there is some; does no I/O and hashes no password by
// itself: it says in state() what it waits for. Uses scram for the exchange and messages for the words.
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

struct ServerSettings {
  std::string user;
  std::string password;
  // Of the connection to the server, as far as SCRAM wants to know.
  bool encrypted = false;        // by TLS
  std::string server_end_point;  // the hash of its certificate for channel binding; empty: the certificate has none
};

// One login. Owned by the connector; loop thread only. Ends in kReady or kFailed; then the connector relays bytes
// itself, or closes both sides after it sent what TakeForClient holds.
class ServerLogin final {
 public:
  enum class State {
    kTalking,    // waits for OnServerBytes
    kDeriveKey,  // run DeriveSaltedPassword(key_request()) on a worker, then OnKeyDerived
    kReady,      // logged in, ReadyForQuery is in TakeForClient: everything further is relayed as it comes
    kFailed,     // failure() says why; TakeForClient ends with exactly one ErrorResponse
  };

  // `startup`: what the user's program asked for. The random part of SCRAM comes from the kernel.
  ServerLogin(ServerSettings settings, StartupMessage startup);

  // The first call, when the connection to the server is there.
  void Start();
  void OnServerBytes(std::string_view bytes);
  void OnKeyDerived(const absl::StatusOr<std::string>& salted_password);
  // The connection to the server ended before kReady. `why` OK: the server closed it.
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
  void OnMessage(std::string message);
  void OnUnreadBytes(std::string_view bytes);  // came behind the message that ended kTalking
  void OnRefusal(std::string message);
  absl::Status OnAuthentication(const AuthenticationMessage& message);
  absl::Status OnSaslOffer(std::string_view body);
  absl::StatusOr<ScramBinding> ChooseBinding(const std::vector<std::string>& mechanisms) const;
  absl::Status OnMd5Request(std::string_view salt);
  void Fail(const absl::Status& why);

  // Constant after construction.
  const ServerSettings settings_;
  const StartupMessage startup_;

  FrameReader reader_;
  State state_ = State::kTalking;
  bool authenticated_ = false;  // AuthenticationOk was seen
  bool server_proved_ = false;  // its SCRAM signature was right
  std::string message_;         // the message being collected
  std::string waiting_;         // server bytes that came while a key is derived
  std::optional<ScramClient> scram_;
  std::optional<SaltedPasswordRequest> key_request_;
  absl::Status failure_;
  std::string for_server_;
  std::vector<std::string> for_client_;
};

}  // namespace hoop::postgres
