// Builds and parses the PostgreSQL messages that we say or understand ourselves: start-up, authentication, errors,
// cancellation. Everything else flows through unread. Used by client_login, server_login and the connectors.
// A parser takes one whole message, header included, as FrameReader cut it, and never reads beyond it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace hoop::postgres {

inline constexpr uint32_t kProtocol30 = 3 << 16;
inline constexpr uint32_t kCancelRequestCode = 80877102;
inline constexpr uint32_t kSslRequestCode = 80877103;
inline constexpr uint32_t kGssEncRequestCode = 80877104;

// What a client asks for. Parameters keep their order, doubles included.
struct StartupMessage {
  uint32_t version = kProtocol30;
  std::vector<std::pair<std::string, std::string>> parameters;

  // Replaces the value of `user` in place and drops further ones (the server would take the last); without any it
  // becomes the first parameter. All other parameters stay as they are.
  void SetUser(std::string_view user);
  // The value of a parameter, the last one as the server would take it; empty when absent.
  std::string_view Get(std::string_view name) const;
};

struct ErrorResponse {
  std::string severity = "FATAL";  // parsed: V when there is one, else S
  std::string code;                // SQLSTATE
  std::string message;
};

struct CancelRequest {
  uint32_t process_id = 0;
  std::string key;  // 4 bytes in protocol 3.0, up to 256 in 3.2
};

struct BackendKey {
  uint32_t process_id = 0;
  std::string key;
};

// Values of the Authentication messages ('R') that we know.
enum class Authentication : uint32_t {
  kOk = 0,
  kCleartextPassword = 3,
  kMd5Password = 5,
  kSasl = 10,
  kSaslContinue = 11,
  kSaslFinal = 12,
};

struct AuthenticationMessage {
  Authentication kind = Authentication::kOk;  // may hold a number that is not named above
  std::string body;                           // salt, mechanism list or SASL text
};

// Any typed message: type, length, body.
std::string BuildMessage(char type, std::string_view body);

std::string BuildStartup(const StartupMessage& startup);
absl::StatusOr<StartupMessage> ParseStartup(std::string_view message);

std::string BuildSslRequest();
std::string BuildCancelRequest(const CancelRequest& request);
absl::StatusOr<CancelRequest> ParseCancelRequest(std::string_view message);

// Always with the fields S, V, C and M: newer drivers want V.
std::string BuildErrorResponse(const ErrorResponse& error);
// Also reads NoticeResponse, which has the same body. Fields we do not keep are skipped.
absl::StatusOr<ErrorResponse> ParseErrorResponse(std::string_view message);
// The answer to a start-up that cannot be served: FATAL, 08006, `failed initializing connection, reason=...`.
std::string BuildLoginFailure(std::string_view reason);

std::string BuildAuthentication(const AuthenticationMessage& message);
absl::StatusOr<AuthenticationMessage> ParseAuthentication(std::string_view message);
// The names in an AuthenticationSASL body.
absl::StatusOr<std::vector<std::string>> ParseSaslMechanisms(std::string_view body);

std::string BuildPassword(std::string_view password);
std::string BuildSaslInitialResponse(std::string_view mechanism, std::string_view response);
std::string BuildSaslResponse(std::string_view response);

std::string BuildParameterStatus(std::string_view name, std::string_view value);
std::string BuildBackendKey(const BackendKey& key);
absl::StatusOr<BackendKey> ParseBackendKey(std::string_view message);
std::string BuildReadyForQuery(char transaction_status);
std::string BuildTerminate();

}  // namespace hoop::postgres
