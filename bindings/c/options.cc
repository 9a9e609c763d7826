#include "options.h"

#include <algorithm>
#include <charconv>
#include <string_view>

namespace hoop::c {
namespace {

absl::Status Wrong(std::string_view key, const char* why) {
  return Error(absl::StatusCode::kInvalidArgument, "option \"" + std::string(key) + "\": " + why);
}

absl::Status SetBool(std::string_view key, std::string_view value, bool& to) {
  if (value != "true" && value != "false") return Wrong(key, "neither true nor false");
  to = value == "true";
  return absl::OkStatus();
}

template <typename Number>
absl::Status SetNumber(std::string_view key, std::string_view value, Number& to) {
  Number number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error != std::errc() || end != value.data() + value.size()) return Wrong(key, "not a number");
  to = number;
  return absl::OkStatus();
}

absl::Status SetText(std::string_view value, std::string& to) {
  to = value;
  return absl::OkStatus();
}

absl::Status Unknown(std::string_view key, const char* kind) {
  return Wrong(key, (std::string(kind) + " have no such option").c_str());
}

// The part of "env.PATH" behind "env."; empty: the key is another one.
std::string_view After(std::string_view prefix, std::string_view key) {
  return key.starts_with(prefix) ? key.substr(prefix.size()) : std::string_view();
}

absl::Status Set(AgentOptions& options, std::string_view key, std::string_view value) {
  const std::pair<std::string_view, std::string*> texts[] = {{"key", &options.key},
                                                             {"tls_ca", &options.tls.ca},
                                                             {"tls_server_name", &options.tls.server_name},
                                                             {"tls_certificate", &options.tls.certificate},
                                                             {"tls_key", &options.tls.key},
                                                             {"version", &options.version},
                                                             {"runtime_dir", &options.runtime_dir}};
  for (const auto& [name, to] : texts) {
    if (key == name) return SetText(value, *to);
  }
  if (key == "require_verified_tls") return SetBool(key, value, options.require_verified_tls);
  if (key == "warden") {
    options.warden_command = {std::string(value), "warden"};
    return absl::OkStatus();
  }
  if (const std::string_view name = After("env.", key); !name.empty()) {
    return SetText(value, options.environment[std::string(name)]);
  }
  return Unknown(key, "agents");
}

absl::Status SetClientAuth(std::string_view key, std::string_view value, GatewayTls& tls) {
  if (value == "off") {
    tls.client_auth = GatewayTls::ClientAuth::kOff;
  } else if (value == "optional") {
    tls.client_auth = GatewayTls::ClientAuth::kOptional;
  } else if (value == "agents") {
    tls.client_auth = GatewayTls::ClientAuth::kAgents;
  } else {
    return Wrong(key, "none of off, optional, agents");
  }
  return absl::OkStatus();
}

absl::Status SetTls(std::optional<GatewayTls>& tls, std::string_view key, std::string_view value) {
  GatewayTls changed = tls.value_or(GatewayTls());
  absl::Status status;
  if (key == "tls_certificate") {
    changed.certificate = value;
  } else if (key == "tls_key") {
    changed.key = value;
  } else if (key == "tls_client_ca") {
    changed.client_ca = value;
  } else if (key == "tls_client_auth") {
    status = SetClientAuth(key, value, changed);
  } else {
    return Unknown(key, "gateways");
  }
  if (status.ok()) tls = std::move(changed);
  return status;
}

absl::Status Set(GatewayOptions& options, std::string_view key, std::string_view value) {
  const std::pair<std::string_view, std::string*> texts[] = {
      {"data_dir", &options.data_dir},       {"postgres_db_uri", &options.postgres_db_uri},
      {"secrets_key", &options.secrets_key}, {"journal_dir", &options.journal_dir},
      {"http_listen", &options.http_listen}, {"grpc_listen", &options.grpc_listen},
      {"api_url", &options.api_url},         {"grpc_url", &options.grpc_url},
      {"admin_group", &options.admin_group}, {"version", &options.version}};
  for (const auto& [name, to] : texts) {
    if (key == name) return SetText(value, *to);
  }
  if (key == "log_requests") return SetBool(key, value, options.log_requests);
  if (key == "log_calls") return SetNumber(key, value, options.log_calls);
  if (key == "allow_plaintext") return SetBool(key, value, options.allow_plaintext);
  if (key == "journal_bytes_max") return SetNumber(key, value, options.journal_bytes_max);
  if (key == "journal_segment_bytes") return SetNumber(key, value, options.journal_segment_bytes);
  return SetTls(options.tls, key, value);
}

absl::Status SetCommandWord(std::string_view key, std::string_view index, std::string_view value,
                            std::vector<std::string>& command) {
  size_t number = 0;
  if (const absl::Status status = SetNumber(key, index, number); !status.ok()) return status;
  if (number > command.size()) return Wrong(key, "the words before it are missing");
  if (number == command.size()) command.emplace_back();
  command[number] = value;
  return absl::OkStatus();
}

absl::Status Set(ConnectionConfig& config, std::string_view key, std::string_view value) {
  if (key == "name") return SetText(value, config.name);
  if (key == "type") return SetText(value, config.type);
  if (key == "subtype") return SetText(value, config.subtype);
  if (key == "agent") return SetText(value, config.agent);
  if (key == "overwrite") return SetBool(key, value, config.overwrite);
  if (key == "record") {
    if (value != "durable" && value != "buffered") return Wrong(key, "neither durable nor buffered");
    config.record = value == "durable" ? RecordPolicy::kDurable : RecordPolicy::kBuffered;
    return absl::OkStatus();
  }
  if (key == "access_modes") {
    config.access_modes.clear();
    while (!value.empty()) {
      config.access_modes.emplace_back(value.substr(0, value.find(',')));
      value.remove_prefix(std::min(value.size(), config.access_modes.back().size() + 1));
    }
    return absl::OkStatus();
  }
  if (const std::string_view index = After("command.", key); !index.empty()) {
    return SetCommandWord(key, index, value, config.command);
  }
  if (const std::string_view name = After("tag.", key); !name.empty()) {
    return SetText(value, config.tags[std::string(name)]);
  }
  if (!After("envvar:", key).empty() || !After("filesystem:", key).empty()) {
    return SetText(value, config.secrets[std::string(key)]);
  }
  return Unknown(key, "connections");
}

}  // namespace
}  // namespace hoop::c

