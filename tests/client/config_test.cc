#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "client/gateway_address.h"
#include "client/tls_config.h"
#include "hoop/client.h"
#include "tests/support/status_matchers.h"

namespace hoop {
namespace {

class ConfigFile : public ::testing::Test {
 protected:
  ConfigFile() {
    std::string pattern = ::testing::TempDir() + "/hoop-config-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    path_ = folder_ + "/.hoop/config.toml";
  }
  ~ConfigFile() override { std::filesystem::remove_all(folder_); }
  void Write(std::string_view text) {
    std::filesystem::create_directories(folder_ + "/.hoop");
    std::ofstream(path_) << text;
  }
  static unsigned Mode(const std::string& path) {
    struct stat info = {};
    ::stat(path.c_str(), &info);
    return info.st_mode & 0777;
  }

  std::string folder_;
  std::string path_;
};

TEST_F(ConfigFile, ComesBackAsItWasSaved) {
  const ClientConfig config{.token = "a\"b\\c\n\x01",
                            .api_url = "http://127.0.0.1:8009/base",
                            .grpc_url = "grpc://127.0.0.1:8010",
                            .tls_ca = "Zm9v",
                            .skip_tls_verify = true,
                            .audit_key = "YmFy"};
  ASSERT_OK(config.Save(path_));
  EXPECT_EQ(Mode(path_), 0600u);
  EXPECT_EQ(Mode(folder_ + "/.hoop"), 0700u);
  const auto loaded = ClientConfig::Load(path_);
  ASSERT_OK(loaded);
  EXPECT_EQ(loaded->token, config.token);
  EXPECT_EQ(loaded->api_url, config.api_url);
  EXPECT_EQ(loaded->grpc_url, config.grpc_url);
  EXPECT_EQ(loaded->tls_ca, config.tls_ca);
  EXPECT_TRUE(loaded->skip_tls_verify);
  EXPECT_EQ(loaded->audit_key, config.audit_key);
}

TEST_F(ConfigFile, IsReplacedAsAWhole) {
  Write("token = \"old\"\n");
  ASSERT_OK((ClientConfig{.token = "new"}).Save(path_));
  EXPECT_EQ(ClientConfig::Load(path_)->token, "new");
  size_t files = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder_ + "/.hoop")) ++files;
  EXPECT_EQ(files, 1u);
}

TEST_F(ConfigFile, KeepsWhatOthersWroteIntoIt) {
  Write("# mine\ntoken = \"old\"\n\nactive_profile = \"eu\"\nno setting\ntoken = \"twice\"\n[tunnel]\ntoken = \"t\"\n");
  ASSERT_OK((ClientConfig{.token = "new"}).Save(path_));
  std::ifstream file(path_);
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  EXPECT_EQ(text,
            "# mine\ntoken = \"new\"\n\nactive_profile = \"eu\"\napi_url = \"\"\ngrpc_url = \"\"\ntls_ca = \"\"\n"
            "skip_tls_verify = false\naudit_key = \"\"\n[tunnel]\ntoken = \"t\"\n");
  ASSERT_OK((ClientConfig{.token = "newer"}).Save(path_));
  EXPECT_EQ(ClientConfig::Load(path_)->token, "newer");
}

TEST_F(ConfigFile, ReadsWhatRealCommandLinesAndPeopleWrite) {
  Write(
      "# mine\r\ntoken=\"x-\\u00e4\\t\" # comment\n  api_url = 'http://h#1'\n\ngrpc_url = \"grpc://h:1\"\n"
      "skip_tls_verify = false\nnumber = 12\n[table]\ntoken = \"other\"\n");
  const auto config = ClientConfig::Load(path_);
  ASSERT_OK(config);
  EXPECT_EQ(config->token, "x-\xc3\xa4\t");
  EXPECT_EQ(config->api_url, "http://h#1");
  EXPECT_EQ(config->grpc_url, "grpc://h:1");
}

TEST_F(ConfigFile, EmptyIsAConfiguration) {
  Write("");
  EXPECT_OK(ClientConfig::Load(path_));
}

TEST_F(ConfigFile, NamesTheLineThatIsWrong) {
  for (const char* line : {"token", "token = x", "token = \"x", "token = \"x\" y", "token = \"\\q\"",
                           "token = \"\\u12\"", "token = \"\\ud800\"", "skip_tls_verify = yes"}) {
    Write(std::string("# one\n") + line + "\n");
    EXPECT_STATUS(ClientConfig::Load(path_), absl::StatusCode::kInvalidArgument, "config.toml:2: ");
  }
}

