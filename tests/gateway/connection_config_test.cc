// Connections as operators declare them: what is refused, in whose words, and what comes into the store.
#include "gateway/connection_config.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/support/status_matchers.h"

namespace hoop {
namespace {

ConnectionConfig Shell() { return {.name = "shell", .type = "command-line", .agent = "prod", .command = {"bash"}}; }

absl::Status Made(const ConnectionConfig& config) {
  return MakeConnectionRow(config, "org", absl::UnixEpoch()).status();
}

void ExpectRefused(const ConnectionConfig& config, const std::string& words) {
  EXPECT_EQ(Made(config).ToString(), "INVALID_ARGUMENT: connection \"" + config.name + "\": " + words);
}

TEST(ConnectionConfig, NamesAreThoseOfRest) {
  const std::string words =
      "name: it must contain between 3 and 254 alphanumeric characters, it may include (-), (_) or (.) characters";
  for (const std::string& name :
       {std::string(), std::string("sh"), std::string("a--b"), std::string("a/b/c"), std::string(255, 'a')}) {
    ConnectionConfig config = Shell();
    config.name = name;
    ExpectRefused(config, words);
  }
  for (const std::string& name : {std::string("pg1"), std::string("a-b.c_d"), std::string(254, 'a')}) {
    ConnectionConfig config = Shell();
    config.name = name;
    EXPECT_OK(Made(config));
  }
}

TEST(ConnectionConfig, WhatRestRefusesIsRefused) {
  ConnectionConfig config = Shell();
  config.type = "nonsense";
  ExpectRefused(config, "type: nonsense is none");
  config = Shell();
  config.secrets = {{"HOST", "db"}};
  ExpectRefused(config, "secret HOST: the key is neither envvar:NAME nor filesystem:NAME");
  config = {.name = "lines",
            .type = "application",
            .subtype = "tcp",
            .agent = "prod",
            .secrets = {{"envvar:HOST", "db"}, {"envvar:PORT", "http"}}};
  ExpectRefused(config, "secret envvar:PORT: it is no port");
  config.secrets["envvar:PORT"] = "80";
  EXPECT_OK(Made(config));
  config.tags = {{"team", ""}};
  EXPECT_STATUS(Made(config), absl::StatusCode::kInvalidArgument, "connection \"lines\": connection_tags: ");
}

TEST(ConnectionConfig, ADeclarationIsWhole) {
  ConnectionConfig config = Shell();
  config.agent.clear();
  ExpectRefused(config, "agent is missing");
  config = Shell();
  config.command.clear();
  ExpectRefused(config, "command-line type must be at least one command");
  config = Shell();
  config.access_modes = {"connect", "fly"};
  ExpectRefused(config, "access mode fly is not known");
  config = Shell();
  config.groups = {{""}};
  ExpectRefused(config, "groups: a name has 1 to 180 printable characters");
  config = {.name = "orders", .type = "database", .subtype = "postgres", .agent = "prod"};
  config.secrets = {{"envvar:HOST", "db"}};
  ExpectRefused(config,
                "missing required secrets for type postgres [USER, PASS]; a server that asks for no password has an "
                "empty PASS");
  config.secrets = {{"envvar:HOST", ""}, {"envvar:USER", "app"}, {"envvar:PASS", ""}};
  ExpectRefused(config, "missing required secrets for type postgres [HOST]");
  config.secrets["envvar:HOST"] = "db";
  EXPECT_OK(Made(config));
}

TEST(ConnectionConfig, SecretsAreKeptAsRestKeepsThem) {
  ConnectionConfig config = Shell();
  config.secrets = {{"envvar:A", "b"}};
  const auto row = MakeConnectionRow(config, "org", absl::UnixEpoch());
  ASSERT_OK(row);
  EXPECT_EQ(row->secrets.at("envvar:A"), "Yg==");
}

}  // namespace
}  // namespace hoop
