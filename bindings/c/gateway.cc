// hoop_gateway: a Gateway with what its options brought.
#include "gateway.h"

#include <string_view>

#include "options.h"

using hoop::c::Error;
using hoop::c::Guard;
using hoop::c::InCallback;
using hoop::c::Need;
using hoop::c::NeedRunning;
using hoop::c::NeedStore;
using hoop::c::NeedTime;

namespace {

constexpr std::string_view kSetupToken = "setup_token";

// The options of a gateway, out of those of any kind.
absl::StatusOr<hoop::GatewayOptions> OptionsOf(const hoop_options& options) {
  const auto* values = std::get_if<hoop::GatewayOptions>(&options.values);
  if (values == nullptr) return Error(absl::StatusCode::kInvalidArgument, "options: not those of a gateway");
  hoop::GatewayOptions copy = *values;
  using ClientAuth = hoop::GatewayTls::ClientAuth;
  if (copy.tls && !options.says_client_auth && !copy.tls->client_ca.empty()) {
    copy.tls->client_auth = ClientAuth::kOptional;
  }
  return copy;
}

// Puts a text out, if there is one.
absl::Status Give(const absl::StatusOr<std::string>& text, char** to) {
  if (text.ok()) *to = hoop::c::NewText(*text);
  return text.status();
}

absl::StatusOr<std::string> Get(const hoop::Gateway& gateway, std::string_view key) {
  if (key == "http_address") return gateway.http_address();
  if (key == "grpc_address") return gateway.grpc_address();
  if (key == "api_url") return gateway.api_url();
  if (key == "grpc_url") return gateway.grpc_url();
  if (key == kSetupToken) return gateway.SetupToken();
  if (key == "audit_public_key") return gateway.audit_public_key();
  return Error(absl::StatusCode::kInvalidArgument, "a gateway has no \"" + std::string(key) + "\"");
}

}  // namespace

int32_t hoop_gateway_create(const hoop_options* options, hoop_gateway** gateway, hoop_error** error) {
  return Guard(error, [&]() -> absl::Status {
    if (const absl::Status status = Need(options, "options", gateway, "gateway"); !status.ok()) return status;
    absl::StatusOr<hoop::GatewayOptions> values = OptionsOf(*options);
    if (!values.ok()) return values.status();
    if (values->data_dir.empty()) return Error(absl::StatusCode::kInvalidArgument, "option \"data_dir\": is not set");
    auto handle = std::make_unique<hoop_gateway>();
    handle->log = options->log;
    values->log = options->log.get();
    handle->verifier = options->verifier;
    values->idp_verifier = options->verifier.get();
    const hoop::c::SignalsBlocked blocked;
    auto created = hoop::Gateway::Create(*std::move(values));
    if (!created.ok()) return created.status();
    handle->gateway = *std::move(created);
    *gateway = handle.release();
    return absl::OkStatus();
  });
}

int32_t hoop_gateway_start(hoop_gateway* gateway, hoop_error** error) {
  return Guard(error, [&]() -> absl::Status {
    absl::Status status = Need(gateway, "gateway");
    if (status.ok()) status = InCallback::Refuse();
    if (!status.ok()) return status;
    const hoop::c::SignalsBlocked blocked;
    return gateway->lifecycle.Begin([gateway] { return gateway->gateway->Start(); });
  });
}

int32_t hoop_gateway_stop(hoop_gateway* gateway, int64_t milliseconds, hoop_error** error) {
  return Guard(error, [&]() -> absl::Status {
    absl::Status status = Need(gateway, "gateway");
    if (status.ok()) status = InCallback::Refuse();
    if (status.ok()) status = NeedTime(milliseconds, "milliseconds");
    if (!status.ok()) return status;
    return gateway->lifecycle.End([&] { gateway->gateway->Shutdown(absl::Milliseconds(milliseconds)); });
  });
}

int32_t hoop_gateway_wait(hoop_gateway* gateway, int64_t milliseconds, hoop_error** error) {
  return Guard(error, [&]() -> absl::Status {
    absl::Status status = Need(gateway, "gateway");
    if (status.ok()) status = InCallback::Refuse();
    return status.ok() ? gateway->lifecycle.AwaitEnd(milliseconds) : status;
  });
}

int32_t hoop_gateway_destroy(hoop_gateway* gateway) {
  return Guard(nullptr, [&]() -> absl::Status {
    if (const absl::Status status = InCallback::Refuse(); !status.ok()) return status;
    delete gateway;
    return absl::OkStatus();
  });
}

int32_t hoop_gateway_replace_tls(hoop_gateway* gateway, const hoop_options* options, hoop_error** error) {
  return Guard(error, [&]() -> absl::Status {
    absl::Status status = NeedRunning(gateway);
    if (status.ok()) status = Need(options, "options");
    if (!status.ok()) return status;
    const absl::StatusOr<hoop::GatewayOptions> values = OptionsOf(*options);
    if (!values.ok()) return values.status();
    if (!values->tls) return Error(absl::StatusCode::kInvalidArgument, "option \"tls_certificate\": is not set");
    return gateway->gateway->ReplaceTls(*values->tls);
  });
}

int32_t hoop_gateway_get(hoop_gateway* gateway, const char* key, char** text, hoop_error** error) {
  return Guard(error, [&]() -> absl::Status {
    absl::Status status = Need(gateway, "gateway", key, "key", text, "text");
    // Whether there is an account is asked of the store.
    if (status.ok()) status = std::string_view(key) == kSetupToken ? NeedStore(gateway) : NeedRunning(gateway);
    return status.ok() ? Give(Get(*gateway->gateway, key), text) : status;
  });
}

int32_t hoop_gateway_ensure_admin(hoop_gateway* gateway, const char* email, const char* password, hoop_error** error) {
  return Guard(error, [&]() -> absl::Status {
    absl::Status status = NeedStore(gateway);
    if (status.ok()) status = Need(email, "email", password, "password");
    return status.ok() ? gateway->gateway->EnsureAdmin(email, password) : status;
  });
}

int32_t hoop_gateway_issue_token(hoop_gateway* gateway, const char* email, int64_t seconds, char** token,
                                 hoop_error** error) {
  return Guard(error, [&]() -> absl::Status {
    absl::Status status = NeedStore(gateway);
    if (status.ok()) status = Need(email, "email", token, "token");
    if (status.ok()) status = NeedTime(seconds, "seconds");
    return status.ok() ? Give(gateway->gateway->IssueToken(email, absl::Seconds(seconds)), token) : status;
  });
}

int32_t hoop_gateway_issue_agent_key(hoop_gateway* gateway, const char* agent, char** key, hoop_error** error) {
  return Guard(error, [&]() -> absl::Status {
    absl::Status status = NeedStore(gateway);
    if (status.ok()) status = Need(agent, "agent", key, "key");
    return status.ok() ? Give(gateway->gateway->IssueAgentKey(agent), key) : status;
  });
}

int32_t hoop_gateway_apply_connection(hoop_gateway* gateway, const hoop_options* connection, hoop_error** error) {
  return Guard(error, [&]() -> absl::Status {
    absl::Status status = NeedStore(gateway);
    if (status.ok()) status = Need(connection, "connection");
    if (!status.ok()) return status;
    const auto* config = std::get_if<hoop::ConnectionConfig>(&connection->values);
    if (config == nullptr) return Error(absl::StatusCode::kInvalidArgument, "options: not those of a connection");
    return gateway->gateway->ApplyConnection(*config);
  });
}
