#include "protocol/postgres/messages.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/status.h"
#include "base/status_macros.h"
#include "protocol/postgres/byte_order.h"

namespace hoop::postgres {
namespace {

// Takes fields from the front of a body; never beyond it.
class BodyReader final {
 public:
  explicit BodyReader(std::string_view body) : body_(body) {}

  absl::StatusOr<uint32_t> Uint32() {
    if (body_.size() < 4) return InvalidArgument("message ends inside a number");
    const uint32_t value = ReadUint32(body_, 0);
    body_.remove_prefix(4);
    return value;
  }

  absl::StatusOr<std::string_view> Text() {
    const size_t end = body_.find('\0');
    if (end == std::string_view::npos) return InvalidArgument("message ends inside a text");
    const std::string_view text = body_.substr(0, end);
    body_.remove_prefix(end + 1);
    return text;
  }

  std::string_view rest() const { return body_; }

 private:
  std::string_view body_;
};

void AppendText(std::string& out, std::string_view text) {
  out.append(text.substr(0, text.find('\0')));  // a NUL would end the field early and shift those behind it
  out.push_back('\0');
}

std::string WithLength(std::string_view body) {
  std::string message;
  message.reserve(4 + body.size());
  AppendUint32(message, static_cast<uint32_t>(4 + body.size()));
  message.append(body);
  return message;
}

// The body of a typed message whose type is one of `types`.
absl::StatusOr<std::string_view> TypedBody(std::string_view message, std::string_view types) {
  if (message.size() < 5 || types.find(message[0]) == std::string_view::npos) {
    return InvalidArgument("not a message of type {}", types);
  }
  if (size_t{ReadUint32(message, 1)} + 1 != message.size()) {
    return InvalidArgument("message {} says {} bytes and has {}", message[0], ReadUint32(message, 1),
                           message.size() - 1);
  }
  return message.substr(5);
}

absl::StatusOr<std::string_view> UntypedBody(std::string_view message) {
  if (message.size() < 8 || ReadUint32(message, 0) != message.size()) {
    return InvalidArgument("start-up message with a wrong length");
  }
  return message.substr(4);
}

}  // namespace

void StartupMessage::SetUser(std::string_view user) {
  const auto is_user = [](const auto& parameter) { return parameter.first == "user"; };
  const auto first = std::find_if(parameters.begin(), parameters.end(), is_user);
  if (first == parameters.end()) {
    parameters.emplace(parameters.begin(), "user", user);
    return;
  }
  first->second = user;
  parameters.erase(std::remove_if(first + 1, parameters.end(), is_user), parameters.end());
}

std::string_view StartupMessage::Get(std::string_view name) const {
  for (auto parameter = parameters.rbegin(); parameter != parameters.rend(); ++parameter) {
    if (parameter->first == name) return parameter->second;
  }
  return {};
}

std::string BuildMessage(char type, std::string_view body) { return type + WithLength(body); }

std::string BuildStartup(const StartupMessage& startup) {
  std::string body;
  AppendUint32(body, startup.version);
  for (const auto& [name, value] : startup.parameters) {
    AppendText(body, name);
    AppendText(body, value);
  }
  body.push_back('\0');
  return WithLength(body);
}

absl::StatusOr<StartupMessage> ParseStartup(std::string_view message) {
  HOOP_ASSIGN_OR_RETURN(const std::string_view body, UntypedBody(message));
  BodyReader reader(body);
  StartupMessage startup;
  HOOP_ASSIGN_OR_RETURN(startup.version, reader.Uint32());
  while (true) {
    HOOP_ASSIGN_OR_RETURN(const std::string_view name, reader.Text());
    if (name.empty()) break;
    HOOP_ASSIGN_OR_RETURN(const std::string_view value, reader.Text());
    startup.parameters.emplace_back(name, value);
  }
  if (!reader.rest().empty()) return InvalidArgument("start-up message goes on behind its last parameter");
  return startup;
}

std::string BuildSslRequest() {
  std::string body;
  AppendUint32(body, kSslRequestCode);
  return WithLength(body);
}

std::string BuildCancelRequest(const CancelRequest& request) {
  std::string body;
  AppendUint32(body, kCancelRequestCode);
  AppendUint32(body, request.process_id);
  return WithLength(body + request.key);
}

absl::StatusOr<CancelRequest> ParseCancelRequest(std::string_view message) {
  HOOP_ASSIGN_OR_RETURN(const std::string_view body, UntypedBody(message));
  BodyReader reader(body);
  HOOP_ASSIGN_OR_RETURN(const uint32_t code, reader.Uint32());
  if (code != kCancelRequestCode) return InvalidArgument("not a cancel request");
  CancelRequest request;
  HOOP_ASSIGN_OR_RETURN(request.process_id, reader.Uint32());
  request.key = reader.rest();
  if (request.key.size() < 4 || request.key.size() > 256) {
    return InvalidArgument("cancel request with a key of {} bytes", request.key.size());
  }
  return request;
}

std::string BuildErrorResponse(const ErrorResponse& error) {
  std::string body;
  for (const auto& [field, text] : {std::pair<char, std::string_view>{'S', error.severity},
                                    {'V', error.severity},
                                    {'C', error.code},
                                    {'M', error.message}}) {
    body.push_back(field);
    AppendText(body, text);
  }
  body.push_back('\0');
  return BuildMessage('E', body);
}

absl::StatusOr<ErrorResponse> ParseErrorResponse(std::string_view message) {
  HOOP_ASSIGN_OR_RETURN(const std::string_view body, TypedBody(message, "EN"));
  BodyReader reader(body);
  ErrorResponse error;
  error.severity.clear();
  bool fixed_severity = false;  // V is never translated, S may be
  while (true) {
    HOOP_ASSIGN_OR_RETURN(const std::string_view field, reader.Text());
    if (field.empty()) break;
    const std::string_view text = field.substr(1);
    switch (field[0]) {
      case 'V':
        error.severity = text;
        fixed_severity = true;
        break;
      case 'S':
        if (!fixed_severity) error.severity = text;
        break;
      case 'C':
        error.code = text;
        break;
      case 'M':
        error.message = text;
        break;
      default:
        break;
    }
  }
  return error;
}

std::string BuildLoginFailure(std::string_view reason) {
  return BuildErrorResponse({"FATAL", "08006", fmt::format("failed initializing connection, reason={}", reason)});
}

std::string BuildAuthentication(const AuthenticationMessage& message) {
  std::string body;
  AppendUint32(body, static_cast<uint32_t>(message.kind));
  return BuildMessage('R', body + message.body);
}

absl::StatusOr<AuthenticationMessage> ParseAuthentication(std::string_view message) {
  HOOP_ASSIGN_OR_RETURN(const std::string_view body, TypedBody(message, "R"));
  BodyReader reader(body);
  HOOP_ASSIGN_OR_RETURN(const uint32_t kind, reader.Uint32());
  return AuthenticationMessage{static_cast<Authentication>(kind), std::string(reader.rest())};
}

absl::StatusOr<std::vector<std::string>> ParseSaslMechanisms(std::string_view body) {
  BodyReader reader(body);
  std::vector<std::string> mechanisms;
  while (true) {
    HOOP_ASSIGN_OR_RETURN(const std::string_view mechanism, reader.Text());
    if (mechanism.empty()) return mechanisms;
    mechanisms.emplace_back(mechanism);
  }
}

std::string BuildPassword(std::string_view password) {
  std::string body;
  AppendText(body, password);
  return BuildMessage('p', body);
}

std::string BuildSaslInitialResponse(std::string_view mechanism, std::string_view response) {
  std::string body;
  AppendText(body, mechanism);
  AppendUint32(body, static_cast<uint32_t>(response.size()));
  body.append(response);
  return BuildMessage('p', body);
}

std::string BuildSaslResponse(std::string_view response) { return BuildMessage('p', response); }

std::string BuildParameterStatus(std::string_view name, std::string_view value) {
  std::string body;
  AppendText(body, name);
  AppendText(body, value);
  return BuildMessage('S', body);
}

std::string BuildBackendKey(const BackendKey& key) {
  std::string body;
  AppendUint32(body, key.process_id);
  return BuildMessage('K', body + key.key);
}

absl::StatusOr<BackendKey> ParseBackendKey(std::string_view message) {
  HOOP_ASSIGN_OR_RETURN(const std::string_view body, TypedBody(message, "K"));
  BodyReader reader(body);
  BackendKey key;
  HOOP_ASSIGN_OR_RETURN(key.process_id, reader.Uint32());
  key.key = reader.rest();
  if (key.key.size() < 4 || key.key.size() > 256) {
    return InvalidArgument("cancel key of {} bytes", key.key.size());
  }
  return key;
}

std::string BuildReadyForQuery(char transaction_status) { return BuildMessage('Z', {&transaction_status, 1}); }

std::string BuildTerminate() { return BuildMessage('X', {}); }

}  // namespace hoop::postgres
