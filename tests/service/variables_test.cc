#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "tests/support/temp_folder.h"
#include "tools/service/agent_settings.h"
#include "tools/service/gateway_settings.h"
#include "tools/service/values.h"

namespace hoop {
namespace {

constexpr char kPage[] = HOOP_TEST_VECTORS "/../../docs/environment.md";
constexpr char kCanary[] = "canary-7c1e";

std::string Text(const absl::Status& status) { return std::string(status.message()); }

// What the gateway's start says of this environment.
std::string GatewayRefusal(const Environment& environment) {
  GatewaySettings settings;
  return Text(ReadGatewaySettings(environment, settings));
}

TEST(Variables, ThePageHoldsBothTables) {
  GatewaySettings gateway;
  AgentSettings agent;
  std::ifstream file(kPage);
  const std::string page(std::istreambuf_iterator<char>(file), {});
  for (const std::string& table : {MarkdownTable(GatewayVariables(gateway)), MarkdownTable(AgentVariables(agent))}) {
    EXPECT_NE(page.find(table), std::string::npos) << "docs/environment.md should hold:\n" << table;
  }
}

TEST(Variables, EachIsFilledInAndNamedOnce) {
  GatewaySettings gateway;
  AgentSettings agent;
  for (const Variables& table : {GatewayVariables(gateway), AgentVariables(agent)}) {
    std::set<std::string> names;
    for (const Variable& variable : table) {
      EXPECT_TRUE(names.insert(variable.name).second) << variable.name;
      for (const std::string& name : variable.old_names) EXPECT_TRUE(names.insert(name).second) << name;
      EXPECT_FALSE(variable.form.empty() || variable.meaning.empty()) << variable.name;
      EXPECT_TRUE(variable.store) << variable.name;
    }
  }
}

TEST(Variables, NoRefusalShowsASecret) {
  GatewaySettings gateway;
  AgentSettings agent;
  for (const Variables& table : {GatewayVariables(gateway), AgentVariables(agent)}) {
    for (const Variable& variable : table) {
      if (!variable.is_secret) continue;
      for (const std::string& value : {std::string(kCanary), "base64://" + std::string(kCanary)}) {
        EXPECT_EQ(Text(variable.store(variable.name, value)).find(kCanary), std::string::npos) << variable.name;
      }
    }
  }
  EXPECT_EQ(GatewayRefusal({{"TLS_KEY", kCanary}}).find(kCanary), std::string::npos);
  EXPECT_EQ(GatewayRefusal({{"API_URL", "https://me:" + std::string(kCanary) + "@x"}}).find(kCanary),
            std::string::npos);
}

TEST(Variables, AnAgentHandsNoSecretToItsConnections) {
  Environment environment = {{"HOOP_KEY", "k"}, {"HOOP_DSN", "d"}, {"HOOP_TOKEN", "t"}, {"TOKEN", "t"},
                             {"TLS_KEY", "p"},  {"PATH", "/bin"},  {"REGION", "eu"},    {"HOOP_CONFIG", "c"}};
  AgentSettings settings;
  ASSERT_TRUE(ReadAgentSettings(environment, settings).ok());
  EXPECT_EQ(settings.options.environment, (std::map<std::string, std::string>{{"PATH", "/bin"}, {"REGION", "eu"}}));
}

TEST(Variables, GatewayTakesWhatIsSet) {
  GatewaySettings settings;
  const absl::Status status = ReadGatewaySettings({{"HOOP_DATA_DIR", "/d"},
                                                   {"PLUGIN_AUDIT_PATH", "/j"},
                                                   {"PORT", "80"},
                                                   {"HOOP_GRPC_LISTEN", "[::1]:0"},
                                                   {"API_URL", "https://gw.example.com:8443/hoop/"},
                                                   {"GRPC_URL", "grpcs://gw.example.com:8444"},
                                                   {"HOOP_JOURNAL_BYTES_MAX", "16MiB"},
                                                   {"ADMIN_USERNAME", "root"},
                                                   {"GATEWAY_ALLOW_PLAINTEXT", "true"},
                                                   {"HOOP_SHUTDOWN_DEADLINE", "1m30s"},
                                                   {"LOG_ENCODING", "JSON"},
                                                   {"LOG_LEVEL", "WARN"},
                                                   {"LOG_GRPC", "2"},
                                                   {"GIN_MODE", "debug"},
                                                   {"IDP_ISSUER", "https://idp"}},
                                                  settings);
  ASSERT_TRUE(status.ok()) << status;
  const GatewayOptions& options = settings.options;
  EXPECT_EQ(options.data_dir, "/d");
  EXPECT_EQ(options.journal_dir, "/j");
  EXPECT_EQ(options.http_listen, "0.0.0.0:80");
  EXPECT_EQ(options.grpc_listen, "[::1]:0");
  EXPECT_EQ(options.api_url, "https://gw.example.com:8443/hoop");
  EXPECT_EQ(options.grpc_url, "grpcs://gw.example.com:8444");
  EXPECT_EQ(options.journal_bytes_max, 16u << 20);
  EXPECT_EQ(options.journal_segment_bytes, 2u << 20);
  EXPECT_EQ(options.admin_group, "root");
  EXPECT_TRUE(options.allow_plaintext);
  EXPECT_TRUE(options.log_requests);
  EXPECT_EQ(options.log_calls, 2);
  EXPECT_EQ(settings.shutdown_deadline, absl::Seconds(90));
  EXPECT_EQ(settings.log.level, LogLevel::kWarning);
  EXPECT_EQ(settings.log.encoding, LogEncoding::kJson);
  EXPECT_EQ(settings.notes,
            std::vector<std::string>{"IDP_ISSUER is not used: people sign in with accounts of this gateway"});
}

TEST(Variables, AnAddressWinsOverThePort) {
  GatewaySettings settings;
  ASSERT_TRUE(ReadGatewaySettings({{"PORT", "80"}, {"HOOP_HTTP_LISTEN", "127.0.0.1:81"}}, settings).ok());
  EXPECT_EQ(settings.options.http_listen, "127.0.0.1:81");
}

TEST(Variables, AnEmptyValueIsNotSet) {
  GatewaySettings settings;
  ASSERT_TRUE(ReadGatewaySettings({{"PORT", ""}, {"LOG_LEVEL", ""}, {"API_URL", ""}}, settings).ok());
  EXPECT_EQ(settings.options.http_listen, "0.0.0.0:8009");
}

TEST(Variables, OneLineNamesTheWrongOne) {
  const struct {
    const char* name;
    const char* value;
    const char* refusal;
  } rows[] = {
      {"PORT", "eighty", "PORT: eighty is no port"},
      {"PORT", "65536", "PORT: 65536 is no port"},
      {"HOOP_HTTP_LISTEN", "8009", "HOOP_HTTP_LISTEN: 8009 is no address like 0.0.0.0:8009"},
      {"HOOP_GRPC_LISTEN", "::1:8010", "HOOP_GRPC_LISTEN: ::1:8010 is no address like 0.0.0.0:8009"},
      {"API_URL", "gw.example.com", "API_URL: does not begin with http:// or https://"},
      {"API_URL", "https://", "API_URL: https:// names no host"},
      {"API_URL", "https://gw:x/hoop", "API_URL: https://gw:x/hoop has no port from 0 to 65535"},
      {"API_URL", "https://gw/?a=b", "API_URL: user, query, fragment and spaces do not belong there"},
      {"GRPC_URL", "grpc://gw", "GRPC_URL: grpc://gw has no port from 0 to 65535"},
      {"HOOP_JOURNAL_BYTES_MAX", "4G", "HOOP_JOURNAL_BYTES_MAX: 4G is no size like 512MiB or 4GiB"},
      {"HOOP_JOURNAL_BYTES_MAX", "1MiB", "HOOP_JOURNAL_BYTES_MAX: 1MiB is too small, 8388608 bytes are needed"},
      {"GATEWAY_ALLOW_PLAINTEXT", "yes", "GATEWAY_ALLOW_PLAINTEXT: yes is neither true nor false"},
      {"HOOP_SHUTDOWN_DEADLINE", "10", "HOOP_SHUTDOWN_DEADLINE: 10 is no time like 90d, 12h or 30s"},
      {"HOOP_SHUTDOWN_DEADLINE", "0s", "HOOP_SHUTDOWN_DEADLINE: 0s has to be longer than nothing"},
      {"LOG_LEVEL", "loud", "LOG_LEVEL: loud is none of debug, info, warn, error, trace, warning"},
      {"LOG_ENCODING", "xml", "LOG_ENCODING: xml is none of json, console, human, verbose"},
      {"LOG_GRPC", "3", "LOG_GRPC: 3 is none of 0, 1, 2"},
      {"GIN_MODE", "quiet", "GIN_MODE: quiet is none of debug, release, test"},
      {"TLS_CLIENT_AUTH", "never", "TLS_CLIENT_AUTH: never is none of off, optional, agents"},
      {"TLS_KEY", "file:///nowhere", "TLS_KEY: /nowhere: No such file or directory"},
  };
  for (const auto& row : rows) EXPECT_EQ(GatewayRefusal({{row.name, row.value}}), row.refusal);
}

TEST(Variables, AnAgentNeedsAKey) {
  AgentSettings settings;
  EXPECT_EQ(Text(ReadAgentSettings({}, settings)),
            "missing HOOP_KEY environment variable: the key of this agent; `hoop admin create agent NAME` prints one");
  EXPECT_EQ(Text(ReadAgentSettings({{"HOOP_KEY", "file:///nowhere"}}, settings)),
            "HOOP_KEY: /nowhere: No such file or directory");
}

TEST(Variables, AnAgentKnowsTheOldNames) {
  AgentSettings settings;
  ASSERT_TRUE(ReadAgentSettings({{"HOOP_DSN", "d"}, {"HOOP_TLSSERVERNAME", "gw"}}, settings).ok());
  EXPECT_EQ(settings.options.key, "d");
  EXPECT_EQ(settings.options.tls.server_name, "gw");
  EXPECT_EQ(settings.notes, std::vector<std::string>{"HOOP_DSN is deprecated, use HOOP_KEY"});
}

TEST(Variables, TheNewNameWinsOverTheOldOne) {
  AgentSettings settings;
  ASSERT_TRUE(ReadAgentSettings({{"HOOP_KEY", "new"}, {"HOOP_DSN", "old"}}, settings).ok());
  EXPECT_EQ(settings.options.key, "new");
}

TEST(Variables, ASecretMayLieInAFile) {
  testing::TempFolder folder;
  const std::string path = folder.path() + "/key";
  const auto read = [&path](const std::string& content) {
    std::ofstream(path) << content;
    AgentSettings settings;
    const absl::Status status = ReadAgentSettings({{"HOOP_KEY", "file://" + path}}, settings);
    return status.ok() ? settings.options.key : Text(status);
  };
  EXPECT_EQ(read("k\r\n\n"), "k");
  EXPECT_EQ(read(std::string(65536, 'k')), std::string(65536, 'k'));
  EXPECT_EQ(read(std::string(65537, 'k')), "HOOP_KEY: " + path + ": longer than 65536 bytes");
  EXPECT_EQ(read("\n"), "HOOP_KEY: " + path + ": is empty");
}

TEST(Variables, OnlyAMisspeltNameIsUnknown) {
  GatewaySettings gateway;
  AgentSettings agent;
  const Environment environment = {{"HOOP_DATADIR", ""}, {"HOOP_DATA_DIR", ""}, {"HOOP_KEY", ""},
                                   {"HOOP_TOKEN", ""},   {"HOOP_TLSCA", ""},    {"PATH", ""}};
  EXPECT_EQ(UnknownNames(environment, {GatewayVariables(gateway), AgentVariables(agent)}),
            std::vector<std::string>{"HOOP_DATADIR"});
}

TEST(Values, DurationsAddUp) {
  EXPECT_EQ(ParseDurationText("90d").value(), absl::Hours(90 * 24));
  EXPECT_EQ(ParseDurationText("1h30m").value(), absl::Minutes(90));
  EXPECT_EQ(ParseDurationText("250ms").value(), absl::Milliseconds(250));
  for (const char* text : {"", "d", "1", "1x", "-1s", "1s ", "99999999999s", "1.5h"}) {
    EXPECT_FALSE(ParseDurationText(text).ok()) << text;
  }
}

TEST(Values, SizesHaveBinaryUnits) {
  EXPECT_EQ(ParseBytesText("512").value(), 512u);
  EXPECT_EQ(ParseBytesText("4GiB").value(), 4ull << 30);
  for (const char* text : {"", "GiB", "1GB", "-1", "99999999999999TiB"})
    EXPECT_FALSE(ParseBytesText(text).ok()) << text;
}

}  // namespace
}  // namespace hoop
