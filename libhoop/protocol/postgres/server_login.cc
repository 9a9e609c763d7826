#include "protocol/postgres/server_login.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <openssl/evp.h>

#include <algorithm>

#include "base/encoding.h"
#include "base/ids.h"
#include "base/limits/postgres.h"
#include "base/status.h"
#include "base/status_macros.h"

namespace hoop::postgres {
namespace {

constexpr size_t kNonceBytes = 18;      // as libpq; 24 characters
constexpr size_t kShownBytesMax = 200;  // of the server's words in an error of ours

// What an administrator calls the methods that we cannot serve.
std::string MethodName(Authentication kind) {
  switch (static_cast<uint32_t>(kind)) {
    case 2:
      return "Kerberos V5";
    case 4:
      return "crypt";
    case 6:
      return "SCM credential";
    case 7:
    case 8:
      return "GSSAPI (Kerberos)";
    case 9:
      return "SSPI (Windows)";
    default:
      return fmt::format("type {}", static_cast<uint32_t>(kind));
  }
}

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

ServerLogin::ServerLogin(ServerSettings settings, StartupMessage startup)
    : settings_(std::move(settings)), startup_(std::move(startup)), reader_(Sender::kBackend) {}

void ServerLogin::Start() {
  StartupMessage startup = startup_;
  startup.SetUser(settings_.user);
  for_server_ = BuildStartup(startup);
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
    if ((*piece)->last) OnMessage(std::exchange(message_, {}));
  }
  if (!bytes.empty()) OnUnreadBytes(bytes);
}

void ServerLogin::OnUnreadBytes(std::string_view bytes) {
  switch (state_) {
    case State::kReady:
      for_client_.emplace_back(bytes);
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

void ServerLogin::OnMessage(std::string message) {
  const char type = message[0];
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

void ServerLogin::OnRefusal(std::string message) {
  absl::StatusOr<ErrorResponse> error = ParseErrorResponse(message);
  if (!error.ok()) return Fail(error.status());
  // The server's own words, once: nothing is added.
  failure_ = RefusalStatus(*error);
  state_ = State::kFailed;
  for_client_.push_back(std::move(message));
}

absl::Status ServerLogin::OnAuthentication(const AuthenticationMessage& message) {
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
      if (!scram_) return InvalidArgument("server goes on with a SASL exchange that has not begun");
      HOOP_ASSIGN_OR_RETURN(key_request_, scram_->OnServerFirst(message.body));
      state_ = State::kDeriveKey;
      return absl::OkStatus();
    }
    case Authentication::kSaslFinal:
      if (!scram_) return InvalidArgument("server ends a SASL exchange that has not begun");
      HOOP_RETURN_IF_ERROR(scram_->OnServerFinal(message.body));
      server_proved_ = true;
      return absl::OkStatus();
  }
  return Unimplemented(
      "server asks for {} authentication, which is not supported here: a password, a client "
      "certificate or trust are",
      MethodName(message.kind));
}

absl::Status ServerLogin::OnSaslOffer(std::string_view body) {
  if (scram_) return InvalidArgument("server begins the SASL exchange twice");
  HOOP_ASSIGN_OR_RETURN(const std::vector<std::string> mechanisms, ParseSaslMechanisms(body));
  HOOP_ASSIGN_OR_RETURN(ScramBinding binding, ChooseBinding(mechanisms));
  std::string random(kNonceBytes, '\0');
  RandomBytes(random.data(), random.size());
  scram_.emplace(settings_.password, Base64Encode(random), std::move(binding));
  for_server_.append(BuildSaslInitialResponse(scram_->mechanism(), scram_->ClientFirst()));
  return absl::OkStatus();
}

absl::StatusOr<ScramBinding> ServerLogin::ChooseBinding(const std::vector<std::string>& mechanisms) const {
  const auto offers = [&mechanisms](std::string_view name) {
    return std::find(mechanisms.begin(), mechanisms.end(), name) != mechanisms.end();
  };
  if (offers(kScramSha256Plus) && !settings_.encrypted) {
    return PermissionDenied("server offers SCRAM-SHA-256-PLUS, so it believes in TLS, but this connection has none");
  }
  const bool can_bind = !settings_.server_end_point.empty();
  if (offers(kScramSha256Plus) && can_bind) {
    return ScramBinding{ScramBinding::Kind::kServerEndPoint, settings_.server_end_point};
  }
  if (!offers(kScramSha256)) {
    return Unimplemented("server offers no SASL mechanism that can be used here; it has: {}",
                         fmt::format("{}", fmt::join(mechanisms, ", ")).substr(0, kShownBytesMax));
  }
  return ScramBinding{can_bind ? ScramBinding::Kind::kNotOffered : ScramBinding::Kind::kNone, ""};
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
