// `hoop config create | view | clear | path` and `hoop version`.
#include <fmt/format.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cerrno>

#include <nlohmann/json.hpp>

#include "commands.h"
#include "hoop/value_file.h"

namespace hoop::cli {
namespace {

std::vector<std::pair<std::string, std::string>> Shown(const ClientConfig& config, bool raw) {
  std::vector<std::pair<std::string, std::string>> lines = {
      {"api_url", config.api_url},
      {"grpc_url", config.grpc_url},
      {"token", raw || config.token.empty() ? config.token : "OMITTED"},
  };
  if (!config.tls_ca.empty()) lines.emplace_back("tls_ca", config.tls_ca);
  if (config.skip_tls_verify) lines.emplace_back("skip_tls_verify", "true");
  if (!config.audit_key.empty()) lines.emplace_back("audit_key", config.audit_key);
  return lines;
}

int ViewOne(const ClientConfig& config, const std::string& key) {
  for (const auto& [name, value] : Shown(config, true)) {
    if (name == key) return Print(value + "\n") ? 0 : kExitBrokenPipe;
  }
  for (const char* name : {"tls_ca", "skip_tls_verify", "audit_key"}) {
    if (key == name) return 0;  // not set
  }
  return Fail(fmt::format("config view {}: no such key", key));
}

}  // namespace

int RunConfigCreate(const Environment& environment, const ConfigCreateOptions& options) {
  ClientConfig config;
  auto api_url = NormalizeApiUrl(options.api_url);
  if (!api_url.ok()) return Fail(api_url.status());
  config.api_url = *std::move(api_url);
  if (!options.grpc_url.empty()) {
    if (const absl::Status wrong = CheckGrpcUrl(options.grpc_url); !wrong.ok()) return Fail(wrong);
  }
  config.grpc_url = options.grpc_url;
  config.token = environment.token;
  if (!options.api_key.empty()) {
    if (const absl::Status wrong = CheckApiKey(options.api_key); !wrong.ok()) return Fail(wrong);
    config.token = options.api_key;
  }
  config.skip_tls_verify = environment.skip_tls_verify;
  if (!options.tls_ca.empty()) {
    const auto pem = LoadPemOption("--tls-ca", options.tls_ca);
    if (!pem.ok()) return Fail(pem.status());
    config.SetAuthorities(*pem);
  }
  if (const absl::Status saved = config.Save(environment.config_path); !saved.ok()) return Fail(saved);
  return Print(fmt::format("created {}\n", environment.config_path)) ? 0 : kExitBrokenPipe;
}

int RunConfigView(const Environment& environment, const ConfigViewOptions& options) {
  const auto config = LoadConfig(environment);
  if (!config.ok()) return Fail(config.status());
  if (!options.key.empty()) return ViewOne(*config, options.key);
  std::string text;
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  for (const auto& [name, value] : Shown(*config, options.raw)) {
    text += fmt::format("{}={}\n", name, value);
    json[name] = value;
  }
  if (options.json) text = json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
  return Print(text) ? 0 : kExitBrokenPipe;
}

int RunConfigClear(const Environment& environment) {
  if (::unlink(environment.config_path.c_str()) != 0 && errno != ENOENT) {
    return Fail(absl::ErrnoToStatus(errno, "config file " + environment.config_path));
  }
  return Print("configuration file removed\n") ? 0 : kExitBrokenPipe;
}

int RunConfigPath(const Environment& environment) {
  return Print(environment.config_path + "\n") ? 0 : kExitBrokenPipe;
}

int RunVersion(const Environment& environment, bool json) {
  if (!json) return Print(fmt::format("hoop {}\n", environment.version)) ? 0 : kExitBrokenPipe;
  utsname machine = {};
  ::uname(&machine);
  const nlohmann::ordered_json object = {{"version", environment.version},
                                         {"compiler", "g++ " __VERSION__},
                                         {"platform", fmt::format("linux/{}", machine.machine)}};
  return Print(object.dump() + "\n") ? 0 : kExitBrokenPipe;
}

int RunSibling(const char* name, const std::vector<std::string>& words) {
  char self[4096];
  const ssize_t length = ::readlink("/proc/self/exe", self, sizeof(self) - 1);
  if (length < 0) return Fail(absl::ErrnoToStatus(errno, "/proc/self/exe"));
  const std::string own(self, static_cast<size_t>(length));
  const std::string path = own.substr(0, own.rfind('/') + 1) + name;
  std::vector<char*> arguments = {const_cast<char*>(path.c_str())};
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  ::execv(path.c_str(), arguments.data());
  return Fail(absl::ErrnoToStatus(errno, path));
}

}  // namespace hoop::cli
