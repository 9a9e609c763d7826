#include "protocol/postgres/server_login.h"

#include <openssl/evp.h>

#include <algorithm>

#include "base/encoding.h"
#include "base/ids.h"
#include "base/limits/postgres.h"
#include "base/status.h"
#include "base/status_macros.h"

namespace hoop::postgres {
namespace {

constexpr std::string_view kScramSha256 = "SCRAM-SHA-256";
constexpr size_t kNonceBytes = 18;  // as libpq; 24 characters

std::string_view SslModeName(SslMode mode) {
  switch (mode) {
    case SslMode::kDisable:
      return "disable";
    case SslMode::kPrefer:
      return "prefer";
    case SslMode::kRequire:
      return "require";
    case SslMode::kVerifyCa:
      return "verify-ca";
    case SslMode::kVerifyFull:
      return "verify-full";
  }
  return "unknown";
}

bool DemandsTls(SslMode mode) { return mode != SslMode::kDisable && mode != SslMode::kPrefer; }

absl::StatusOr<std::string> Md5Hex(std::string_view text) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  if (EVP_Digest(text.data(), text.size(), digest, &size, EVP_md5(), nullptr) != 1) {
    return Unimplemented("server asks for an MD5 password, and the cryptographic library of this machine has no MD5");
  }
  return HexEncode({reinterpret_cast<const char*>(digest), size});
}

// What the server's refusal means for us.
absl::Status RefusalStatus(const ErrorResponse& error) {
  const absl::StatusCode code = error.code.starts_with("28")   ? absl::StatusCode::kUnauthenticated
                                : error.code.starts_with("3D") ? absl::StatusCode::kNotFound
                                : error.code.starts_with("53") || error.code.starts_with("57")
                                    ? absl::StatusCode::kUnavailable
                                    : absl::StatusCode::kFailedPrecondition;
  return StatusF(code, "server refused the login: {} (SQLSTATE {})", error.message, error.code);
}

}  // namespace

absl::StatusOr<SslMode> ParseSslMode(std::string_view text) {
  if (text.empty()) return SslMode::kPrefer;
  for (const SslMode mode :
       {SslMode::kDisable, SslMode::kPrefer, SslMode::kRequire, SslMode::kVerifyCa, SslMode::kVerifyFull}) {
    if (text == SslModeName(mode)) return mode;
  }
  return InvalidArgument(
      "wrong option (\"{}\") for SSLMODE, accept only: [disable prefer require verify-ca verify-full]", text);
}

ServerLogin::ServerLogin(ServerSettings settings, StartupMessage startup)
    : settings_(std::move(settings)), startup_(std::move(startup)), reader_(Sender::kBackend) {}

void ServerLogin::Start() {
  if (settings_.can_start_tls && settings_.ssl_mode != SslMode::kDisable) {
    encryption_asked_ = true;
    reader_.ExpectEncryptionAnswer();
    for_server_ = BuildSslRequest();
  } else if (DemandsTls(settings_.ssl_mode)) {
    Fail(FailedPrecondition(
        "sslmode {}: TLS to targets is not built in yet; use disable or prefer if the network to the server is trusted",
        SslModeName(settings_.ssl_mode)));
  } else {
    SendStartup();
  }
}

void ServerLogin::OnServerBytes(std::string_view bytes) {
  while (state_ == State::kTalking) {
    absl::StatusOr<std::optional<FramePiece>> piece = reader_.Next(bytes);
    if (!piece.ok()) return Fail(piece.status());
    if (!*piece) return;
    if ((*piece)->frame_bytes > limits::kPostgresLoginMessageBytesMax) {
      return Fail(ResourceExhausted("message {} of the server has {} bytes during the login, at most {} are allowed",
                                    (*piece)->type, (*piece)->frame_bytes, limits::kPostgresLoginMessageBytesMax));
    }
    message_.append((*piece)->bytes);
    if ((*piece)->last) OnMessage((*piece)->kind, std::exchange(message_, {}));
  }
  if (!bytes.empty()) OnUnreadBytes(bytes);
}

void ServerLogin::OnUnreadBytes(std::string_view bytes) {
  switch (state_) {
    case State::kReady:
      for_client_.emplace_back(bytes);
      break;
    case State::kStartTls:
      // Whoever wrote them was not the server behind TLS; they must not count as if they had come through it.
      Fail(InvalidArgument("server sent unencrypted bytes behind its answer to the TLS request"));
      break;
    case State::kDeriveKey:
      if (waiting_.size() + bytes.size() > limits::kPostgresLoginMessageBytesMax) {
        Fail(ResourceExhausted("server sent more than {} bytes while it had to wait for our password proof",
                               limits::kPostgresLoginMessageBytesMax));
      } else {
        waiting_.append(bytes);
      }
      break;
    case State::kTalking:
    case State::kFailed:
      break;
  }
}

void ServerLogin::OnTlsStarted() {
  if (state_ != State::kStartTls) return;
  state_ = State::kTalking;
  SendStartup();
}

void ServerLogin::OnKeyDerived(const absl::StatusOr<std::string>& salted_password) {
  if (state_ != State::kDeriveKey) return;
  key_request_.reset();
  absl::StatusOr<std::string> proof = salted_password.ok() ? scram_->ClientFinal(*salted_password)
                                                           : absl::StatusOr<std::string>(salted_password.status());
  if (!proof.ok()) return Fail(proof.status());
  for_server_.append(BuildSaslResponse(*proof));
  state_ = State::kTalking;
  OnServerBytes(std::exchange(waiting_, {}));
}

