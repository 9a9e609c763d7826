#include "store/postgres_uri.h"

#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"

namespace hoop {
namespace {

std::string TextOf(std::string_view uri) {
  auto address = ParsePostgresUri(uri);
  EXPECT_OK(address);
  return address.ok() ? address->connection_text : "";
}

void ExpectHas(const std::string& text, std::string_view part) {
  EXPECT_NE(text.find(part), std::string::npos) << part << " is not in: " << text;
}

TEST(PostgresUri, DecodesThePassword) {
  ExpectHas(TextOf("postgres://hoop:p%40ss%2Fw%25%27%5C@db:5433/hoop"), R"(password='p@ss/w%\'\\' )");
}

TEST(PostgresUri, TakesBothSchemesAndKeywords) {
  for (const char* uri :
       {"postgres://hoop@db:5433/main", "postgresql://hoop@db:5433/main", "host=db port=5433 user=hoop dbname=main"}) {
    auto address = ParsePostgresUri(uri);
    ASSERT_OK(address);
    EXPECT_EQ(address->description, "db:5433/main") << uri;
  }
}

TEST(PostgresUri, TakesASocketFolder) {
  ExpectHas(TextOf("postgres://hoop@/main?host=/var/run/postgresql"), "host='/var/run/postgresql' ");
  ExpectHas(TextOf("postgres://hoop@%2Fvar%2Frun%2Fpostgresql/main"), "host='/var/run/postgresql' ");
  ExpectHas(TextOf("host=/var/run/postgresql user=hoop"), "host='/var/run/postgresql' ");
}

TEST(PostgresUri, KeepsOptionsAndTakesEverySslmode) {
  ExpectHas(TextOf("postgres://hoop@db/main?options=-csearch_path%3Dhoop"), "options='-csearch_path=hoop' ");
  for (const char* mode : {"disable", "allow", "prefer", "require", "verify-ca", "verify-full"}) {
    ExpectHas(TextOf(fmt::format("postgres://hoop@db/main?sslmode={}", mode)), fmt::format("sslmode='{}' ", mode));
  }
}

TEST(PostgresUri, BoundsTheWaitsThatItLeavesOpen) {
  ExpectHas(TextOf("postgres://hoop@db/main"), "connect_timeout='5' ");
  ExpectHas(TextOf("postgres://hoop@db/main"), "tcp_user_timeout='10000' ");
  ExpectHas(TextOf("postgres://hoop@db/main?connect_timeout=9"), "connect_timeout='9' ");
}

TEST(PostgresUri, RefusesWhatItCannotUseAndShowsNoneOfIt) {
  const std::pair<const char*, const char*> wrong[] = {
      {"", "neither postgres://"},
      {"mysql://hoop:hunter2@db/main", "neither postgres://"},
      {"pglite:///hunter2", "neither postgres://"},
      {"hunter2", "neither postgres://"},
      {"postgres://db/main", "names no user"},
      {"host=db dbname=main", "names no user"},
      {"postgres://hoop:hunter%zz2@db/main", "percent-encoded"},
      {"postgres://hoop:9@hunter2@db/main", "holds an @"},
      {"postgres://hoop:hunter2/x@db/main", "port is no number"},
      {"postgres://hoop:hunter2@db:x/main", "port is no number"},
      {"postgres://hoop:hunter2@db/main?sslmode=on", "sslmode"},
      {"postgres://hoop:hunter2@db/main?nonsense=1", "invalid URI query parameter"},
      {"postgres://hoop:hunter2@db/main?connect_timeout=soon", "connect_timeout"},
      {"host=db user='hunter2", "unterminated quoted string"},
  };
  for (const auto& [uri, part] : wrong) {
    const absl::Status status = ParsePostgresUri(uri).status();
    EXPECT_STATUS(status, absl::StatusCode::kInvalidArgument, part);
    EXPECT_EQ(StatusText(status).find("POSTGRES_DB_URI: "), 0u) << status;
    EXPECT_EQ(StatusText(status).find("hunter"), std::string::npos) << status;
  }
}

}  // namespace
}  // namespace hoop