using hoop::c::Error;
using hoop::c::Guard;
using hoop::c::Need;

hoop_options* hoop_options_create(const char* kind) {
  hoop_options* options = nullptr;
  Guard(nullptr, [&]() -> absl::Status {
    if (const absl::Status status = Need(kind, "kind"); !status.ok()) return status;
    const std::string_view text = kind;
    if (text == "agent") {
      options = new hoop_options{.values = hoop::AgentOptions()};
    } else if (text == "gateway") {
      options = new hoop_options{.values = hoop::GatewayOptions()};
    } else if (text == "connection") {
      options = new hoop_options{.values = hoop::ConnectionConfig()};
    }
    return absl::OkStatus();
  });
  return options;
}

void hoop_options_destroy(hoop_options* options) { delete options; }

int32_t hoop_options_set(hoop_options* options, const char* key, const char* value, hoop_error** error) {
  return Guard(error, [&]() -> absl::Status {
    if (const absl::Status status = Need(options, "options", key, "key", value, "value"); !status.ok()) return status;
    const absl::Status status =
        std::visit([&](auto& values) { return hoop::c::Set(values, key, value); }, options->values);
    if (status.ok() && std::string_view(key) == "tls_client_auth") options->says_client_auth = true;
    return status;
  });
}

int32_t hoop_options_set_log(hoop_options* options, int32_t lowest, hoop_log_fn log, void* user_data,
                             void (*destroy)(void* user_data), hoop_error** error) {
  return Guard(error, [&]() -> absl::Status {
    if (const absl::Status status = Need(options, "options", reinterpret_cast<const void*>(log), "log"); !status.ok()) {
      return status;
    }
    if (std::holds_alternative<hoop::ConnectionConfig>(options->values)) {
      return Error(absl::StatusCode::kFailedPrecondition, "a connection has no log");
    }
    if (lowest < HOOP_LOG_DEBUG || lowest > HOOP_LOG_ERROR) {
      return Error(absl::StatusCode::kInvalidArgument, "lowest: no such level");
    }
    options->log = std::make_shared<hoop::c::CallbackLog>(lowest, log, user_data, destroy);
    return absl::OkStatus();
  });
}

int32_t hoop_options_set_verifier(hoop_options* options, hoop_verify_fn verify, void* user_data,
                                  void (*destroy)(void* user_data), hoop_error** error) {
  return Guard(error, [&]() -> absl::Status {
    const absl::Status status = Need(options, "options", reinterpret_cast<const void*>(verify), "verify");
    if (!status.ok()) return status;
    if (!std::holds_alternative<hoop::GatewayOptions>(options->values)) {
      return Error(absl::StatusCode::kFailedPrecondition, "only a gateway verifies tokens");
    }
    options->verifier = std::make_shared<hoop::c::CallbackVerifier>(verify, user_data, destroy);
    return absl::OkStatus();
  });
}

int32_t hoop_options_serve(hoop_options* options, const char* service, hoop_open_fn open, void* user_data,
                           void (*destroy)(void* user_data), hoop_error** error) {
  return Guard(error, [&]() -> absl::Status {
    const absl::Status status =
        Need(options, "options", service, "service", reinterpret_cast<const void*>(open), "open");
    if (!status.ok()) return status;
    if (!std::holds_alternative<hoop::AgentOptions>(options->values)) {
      return Error(absl::StatusCode::kFailedPrecondition, "only an agent serves connections");
    }
    if (*service == '\0') return Error(absl::StatusCode::kInvalidArgument, "service: a name is needed");
    if (options->services.contains(service)) {
      return Error(absl::StatusCode::kAlreadyExists, "service \"" + std::string(service) + "\" is served already");
    }
    options->services[service] = std::make_shared<hoop::c::CallbackService>(open, user_data, destroy);
    return absl::OkStatus();
  });
}
