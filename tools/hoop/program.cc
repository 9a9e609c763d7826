#include "program.h"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <utility>

namespace hoop::cli {
namespace {

std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace

Environment ReadEnvironment() {
  Environment environment;
  environment.config_path = Variable("HOOP_CONFIG");
  if (environment.config_path.empty()) {
    const std::string home = Variable("HOME");
    environment.config_path = (home.empty() ? "." : home) + "/.hoop/config.toml";
  }
  environment.api_url = Variable("HOOP_APIURL");
  environment.grpc_url = Variable("HOOP_GRPCURL");
  environment.token = Variable("HOOP_TOKEN");
  environment.grpc_client = Variable("HOOP_GRPC_CLIENT");
  for (const char* name : {"TLS_CA", "HOOP_TLSCA", "SSL_CERT_FILE"}) {
    if (!environment.tls_ca.empty()) break;
    environment.tls_ca_variable = name;
    environment.tls_ca = Variable(name);
  }
  if (environment.tls_ca_variable == "SSL_CERT_FILE" && !environment.tls_ca.empty()) {
    environment.tls_ca.insert(0, "file://");
  }
  environment.tls_server_name = Variable("TLS_SERVER_NAME");
  if (environment.tls_server_name.empty()) environment.tls_server_name = Variable("HOOP_TLSSERVERNAME");
  environment.tls_client_cert = Variable("TLS_CLIENT_CERT");
  environment.tls_client_key = Variable("TLS_CLIENT_KEY");
  environment.agent_key = Variable("HOOP_KEY");
  if (environment.agent_key.empty()) environment.agent_key = Variable("HOOP_DSN");
  environment.database_uri = Variable("HOOP_DB_URI");
  environment.skip_tls_verify = Variable("HOOP_TLS_SKIP_VERIFY") == "true";
  environment.version = HOOP_VERSION;
  return environment;
}

absl::StatusOr<ClientConfig> LoadConfigFile(const Environment& environment) {
  auto config = ClientConfig::Load(environment.config_path);
  if (absl::IsNotFound(config.status())) return ClientConfig();
  return config;
}

absl::StatusOr<ClientConfig> LoadConfig(const Environment& environment) {
  auto config = LoadConfigFile(environment);
  if (!config.ok()) return config;
  if (environment.replaces_file()) {
    // A pinned key belongs to the gateway of the file.
    if (environment.api_url != config->api_url) config->audit_key.clear();
    config->api_url = environment.api_url;
    config->grpc_url = environment.grpc_url;
    config->token = environment.token;
  }
  if (config->api_url.empty() && config->grpc_url.empty()) {
    return absl::FailedPreconditionError(fmt::format(
        "no gateway is configured in {}: run `hoop login` or `hoop config create`", environment.config_path));
  }
  return WithTls(*std::move(config), environment);
}

absl::StatusOr<ClientConfig> WithTls(ClientConfig config, const Environment& environment) {
  const struct {
    std::string_view variable;
    const std::string& value;
    std::string& to;
  } texts[] = {{environment.tls_ca_variable, environment.tls_ca, config.tls.ca},
               {"TLS_CLIENT_CERT", environment.tls_client_cert, config.tls.certificate},
               {"TLS_CLIENT_KEY", environment.tls_client_key, config.tls.key}};
  for (const auto& [variable, value, to] : texts) {
    if (value.empty()) continue;
    auto pem = LoadPem(variable, value);
    if (!pem.ok()) return pem.status();
    to = *std::move(pem);
  }
  // What the file says of authorities is meant for its gateway; the machine's file is for all that have none.
  if (environment.tls_ca_variable == "SSL_CERT_FILE" && !config.tls_ca.empty()) config.tls.ca.clear();
  config.tls.server_name = environment.tls_server_name;
  config.skip_tls_verify = config.skip_tls_verify || environment.skip_tls_verify;
  return config;
}

std::string Text(const absl::Status& status) { return std::string(status.message()); }

int Fail(std::string_view text) {
  while (text.ends_with('\n')) text.remove_suffix(1);
  fmt::print(stderr, "hoop: {}\n", text);
  return kExitError;
}

int Fail(const absl::Status& status) {
  const std::string text = Text(status);
  if (absl::IsUnauthenticated(status)) return Fail(fmt::format("{}; `hoop login` signs you in", text));
  if (text.ends_with("Address already in use")) return Fail(fmt::format("{}; -p 0 takes any free port", text));
  if (text.find("signed by an unknown authority") != std::string::npos) {
    return Fail(
        fmt::format("{}; TLS_CA=file://CA.pem trusts one for this run, `hoop login --tls-ca CA.pem` keeps it", text));
  }
  if (text.find("its certificate is for ") != std::string::npos) {
    return Fail(fmt::format("{}; TLS_SERVER_NAME says which name to expect", text));
  }
  return Fail(text);
}

bool Print(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  return std::fflush(stdout) == 0;
}

}  // namespace hoop::cli
