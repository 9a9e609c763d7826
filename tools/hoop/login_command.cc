// `hoop login`: e-mail and password of a local account, once; a token and the audit key in the config file.
#include <fmt/format.h>
#include <unistd.h>

#include <string>

#include "api.h"
#include "commands.h"
#include "hoop/value_file.h"
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

absl::Status SignInLocally(ApiClient& api, const LoginOptions& options, ClientConfig& config) {
  const auto email = options.email.empty() ? Ask("Enter Email: ") : options.email;
  if (!email.ok()) return email.status();
  const auto password = options.password_stdin ? ReadPasswordLine() : AskHidden("Enter Password: ");
  if (!password.ok()) return password.status();
  const auto setup_token = SecretValue("--setup-token", options.setup_token);
  if (!setup_token.ok()) return setup_token.status();
  const auto token =
      setup_token->empty() ? api.Login(*email, *password) : api.Register(*email, *password, *setup_token);
  if (token.ok()) config.token = *token;
  return token.status();
}

// The file's own gateway, or the one that it is told of.
absl::StatusOr<std::unique_ptr<ApiClient>> MakeClient(const ClientConfig& config, const Environment& environment) {
  const auto with_tls = WithTls(config, environment);
  if (!with_tls.ok()) return with_tls.status();
  return ApiClient::Create(*with_tls, environment.version);
}

absl::Status SignIn(const LoginOptions& options, const Environment& environment, ClientConfig& config) {
  if (!options.api_key.empty()) {
    const auto key = SecretValue("--api-key", options.api_key);
    if (!key.ok()) return key.status();
    if (const absl::Status wrong = CheckApiKey(*key); !wrong.ok()) return wrong;
    config.token = *key;
  }
  auto api = MakeClient(config, environment);
  if (!api.ok()) return api.status();
  if (options.api_key.empty()) {
    const auto method = (*api)->AuthMethod();
    if (!method.ok()) return method.status();
    if (*method != "local") {
      return absl::UnimplementedError(fmt::format(
          "{} signs in by {} in a browser, which this version does not do yet: take a token from there and keep it "
          "with HOOP_TOKEN=... hoop config create --api-url {}",
          config.api_url, *method, config.api_url));
    }
    if (const absl::Status signed_in = SignInLocally(**api, options, config); !signed_in.ok()) return signed_in;
  }
  if (config.grpc_url.empty() || !options.api_key.empty()) {
    auto grpc_url = (*api)->GrpcUrl();  // also shows that an API key is good
    if (!grpc_url.ok()) return grpc_url.status();
    if (config.grpc_url.empty()) config.grpc_url = *std::move(grpc_url);
  }
  return PinAuditKey(**api, options, config);
}

// What was needed to get here and is not in the file: the next shell does not have it.
void SayWhatIsNotKept(const Environment& environment, const ClientConfig& config) {
  if (!environment.tls_ca.empty() && config.tls_ca.empty() && environment.tls_ca_variable != "SSL_CERT_FILE") {
    fmt::print(stderr, "hoop: {} counts in this shell alone; `hoop login --tls-ca FILE` keeps the authorities\n",
               environment.tls_ca_variable);
  }
  if (environment.skip_tls_verify && !config.skip_tls_verify) {
    fmt::print(stderr, "hoop: the gateway's certificate was not verified, and will be next time\n");
  }
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
  if (!options.tls_ca.empty()) {
    const auto pem = LoadPemOption("--tls-ca", options.tls_ca);
    if (!pem.ok()) return Fail(pem.status());
    config->SetAuthorities(*pem);
  }
  config->token.clear();
  if (const absl::Status status = SignIn(options, environment, *config); !status.ok()) {
    // The hint would be `hoop login`.
    return absl::IsUnauthenticated(status) ? Fail(Text(status)) : Fail(status);
  }
  if (const absl::Status saved = config->Save(environment.config_path); !saved.ok()) return Fail(saved);
  SayWhatIsNotKept(environment, *config);
  return Print("Login succeeded\n") ? 0 : kExitBrokenPipe;
}

absl::Status CheckApiKey(const std::string& key) {
  if (key.starts_with("hpk_")) return absl::OkStatus();
  return absl::InvalidArgumentError(
      "--api-key: API keys begin with hpk_; other tokens: HOOP_TOKEN=... hoop config create");
}

int RunPassword(const Environment& environment, const PasswordOptions& options) {
  auto file = LoadConfigFile(environment);
  if (!file.ok()) return Fail(file.status());
  auto api = MakeApi(environment);
  if (!api.ok()) return Fail(api.status());
  const auto old_password = options.password_stdin ? ReadPasswordLine() : AskHidden("Old Password: ");
  if (!old_password.ok()) return Fail(old_password.status());
  const auto password = options.password_stdin ? ReadPasswordLine() : AskHidden("New Password: ");
  if (!password.ok()) return Fail(password.status());
  const auto token = (*api)->ChangePassword(*old_password, *password);
  if (!token.ok()) return Fail(token.status());
  if (environment.replaces_file()) {
    fmt::print(stderr, "hoop: HOOP_TOKEN is refused from now on; this is the new one\n");
    return Print(*token + "\n") ? 0 : kExitBrokenPipe;
  }
  file->token = *token;
  if (const absl::Status saved = file->Save(environment.config_path); !saved.ok()) return Fail(saved);
  return Print("password changed\n") ? 0 : kExitBrokenPipe;
}

}  // namespace hoop::cli
