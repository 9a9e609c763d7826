// `hoop login`: e-mail and password of a local account, once; a token and the audit key in the config file.
#include <fmt/format.h>
#include <unistd.h>

#include <string>

#include "commands.h"
#include "hoop/api_client.h"
#include "secret_input.h"

namespace hoop::cli {
namespace {

constexpr char kDefaultApiUrl[] = "http://127.0.0.1:8009";

// The address from the options, the file, or the user.
absl::StatusOr<std::string> FindApiUrl(const LoginOptions& options, const ClientConfig& config) {
  if (!options.api_url.empty()) return NormalizeApiUrl(options.api_url);
  if (!config.api_url.empty()) return NormalizeApiUrl(config.api_url);
  if (::isatty(STDIN_FILENO) == 0) return NormalizeApiUrl(kDefaultApiUrl);
  auto typed = Ask(fmt::format("API_URL [{}]: ", kDefaultApiUrl));
  if (!typed.ok()) return typed;
  return NormalizeApiUrl(typed->empty() ? kDefaultApiUrl : *typed);
}

absl::Status PinAuditKey(ApiClient& api, const LoginOptions& options, ClientConfig& config) {
  const auto key = api.AuditKey();
  if (absl::IsNotFound(key.status())) return absl::OkStatus();  // not a gateway of ours
  if (!key.ok()) return key.status();
  if (!config.audit_key.empty() && config.audit_key != *key && !options.accept_audit_key) {
    return absl::FailedPreconditionError(
        fmt::format("THE AUDIT KEY OF THE GATEWAY CHANGED: pinned is {}, now it says {}; if that is known and right: "
                    "hoop login --accept-audit-key",
                    AuditKeyName(config.audit_key).value_or("?"), AuditKeyName(*key).value_or("?")));
  }
  config.audit_key = *key;
  return absl::OkStatus();
}

absl::Status SignIn(const LoginOptions& options, const Environment& environment, ClientConfig& config) {
  const auto with_tls = WithTls(config, environment);
  if (!with_tls.ok()) return with_tls.status();
  auto api = ApiClient::Create(*with_tls, environment.version);
  if (!api.ok()) return api.status();
  const auto method = (*api)->AuthMethod();
  if (!method.ok()) return method.status();
  if (*method != "local") {
    return absl::UnimplementedError(fmt::format(
        "{} signs in by {}, which this version does not do yet; HOOP_TOKEN=... hoop config create takes a token",
        config.api_url, *method));
  }
  const auto email = options.email.empty() ? Ask("Enter Email: ") : options.email;
  if (!email.ok()) return email.status();
  const auto password = options.password_stdin ? ReadPasswordLine() : AskHidden("Enter Password: ");
  if (!password.ok()) return password.status();
  const auto token = (*api)->Login(*email, *password);
  if (!token.ok()) return token.status();
  config.token = *token;
  if (config.grpc_url.empty()) {
    auto grpc_url = (*api)->GrpcUrl();
    if (!grpc_url.ok()) return grpc_url.status();
    config.grpc_url = *std::move(grpc_url);
  }
  return PinAuditKey(**api, options, config);
}

}  // namespace

int RunLogin(const Environment& environment, const LoginOptions& options) {
  auto config = LoadConfigFile(environment);
  if (!config.ok()) return Fail(config.status());
  const auto api_url = FindApiUrl(options, *config);
  if (!api_url.ok()) return Fail(api_url.status());
  if (*api_url != config->api_url) {  // another gateway: nothing of the old one holds
    config->api_url = *api_url;
    config->grpc_url.clear();
    config->audit_key.clear();
  }
  if (!options.grpc_url.empty()) {
    if (const absl::Status wrong = CheckGrpcUrl(options.grpc_url); !wrong.ok()) return Fail(wrong);
    config->grpc_url = options.grpc_url;
  }
  config->token.clear();
  // Not Fail(status): its hint would be `hoop login`.
  if (const absl::Status status = SignIn(options, environment, *config); !status.ok()) return Fail(Text(status));
  if (const absl::Status saved = config->Save(environment.config_path); !saved.ok()) return Fail(saved);
  return Print("Login succeeded\n") ? 0 : kExitBrokenPipe;
}

}  // namespace hoop::cli
