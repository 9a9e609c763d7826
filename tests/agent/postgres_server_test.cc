#include "agent/connectors/postgres_server.h"

#include "tests/support/status_matchers.h"

namespace hoop {
namespace {

using absl::StatusCode;
using postgres::SslMode;

constexpr Address kAddress{};

SessionEnvironment Secrets(std::map<std::string, std::string> more = {}) {
  more.merge(std::map<std::string, std::string>{{"HOST", "db.test"}, {"USER", "u"}, {"PASS", "p"}});
  return {.variables = std::move(more)};
}

TEST(PostgresServer, VerifiesAsItsModeSays) {
  const std::pair<const char*, TlsVerify> modes[] = {{"", TlsVerify::kNone},
                                                     {"require", TlsVerify::kNone},
                                                     {"verify-ca", TlsVerify::kChain},
                                                     {"verify-full", TlsVerify::kFull}};
  for (const auto& [mode, verify] : modes) {
    auto server = ReadPostgresServer(Secrets({{"SSLMODE", mode}}), {"db.test", 5432}, false);
    ASSERT_OK(server);
    EXPECT_EQ(server->tls.verify, verify) << mode;
    EXPECT_EQ(server->certificate_name, "db.test");
  }
  EXPECT_STATUS(ReadPostgresServer(Secrets({{"SSLMODE", "maybe"}}), kAddress, false).status(),
                StatusCode::kInvalidArgument, "SSLMODE");
}

TEST(PostgresServer, TakesCertificatesFromVariablesAndFiles) {
  SessionEnvironment secrets = Secrets({{"SSLMODE", "verify-full"},
                                        {"SSLROOTCERT", "root"},
                                        {"SSLCERT", "/run/secret/file"},
                                        {"SSLKEY", "key"},
                                        {"SSLSERVERNAME", "other.test"}});
  secrets.files["SSLCERT"] = "certificate";  // whose path is in the variable
  auto server = ReadPostgresServer(secrets, kAddress, true);
  ASSERT_OK(server);
  EXPECT_EQ(server->tls.ca_pem, "root");
  EXPECT_EQ(server->tls.credential.certificate_pem, "certificate");
  EXPECT_EQ(server->tls.credential.key_pem, "key");
  EXPECT_EQ(server->certificate_name, "other.test");
}

TEST(PostgresServer, RefusesHalfACredential) {
  for (const char* name : {"SSLCERT", "SSLKEY"}) {
    EXPECT_STATUS(ReadPostgresServer(Secrets({{name, "pem"}}), kAddress, false).status(), StatusCode::kInvalidArgument,
                  "belong together");
  }
}

TEST(PostgresServer, WhereTheAgentDemandsVerifiedTlsEverythingLessIsRefused) {
  for (const char* mode : {"", "disable", "prefer", "require"}) {
    EXPECT_STATUS(ReadPostgresServer(Secrets({{"SSLMODE", mode}}), kAddress, true).status(),
                  StatusCode::kPermissionDenied, "HOOP_REQUIRE_VERIFIED_TLS");
  }
  for (const char* mode : {"verify-ca", "verify-full"}) {
    EXPECT_OK(ReadPostgresServer(Secrets({{"SSLMODE", mode}}), kAddress, true));
  }
}

TEST(PostgresServer, ASocketFolderHasNoTls) {
  auto server = ReadPostgresServer(Secrets({{"HOST", "/run/pg"}, {"SSLMODE", "verify-full"}}), kAddress, true);
  ASSERT_OK(server);
  EXPECT_EQ(server->ssl_mode, SslMode::kDisable);
}

}  // namespace
}  // namespace hoop
