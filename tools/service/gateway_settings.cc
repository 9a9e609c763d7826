#include "tools/service/gateway_settings.h"

#include <fmt/format.h>
#include <unistd.h>

#include "tools/service/values.h"

namespace hoop {
namespace {

constexpr uint64_t kJournalBytesLeast = 8u << 20;

std::string ValueOf(const Environment& environment, std::string_view name) {
  const auto found = environment.find(name);
  return found == environment.end() ? "" : found->second;
}

// Nowhere is /tmp good enough for keys and records.
absl::StatusOr<std::string> DefaultDataDir(const Environment& environment) {
  if (::geteuid() == 0) return "/var/lib/hoop";
  if (const std::string state = ValueOf(environment, "XDG_STATE_HOME"); state.starts_with('/')) return state + "/hoop";
  if (const std::string home = ValueOf(environment, "HOME"); home.starts_with('/')) return home + "/.local/state/hoop";
  return absl::InvalidArgumentError("HOOP_DATA_DIR: is not set, and there is no home folder to put data into");
}

std::string DefaultJournalDir() {
  const std::string usual = "/opt/hoop/sessions";
  return ::access(usual.c_str(), W_OK) == 0 ? usual : "";
}

// Variables of the real gateway for what this one does not have: said, because something else was hoped for.
void AddUnserved(Variables& variables, GatewaySettings& to) {
  const struct {
    const char* name;
    const char* note;
    bool is_secret = false;
  } rows[] = {
      {"IDP_ISSUER", "people sign in with accounts of this gateway"},
      {"IDP_CLIENT_ID", "as IDP_ISSUER"},
      {"IDP_CLIENT_SECRET", "as IDP_ISSUER", true},
      {"IDP_URI", "as IDP_ISSUER", true},
      {"ORG_MULTI_TENANT", "there is one organization"},
      {"STATIC_UI_PATH", "there is no web application"},
      {"PLUGIN_INDEX_PATH", "there is no index of sessions' content"},
      {"GOOGLE_APPLICATION_CREDENTIALS_JSON", "data are not masked", true},
      {"WEBHOOK_APPKEY", "there are no webhooks", true},
  };
  for (const auto& row : rows) {
    const std::string note = row.note;
    variables.push_back({.name = row.name,
                         .form = "-",
                         .otherwise = "",
                         .meaning = "not used: " + note + "; the log says so",
                         .is_secret = row.is_secret,
                         .store = [&to, note](const std::string& set_as, const std::string&) {
                           to.notes.push_back(fmt::format("{} is not used: {}", set_as, note));
                           return absl::OkStatus();
                         }});
  }
}

void AddAddresses(Variables& variables, GatewaySettings& to) {
  GatewayOptions& options = to.options;
  variables.push_back({.name = "PORT",
                       .form = "number",
                       .otherwise = "8009",
                       .meaning = "the port of the API, on all IPv4 addresses; 0: any free one",
                       .store = [&to](const std::string& set_as, const std::string& value) {
                         std::string address;
                         if (!StoreAddress(address)(set_as, "0.0.0.0:" + value).ok()) {
                           return absl::InvalidArgumentError(fmt::format("{}: {} is no port", set_as, value));
                         }
                         to.options.http_listen = address;
                         return absl::OkStatus();
                       }});
  variables.push_back({.name = "HOOP_HTTP_LISTEN",
                       .form = "address:port",
                       .otherwise = "0.0.0.0:PORT",
                       .meaning = "where the API listens; wins over PORT. IPv6 in brackets: [::]:8009",
                       .store = StoreAddress(options.http_listen)});
  variables.push_back({.name = "HOOP_GRPC_LISTEN",
                       .form = "address:port",
                       .otherwise = "0.0.0.0:8010",
                       .meaning = "where agents and clients are listened for",
                       .store = StoreAddress(options.grpc_listen)});
  variables.push_back({.name = "API_URL",
                       .form = "URL",
                       .otherwise = "http://127.0.0.1:<port>, https with TLS_KEY",
                       .meaning = "the address of the API as users see it; its path is the API's base path",
                       .store = StoreUrl(options.api_url, {"http", "https"}, false)});
  variables.push_back({.name = "GRPC_URL",
                       .form = "URL",
                       .otherwise = "grpc:// (grpcs:// with TLS_KEY), the host of API_URL, the gRPC port",
                       .meaning = "the address that agents' keys and clients get",
                       .store = StoreUrl(options.grpc_url, {"grpc", "grpcs", "http", "https", "wss"}, true)});
}

void AddTls(Variables& variables, GatewaySettings& to) {
  using ClientAuth = GatewayTls::ClientAuth;
  const std::string form = "PEM, base64 of PEM, file://path";
  variables.push_back({.name = "TLS_KEY",
                       .form = form,
                       .otherwise = "no TLS",
                       .meaning = "private key without a passphrase: both listeners speak TLS (docs/tls.md)",
                       .is_secret = true,
                       .store = StoreText(to.tls.key)});
  variables.push_back({.name = "TLS_CERT",
                       .form = form,
                       .otherwise = "no TLS",
                       .meaning = "the certificate of TLS_KEY, followed by the rest of its chain",
                       .store = StoreText(to.tls.certificate)});
  variables.push_back({.name = "TLS_CA",
                       .form = form,
                       .otherwise = "none",
                       .meaning = "who signs the certificates of agents and users",
                       .store = StoreText(to.tls.client_ca)});
  variables.push_back(
      {.name = "TLS_CLIENT_AUTH",
       .form = "off | optional | agents",
       .otherwise = "optional with TLS_CA, else off",
       .meaning = "who has to show a certificate of TLS_CA",
       .store = StoreChoice<std::optional<ClientAuth>>(
           to.tls.client_auth,
           {{"off", ClientAuth::kOff}, {"optional", ClientAuth::kOptional}, {"agents", ClientAuth::kAgents}})});
  variables.push_back({.name = "GATEWAY_ALLOW_PLAINTEXT",
                       .form = "true | false",
                       .otherwise = "false",
                       .meaning = "plain HTTP for everybody although there is TLS_KEY; else for this machine only",
                       .store = StoreBool(to.options.allow_plaintext)});
}

}  // namespace

Variables GatewayVariables(GatewaySettings& to) {
  Variables variables;
  variables.push_back({.name = "HOOP_DATA_DIR",
                       .form = "folder",
                       .otherwise = "/var/lib/hoop as root, else $XDG_STATE_HOME/hoop or ~/.local/state/hoop",
                       .meaning = "database, keys, set-up token; made with mode 0700",
                       .store = StoreText(to.options.data_dir)});
  variables.push_back(
      {.name = "POSTGRES_DB_URI",
       .form = "postgres://..., file://path",
       .otherwise = "SQLite, <data>/hoop.db",
       .meaning = "the database (docs/store.md); special characters of the password are percent-encoded",
       .is_secret = true,
       .store = StoreTextOrFile(to.options.postgres_db_uri)});
  variables.push_back({.name = "HOOP_SECRETS_KEY",
                       .form = "base64 of 32 bytes, file://path, phrase",
                       .otherwise = "<data>/secrets.key, made when it is missing",
                       .meaning = "encrypts the secrets of connections in the database (docs/store.md)",
                       .is_secret = true,
                       .store = StoreTextOrFile(to.options.secrets_key)});
  variables.push_back({.name = "HOOP_SECRETS_KEY_NEW",
                       .form = "as HOOP_SECRETS_KEY",
                       .otherwise = "a new <data>/secrets.key",
                       .meaning = "what `hoop-gateway reencrypt-secrets` encrypts them with",
                       .is_secret = true,
                       .store = StoreTextOrFile(to.new_secrets_key)});
  variables.push_back({.name = "PLUGIN_AUDIT_PATH",
                       .form = "folder",
                       .otherwise = "<data>/journal; /opt/hoop/sessions where that is there and can be written",
                       .meaning = "the journal that every session's bytes enter before they are forwarded",
                       .store = StoreText(to.options.journal_dir)});
  variables.push_back({.name = "HOOP_JOURNAL_BYTES_MAX",
                       .form = "size",
                       .otherwise = "4GiB",
                       .meaning = "how much disk the journal may take while the database does not take it over",
                       .store = StoreBytes(to.options.journal_bytes_max, kJournalBytesLeast)});
  AddAddresses(variables, to);
  AddTls(variables, to);
  variables.push_back({.name = "ADMIN_USERNAME",
                       .form = "group",
                       .otherwise = "admin",
                       .meaning = "the group whose members are administrators",
                       .store = StoreText(to.options.admin_group)});
  variables.push_back({.name = "HOOP_SESSION_RETENTION",
                       .form = "time",
                       .otherwise = "sessions stay",
                       .meaning = "how long after its end a session is kept, with its record: 90d",
                       .store = StoreDuration(to.options.session_retention)});
  variables.push_back({.name = "HOOP_EXEC_WAIT",
                       .form = "time",
                       .otherwise = "50s",
                       .meaning = "how long POST /sessions waits for its command before it answers 202",
                       .store = StoreDuration(to.options.exec_wait)});
  variables.push_back({.name = "HOOP_SHUTDOWN_DEADLINE",
                       .form = "time",
                       .otherwise = "10s",
                       .meaning = "how long TERM waits for sessions to be told and records to be sealed",
                       .store = StoreDuration(to.shutdown_deadline)});
  AddLogVariables(variables, to.log,
                  "1: a line for each gRPC call; 2: with the names of its headers, never their values");
  variables.push_back(
      {.name = "GIN_MODE",
       .form = "debug | release | test",
       .otherwise = "release",
       .meaning = "debug: a line for each HTTP request",
       .store = StoreChoice<bool>(to.options.log_requests, {{"debug", true}, {"release", false}, {"test", false}})});
  AddUnserved(variables, to);
  return variables;
}

const OptionNames& GatewayOptionNames() {
  static const OptionNames kNames = {{"data_dir", "HOOP_DATA_DIR"},
                                     {"journal_dir", "PLUGIN_AUDIT_PATH"},
                                     {"http_listen", "HOOP_HTTP_LISTEN"},
                                     {"grpc_listen", "HOOP_GRPC_LISTEN"}};
  return kNames;
}

absl::Status ReadGatewaySettings(const Environment& environment, GatewaySettings& settings) {
  GatewayOptions& options = settings.options;
  if (absl::Status status = ReadVariables(GatewayVariables(settings), environment); !status.ok()) return status;
  if (options.data_dir.empty()) {
    auto data_dir = DefaultDataDir(environment);
    if (!data_dir.ok()) return data_dir.status();
    options.data_dir = *std::move(data_dir);
  }
  if (options.journal_dir.empty()) options.journal_dir = DefaultJournalDir();
  // Segments small enough that a small journal has a few of them.
  constexpr uint64_t kSegmentsLeast = 8;
  options.journal_segment_bytes =
      std::min<uint64_t>(options.journal_segment_bytes, options.journal_bytes_max / kSegmentsLeast);
  options.log_calls = settings.log.grpc;
  auto tls = TlsFiles(settings.tls).Read();
  if (!tls.ok()) return tls.status();
  options.tls = *std::move(tls);
  return absl::OkStatus();
}

}  // namespace hoop
