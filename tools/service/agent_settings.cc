#include "tools/service/agent_settings.h"

#include <fmt/format.h>

#include <algorithm>

#include "tools/grpc_client.h"
#include "tools/service/gateway_settings.h"
#include "tools/service/values.h"

namespace hoop {
namespace {

void AddKey(Variables& variables, AgentSettings& to) {
  variables.push_back({.name = "HOOP_KEY",
                       .old_names = {"HOOP_DSN"},
                       .form = "key, file://path",
                       .otherwise = "",
                       .meaning =
                           "the agent's key, as `hoop admin create agent` prints it; needed. Its scheme says whether "
                           "TLS is spoken: grpcs:// is, grpc:// is not",
                       .is_secret = true,
                       .store = [&to](const std::string& set_as, const std::string& value) {
                         if (set_as == "HOOP_DSN") to.notes.push_back("HOOP_DSN is deprecated, use HOOP_KEY");
                         return StoreTextOrFile(to.options.key)(set_as, value);
                       }});
}

void AddTls(Variables& variables, AgentSettings& to) {
  DiallerTls& tls = to.options.tls;
  const std::string form = "PEM, base64 of PEM, file://path";
  variables.push_back({.name = "TLS_CA",
                       .old_names = {"HOOP_TLSCA"},
                       .form = form,
                       .otherwise = "the machine's authorities",
                       .meaning = "who signs the gateway's certificate",
                       .store = StorePem(tls.ca)});
  variables.push_back({.name = "SSL_CERT_FILE",
                       .form = "path",
                       .otherwise = "",
                       .meaning = "a file with what TLS_CA would hold, when that is not set",
                       .store = [&tls](const std::string& set_as, const std::string& value) {
                         return tls.ca.empty() ? StorePem(tls.ca)(set_as, "file://" + value) : absl::OkStatus();
                       }});
  variables.push_back({.name = "TLS_SERVER_NAME",
                       .old_names = {"HOOP_TLSSERVERNAME"},
                       .form = "name",
                       .otherwise = "the host of the key",
                       .meaning = "whom the gateway's certificate has to be for",
                       .store = StoreText(tls.server_name)});
  variables.push_back({.name = "TLS_CLIENT_CERT",
                       .form = form,
                       .otherwise = "none",
                       .meaning = "the certificate to show to a gateway that asks for one",
                       .store = StorePem(tls.certificate)});
  variables.push_back({.name = "TLS_CLIENT_KEY",
                       .form = form,
                       .otherwise = "none",
                       .meaning = "the private key of TLS_CLIENT_CERT",
                       .is_secret = true,
                       .store = StorePem(tls.key)});
  variables.push_back({.name = "HOOP_TLS_SKIP_VERIFY",
                       .form = "-",
                       .otherwise = "",
                       .meaning = "not used: an agent always verifies its gateway; the log says so",
                       .store = [&to](const std::string& set_as, const std::string& value) {
                         if (value == "true") {
                           to.notes.push_back(set_as + " is ignored: an agent always verifies its gateway");
                         }
                         return absl::OkStatus();
                       }});
}

// "b, env.NAME": the names, with those of variables put in their place.
absl::StatusOr<std::vector<std::string>> ConnectionItems(const std::string& set_as, std::string_view text,
                                                         const Environment& environment) {
  constexpr size_t kBytesMax = 255;  // as agents of 2024
  if (text.size() > kBytesMax) {
    return absl::InvalidArgumentError(fmt::format("{}: longer than {} characters", set_as, kBytesMax));
  }
  std::vector<std::string> items;
  while (!text.empty()) {
    std::string item(text.substr(0, text.find(',')));
    text.remove_prefix(std::min(text.size(), item.size() + 1));
    item.erase(0, std::min(item.find_first_not_of(' '), item.size()));
    item.erase(item.find_last_not_of(' ') + 1);
    if (item.starts_with("env.")) {
      const auto variable = environment.find(item.substr(4));
      if (variable == environment.end()) {
        return absl::InvalidArgumentError(fmt::format("{}: {} is not set", set_as, item.substr(4)));
      }
      item = variable->second;
    }
    for (char& c : item) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    if (!item.empty()) items.push_back(std::move(item));
  }
  return items;
}

}  // namespace

Variables AgentVariables(AgentSettings& to) {
  Variables variables;
  AddKey(variables, to);
  AddTls(variables, to);
  variables.push_back({.name = "HOOP_CONNECTION",
                       .form = "names, commas between",
                       .otherwise = "none",
                       .meaning = "of an embedded agent: shells that it offers to a gateway that is asked by REST, as "
                                  "in 2024; env.NAME stands for that variable",
                       .store = StoreText(to.connection_items)});
  variables.push_back({.name = "HOOP_REQUIRE_VERIFIED_TLS",
                       .form = "true | false",
                       .otherwise = "false",
                       .meaning = "true: databases are spoken to with SSLMODE verify-ca or verify-full only",
                       .store = StoreBool(to.options.require_verified_tls)});
  variables.push_back({.name = "HOOP_GRPC_CLIENT",
                       .form = "grpc",
                       .otherwise = "our own",
                       .meaning = "grpc: gRPC C++ dials the gateway (HTTP CONNECT proxies), by libhoop_grpc.so",
                       .store = [&to](const std::string&, const std::string& value) {
                         auto library = GrpcLibrary(value);
                         if (library.ok()) to.options.grpc_library = *std::move(library);
                         return library.status();
                       }});
  variables.push_back({.name = "TMPDIR",
                       .form = "folder",
                       .otherwise = "/tmp",
                       .meaning = "where files with secrets of running commands lie, in a folder of mode 0700",
                       .store = StoreText(to.options.runtime_dir)});
  variables.push_back({.name = "HOOP_SHUTDOWN_DEADLINE",
                       .form = "time",
                       .otherwise = "5s",
                       .meaning = "how long TERM waits for sessions and their processes to end",
                       .store = StoreDuration(to.shutdown_deadline)});
  AddLogVariables(variables, to.log,
                  "with HOOP_GRPC_CLIENT=grpc: 1: what that library has to say, 2: and what it does");
  return variables;
}

absl::Status ReadAgentSettings(const Environment& environment, AgentSettings& settings) {
  const Variables variables = AgentVariables(settings);
  if (absl::Status status = ReadVariables(variables, environment); !status.ok()) return status;
  if (settings.options.key.empty())
    return absl::InvalidArgumentError(
        "missing HOOP_KEY environment variable: the key of this agent; `hoop admin create agent NAME` prints one");
  auto items = ConnectionItems("HOOP_CONNECTION", settings.connection_items, environment);
  if (!items.ok()) return items.status();
  settings.options.connection_items = *std::move(items);
  settings.options.environment = VariablesOfSessions(environment);
  return absl::OkStatus();
}

std::map<std::string, std::string> VariablesOfSessions(const Environment& environment) {
  std::map<std::string, std::string> variables(environment.begin(), environment.end());
  std::erase_if(variables, [](const auto& entry) { return entry.first.starts_with("HOOP_"); });
  AgentSettings agent;
  GatewaySettings gateway;
  for (const Variables& table : {AgentVariables(agent), GatewayVariables(gateway)}) {
    for (const std::string& name : SecretNames(table)) variables.erase(name);
  }
  variables.erase("TOKEN");  // of command lines of 2024
  return variables;
}

}  // namespace hoop