void ServerLogin::OnServerEnd(const absl::Status& why) {
  if (state_ == State::kReady || state_ == State::kFailed) return;
  Fail(why.ok() ? Unavailable("server closed the connection during the login") : why);
}

void ServerLogin::SendStartup() {
  StartupMessage startup = startup_;
  startup.SetUser(settings_.user);
  for_server_.append(BuildStartup(startup));
}

void ServerLogin::OnMessage(FrameKind kind, std::string message) {
  const char type = message[0];
  if (kind == FrameKind::kEncryptionAnswer) return OnEncryptionAnswer(type);
  switch (type) {
    case 'E':
      return OnRefusal(std::move(message));
    case 'R': {
      absl::StatusOr<AuthenticationMessage> request = ParseAuthentication(message);
      const absl::Status status = request.ok() ? OnAuthentication(*request) : request.status();
      if (!status.ok()) Fail(status);
      return;
    }
    case 'v':  // NegotiateProtocolVersion: between the server and the program, also before the authentication
      for_client_.push_back(std::move(message));
      return;
    case 'N':
      if (authenticated_) for_client_.push_back(std::move(message));
      return;
    case 'S':
    case 'K':
    case 'Z':
      if (!authenticated_) break;
      for_client_.push_back(std::move(message));
      if (type == 'Z') state_ = State::kReady;
      return;
    default:
      break;
  }
  Fail(InvalidArgument("server sent message {} {} its authentication", type, authenticated_ ? "after" : "before"));
}

void ServerLogin::OnEncryptionAnswer(char answer) {
  encryption_asked_ = false;
  if (answer == 'S') {
    state_ = State::kStartTls;
  } else if (DemandsTls(settings_.ssl_mode)) {
    Fail(FailedPrecondition("sslmode {}: SSL is not enabled on the postgres server", SslModeName(settings_.ssl_mode)));
  } else {
    SendStartup();
  }
}

void ServerLogin::OnRefusal(std::string message) {
  absl::StatusOr<ErrorResponse> error = ParseErrorResponse(message);
  if (!error.ok()) return Fail(error.status());
  // The server's own words, once: nothing is added.
  failure_ = RefusalStatus(*error);
  state_ = State::kFailed;
  for_client_.push_back(std::move(message));
}

absl::Status ServerLogin::OnAuthentication(const AuthenticationMessage& message) {
  if (encryption_asked_) return InvalidArgument("server did not answer the TLS request");
  if (authenticated_) return InvalidArgument("server authenticates twice");
  switch (message.kind) {
    case Authentication::kOk:
      if (scram_ && !server_proved_) {
        return PermissionDenied("server ended the SCRAM exchange without proving that it knows the password");
      }
      authenticated_ = true;
      for_client_.push_back(BuildAuthentication(message));
      return absl::OkStatus();
    case Authentication::kCleartextPassword:
      for_server_.append(BuildPassword(settings_.password));
      return absl::OkStatus();
    case Authentication::kMd5Password:
      return OnMd5Request(message.body);
    case Authentication::kSasl:
      return OnSaslOffer(message.body);
    case Authentication::kSaslContinue: {
      if (!scram_) break;
      HOOP_ASSIGN_OR_RETURN(key_request_, scram_->OnServerFirst(message.body));
      state_ = State::kDeriveKey;
      return absl::OkStatus();
    }
    case Authentication::kSaslFinal:
      if (!scram_) break;
      HOOP_RETURN_IF_ERROR(scram_->OnServerFinal(message.body));
      server_proved_ = true;
      return absl::OkStatus();
  }
  return Unimplemented("authentication type [{}] not supported", static_cast<uint32_t>(message.kind));
}

absl::Status ServerLogin::OnSaslOffer(std::string_view body) {
  if (scram_) return InvalidArgument("server begins the SASL exchange twice");
  HOOP_ASSIGN_OR_RETURN(const std::vector<std::string> mechanisms, ParseSaslMechanisms(body));
  if (std::find(mechanisms.begin(), mechanisms.end(), kScramSha256) == mechanisms.end()) {
    return Unimplemented("server offers no SASL mechanism that is known here (SCRAM-SHA-256)");
  }
  std::string random(kNonceBytes, '\0');
  RandomBytes(random.data(), random.size());
  scram_.emplace(settings_.password, Base64Encode(random));
  for_server_.append(BuildSaslInitialResponse(kScramSha256, scram_->ClientFirst()));
  return absl::OkStatus();
}

absl::Status ServerLogin::OnMd5Request(std::string_view salt) {
  if (salt.size() != 4) return InvalidArgument("server sent an MD5 salt of {} bytes", salt.size());
  HOOP_ASSIGN_OR_RETURN(const std::string inner, Md5Hex(settings_.password + settings_.user));
  HOOP_ASSIGN_OR_RETURN(const std::string outer, Md5Hex(inner + std::string(salt)));
  for_server_.append(BuildPassword("md5" + outer));
  return absl::OkStatus();
}

void ServerLogin::Fail(const absl::Status& why) {
  failure_ = why;
  state_ = State::kFailed;
  for_client_.push_back(BuildLoginFailure(StatusText(why)));
}

}  // namespace hoop::postgres