TEST_F(ConfigFile, MissingIsNotFound) {
  EXPECT_STATUS(ClientConfig::Load(path_), absl::StatusCode::kNotFound, "no such file");
}

TEST(GatewayAddress, TakesTlsFromTheScheme) {
  const std::pair<const char*, bool> cases[] = {
      {"grpc://h:1", false}, {"http://h:1/", false}, {"grpcs://h:1", true}, {"https://h:1", true}, {"h:1", true}};
  for (const auto& [text, tls] : cases) {
    const auto address = GatewayAddress::Parse(text);
    ASSERT_OK(address);
    EXPECT_EQ(address->tls, tls) << text;
    EXPECT_EQ(address->authority(), "h:1") << text;
  }
  EXPECT_EQ(GatewayAddress::Parse("grpc://[::1]:8010")->address.port, 8010);
}

TEST(GatewayAddress, RefusesWhatIsNone) {
  for (const char* text : {"", "h", "grpc://h", "grpc://:1", "ftp://h:1", "grpc://h:0", "grpc://h:70000"}) {
    EXPECT_STATUS(CheckGrpcUrl(text), absl::StatusCode::kInvalidArgument, "grpc_url");
  }
}

TEST(ApiUrl, LosesItsLastSlash) {
  EXPECT_EQ(NormalizeApiUrl("http://h:1/base/").value(), "http://h:1/base");
  for (const char* text : {"", "h:1", "ftp://h", "http://", "http://u:p@h", "http://h/?x", "http://h/#x"}) {
    EXPECT_STATUS(NormalizeApiUrl(text), absl::StatusCode::kInvalidArgument, "api_url");
  }
}

TEST(Client, RefusesConfigurationsItCannotUse) {
  const auto create = [](const std::string& grpc_url, const std::string& token) {
    return Client::Create({.config = {.token = token, .grpc_url = grpc_url}}).status();
  };
  EXPECT_OK(create("grpc://127.0.0.1:8010", "t"));
  EXPECT_STATUS(create("", "t"), absl::StatusCode::kFailedPrecondition, "no gateway is configured");
  EXPECT_STATUS(create("grpc://h:1", ""), absl::StatusCode::kUnauthenticated, "not signed in");
  EXPECT_STATUS(create("grpc://h:1", "a\nb"), absl::StatusCode::kInvalidArgument, "blank");
}

TEST(Client, RefusesTlsThatItCannotSpeak) {
  const auto create = [](ClientConfig config) {
    config.token = "t";
    config.grpc_url = "grpcs://h:1";
    return Client::Create({.config = std::move(config)}).status();
  };
  EXPECT_OK(create({.skip_tls_verify = true}));
  EXPECT_STATUS(create({.tls_ca = "?"}), absl::StatusCode::kInvalidArgument, "tls_ca: neither PEM nor base64");
  EXPECT_STATUS(create({.tls = {.ca = "x"}}), absl::StatusCode::kInvalidArgument, "TLS_CA: no certificate in PEM form");
  EXPECT_STATUS(create({.skip_tls_verify = true, .tls = {.certificate = "x"}}), absl::StatusCode::kInvalidArgument,
                "TLS_CLIENT_CERT: no certificate");
}

TEST(ClientConfig, WhatARunIsToldGoesBeforeTheFilesAuthorities) {
  ClientConfig config;
  config.SetAuthorities("-----BEGIN of the file");
  EXPECT_EQ(ConfiguredTls(config)->ca, "-----BEGIN of the file");
  config.tls.ca = "of this run";
  EXPECT_EQ(ConfiguredTls(config)->ca, "of this run");
}

TEST(EventJson, IsOneLineWithAllThatWasSaid) {
  EXPECT_EQ(EventJson({.kind = ClientEvent::Kind::kReady, .data = {{"host", "127.0.0.1"}, {"port", "5433"}}}),
            R"({"status":"ready","data":{"host":"127.0.0.1","port":"5433"}})");
  EXPECT_EQ(EventJson({.kind = ClientEvent::Kind::kError, .message = "a\nb", .exit_code = 1}),
            R"({"status":"error","message":"a\nb","exit_code":1})");
  EXPECT_NE(EventJson({.kind = ClientEvent::Kind::kCompleted, .data = {{"stdout", "\xff"}}}).find("\xef\xbf\xbd"),
            std::string::npos);
}

}  // namespace
}  // namespace hoop
