#include "program.h"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>

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
  return config;
}

std::string Text(const absl::Status& status) { return std::string(status.message()); }

int Fail(std::string_view text) {
  while (text.ends_with('\n')) text.remove_suffix(1);
  fmt::print(stderr, "hoop: {}\n", text);
  return kExitError;
}

int Fail(const absl::Status& status) {
  if (absl::IsUnauthenticated(status)) return Fail(fmt::format("{}; `hoop login` signs you in", Text(status)));
  if (Text(status).ends_with("Address already in use")) {
    return Fail(fmt::format("{}; -p 0 takes any free port", Text(status)));
  }
  return Fail(Text(status));
}

bool Print(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  return std::fflush(stdout) == 0;
}

}  // namespace hoop::cli
