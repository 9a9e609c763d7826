#include "base/agent_dsn.h"

#include <gtest/gtest.h>

#include "base/limits/identity.h"
#include "tests/support/status_matchers.h"

namespace hoop {
namespace {

const std::string kKey = "xagt-" + std::string(43, 'k');
const std::string kOldPath = "/" + std::string(64, 'a');

TEST(AgentDsn, NamesAllParts) {
  auto dsn = ParseAgentDsn("grpcs://agent-1:" + kKey + "@gw.example.test:8443?mode=standard");
  ASSERT_OK(dsn);
  EXPECT_EQ(dsn->scheme, "grpcs");
  EXPECT_EQ(dsn->name, "agent-1");
  EXPECT_EQ(dsn->key, kKey);
  EXPECT_EQ(dsn->address, "gw.example.test:8443");
  EXPECT_EQ(dsn->mode, "standard");
  EXPECT_FALSE(dsn->is_old_form);
  EXPECT_TRUE(dsn->IsTls());
}

TEST(AgentDsn, ReadsEveryFormOfBothEras) {
  struct Case {
    std::string text, name, address, mode;
    bool tls;
  };
  const Case cases[] = {
      {"grpc://ag-gold:" + kKey + "@127.0.0.1:28010?mode=standard", "ag-gold", "127.0.0.1:28010", "standard", false},
      {"http://a:" + kKey + "@h:80?mode=embedded", "a", "h:80", "embedded", false},
      {"https://a:" + kKey + "@h:443?mode=embedded&v2=true", "a", "h:443", "embedded", true},
      {"https://a:" + kKey + "@h:443?v2=true&mode=embedded", "a", "h:443", "embedded", true},
      {"wss://a:" + kKey + "@h:443", "a", "h:443", "", true},
      {"grpc://_default:" + kKey + "@h:8010", "_default", "h:8010", "", false},
      {"grpc://a:" + kKey + "@h:8010?mode=multi-connection", "a", "h:8010", "multi-connection", false},
      {"grpc://a:" + kKey + "@h:8010?mode=", "a", "h:8010", "", false},
      {"grpc://a:" + kKey + "@h:8010/?mode=standard", "a", "h:8010", "standard", false},
      {"grpc://a:" + kKey + "@h:8010?mode=standard&mode=embedded", "a", "h:8010", "standard", false},
      {"grpc://a:" + kKey + "@[::1]:8010?mode=standard", "a", "[::1]:8010", "standard", false},
      {"grpc://a:" + kKey + "@h:?mode=standard", "a", "h:", "standard", false},  // parses; nobody can dial it
  };
  for (const Case& c : cases) {
    auto dsn = ParseAgentDsn(c.text);
    ASSERT_OK(dsn);
    EXPECT_EQ(dsn->name, c.name) << c.text;
    EXPECT_EQ(dsn->key, kKey) << c.text;
    EXPECT_EQ(dsn->address, c.address) << c.text;
    EXPECT_EQ(dsn->mode, c.mode) << c.text;
    EXPECT_EQ(dsn->IsTls(), c.tls) << c.text;
    EXPECT_FALSE(dsn->is_old_form) << c.text;
  }
}

TEST(AgentDsn, TheKeyOfTheOldFormIsAllOfIt) {
  const std::string text = "grpc://gw.example.test:8443" + kOldPath;
  auto dsn = ParseAgentDsn(text);
  ASSERT_OK(dsn);
  EXPECT_TRUE(dsn->is_old_form);
  EXPECT_EQ(dsn->key, text);
  EXPECT_EQ(dsn->name, "");
  EXPECT_EQ(dsn->mode, "embedded");
  EXPECT_EQ(dsn->address, "gw.example.test:8443");
}

TEST(AgentDsn, RefusesWhatIsNoDsn) {
  const std::pair<std::string, const char*> cases[] = {
      {"", "dsn is empty"},
      {"nonsense", "not a key of a gateway: one is <scheme>"},
      {"tcp://a:" + kKey + "@h:1", "unknown scheme"},
      {"GRPC://a:" + kKey + "@h:1", "unknown scheme"},
      {"grpc://h:8010", "secret key not found in dsn: one is <scheme>://<name>:<secret>@<host>:<port>"},
      {"grpc://a@h:8010", "secret key not found in dsn"},
      {"grpc://a:@h:8010", "secret key not found in dsn"},
      {"grpc://h:8010/" + std::string(63, 'a'), "secret key not found in dsn"},
      {"grpc://h:8010/" + std::string(64, 'g'), "secret key not found in dsn"},
      {"grpc://:" + kKey + "@h:8010", "no agent name"},
      {"grpc://a:" + kKey + "@", "no host"},
      {"grpc://a:" + kKey + "@:8010", "no host"},
      {"grpc://a:" + kKey + "@h:8010?mode=nope",
       "invalid agent mode: mode= is one of standard, embedded, multi-connection"},
      {"grpc://a b:" + kKey + "@h:8010", "blanks"},
      {"grpc://a:" + kKey + "@h:8010\n", "blanks"},
      {"grpc://a:" + kKey + std::string(limits::kAgentDsnBytesMax, 'x') + "@h:8010", "longer"},
  };
  for (const auto& [text, reason] : cases) {
    const absl::Status status = ParseAgentDsn(text).status();
    EXPECT_STATUS(status, absl::StatusCode::kInvalidArgument, reason);
    EXPECT_EQ(StatusText(status).find(kKey), std::string::npos);
  }
}

TEST(AgentDsn, IsMadeFromTheAddressOfTheGateway) {
  auto text = MakeAgentDsn("grpc://127.0.0.1:8010", "a", kKey, "standard");
  ASSERT_OK(text);
  EXPECT_EQ(*text, "grpc://a:" + kKey + "@127.0.0.1:8010?mode=standard");
  text = MakeAgentDsn("grpcs://gw.example.test:8443/", "_default", kKey, "");
  ASSERT_OK(text);
  EXPECT_EQ(*text, "grpcs://_default:" + kKey + "@gw.example.test:8443");
  ASSERT_OK(ParseAgentDsn(*text));
}

TEST(AgentDsn, NeedsAnAddressThatCanBeDialled) {
  for (const char* url : {"", "127.0.0.1:8010", "ftp://h:21", "grpc://h", "grpc://h:", "grpc://:8010", "grpc://h:x"}) {
    EXPECT_STATUS(MakeAgentDsn(url, "a", kKey, "standard"), absl::StatusCode::kInvalidArgument, "gateway url");
  }
}

}  // namespace
}  // namespace hoop
