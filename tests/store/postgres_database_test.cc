#include "store/postgres_database.h"

#include <gtest/gtest.h>

#include <thread>

#include "absl/synchronization/barrier.h"
#include "base/status_macros.h"
#include "store/migrations.h"
#include "store/postgres_uri.h"
#include "store/store.h"
#include "tests/store/database_fixture.h"
#include "tests/support/temp_database.h"

namespace hoop {
namespace {

// What needs a server: tests/store/on_postgres.sh gives one.
class PostgresDatabaseTest : public DatabaseFixture {
 protected:
  void SetUp() override {
    if (!testing::TempDatabase::on_postgres()) GTEST_SKIP() << "runs by tests/store/on_postgres.sh";
    auto address = ParsePostgresUri(temp_.uri());
    ASSERT_OK(address);
    connection_text_ = address->connection_text;
    database_ = Opened();
  }

  std::unique_ptr<Database> Opened() {
    auto database = PostgresDatabase::Create(connection_text_);
    EXPECT_OK(database);
    return database.ok() ? *std::move(database) : nullptr;
  }

  static std::string Ask(Transaction& transaction, std::string_view sql) {
    std::string text;
    EXPECT_OK(transaction.Select(sql, {}, [&](const Row& row) {
      text = row.String(0);
      return absl::OkStatus();
    }));
    return text;
  }
  std::string AskReader(std::string_view sql) {
    std::string text;
    EXPECT_OK(database_->Read([&](Transaction& transaction) {
      text = Ask(transaction, sql);
      return absl::OkStatus();
    }));
    return text;
  }

  static absl::Status Open(const std::string& uri) {
    return Store::Open({"", uri}, *SecretBox::Create(testing::kSecretsKey), absl::FromUnixSeconds(1'700'000'000))
        .status();
  }

  // Ends every other connection of this test, as a server that goes does.
  absl::Status EndConnections() {
    return testing::RunOnPostgres(
        testing::PostgresServer(),
        "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and "
        "application_name = 'hoop-gateway'");
  }

  testing::TempDatabase temp_;
  std::string connection_text_;
};

TEST_F(PostgresDatabaseTest, DurabilityIsSynchronousCommit) {
  const auto level = [&](Durability durability) {
    std::string text;
    EXPECT_OK(database_->Write(durability, [&](Transaction& transaction) {
      text = Ask(transaction, "show synchronous_commit");
      return absl::OkStatus();
    }));
    return text;
  };
  EXPECT_EQ(level(Durability::kNormal), "off");
  EXPECT_EQ(level(Durability::kFull), "on");
  connection_text_ += " options='-csynchronous_commit=off'";
  database_ = Opened();
  EXPECT_EQ(level(Durability::kFull), "on");
}

TEST_F(PostgresDatabaseTest, StatementsAreBounded) {
  EXPECT_EQ(AskReader("show statement_timeout"), "30s");
  EXPECT_EQ(AskReader("show lock_timeout"), "5s");
  EXPECT_EQ(AskReader("show idle_in_transaction_session_timeout"), "1min");
  // Its own statements have to be done within that time, also where much else runs.
  auto impatient = PostgresDatabase::Create(connection_text_, {absl::Milliseconds(500), absl::Milliseconds(1)});
  ASSERT_OK(impatient);
  EXPECT_STATUS(
      (*impatient)->Read([](Transaction& transaction) { return transaction.Execute("select pg_sleep(60)").status(); }),
      absl::StatusCode::kUnavailable, "57014");
}

TEST_F(PostgresDatabaseTest, WhatTheUriSetsStays) {
  auto address = ParsePostgresUri(
      fmt::format("{} options='-csearch_path=pg_catalog -cstatement_timeout=7s'", testing::PostgresServer()));
  ASSERT_OK(address);
  connection_text_ = address->connection_text;
  database_ = Opened();
  EXPECT_EQ(AskReader("show statement_timeout"), "7s");
  EXPECT_EQ(AskReader("select current_schema()"), "pg_catalog");
}

TEST_F(PostgresDatabaseTest, ATransactionThatBeginsOnALostConnectionGetsANewOne) {
  ASSERT_OK(Run("create table items (id bigint)"));
  EXPECT_EQ(AskReader("select count(*) from items"), "0");
  for (int round = 0; round < 3; ++round) {
    ASSERT_OK(EndConnections());
    EXPECT_OK(Run("insert into items values (1)"));
    EXPECT_EQ(AskReader("select count(*) from items"), fmt::format("{}", round + 1));
  }
}

TEST_F(PostgresDatabaseTest, ATransactionThatIsCutOffIsUnavailableAndNeverRepeated) {
  ASSERT_OK(Run("create table items (id bigint)"));
  int runs = 0;
  EXPECT_STATUS(database_->Write(Durability::kFull,
                                 [&](Transaction& transaction) {
                                   ++runs;
                                   EXPECT_OK(transaction.Execute("insert into items values (1)"));
                                   EXPECT_OK(EndConnections());
                                   return transaction.Execute("insert into items values (2)").status();
                                 }),
                absl::StatusCode::kUnavailable, "database");
  EXPECT_EQ(runs, 1);
  EXPECT_EQ(AskReader("select count(*) from items"), "0");
}

TEST_F(PostgresDatabaseTest, ACommitOnALostConnectionIsUnavailable) {
  ASSERT_OK(Run("create table items (id bigint)"));
  EXPECT_STATUS(database_->Write(Durability::kFull,
                                 [&](Transaction& transaction) {
                                   EXPECT_OK(transaction.Execute("insert into items values (1)"));
                                   EXPECT_OK(EndConnections());
                                   return absl::OkStatus();
                                 }),
                absl::StatusCode::kUnavailable, "database");
  EXPECT_OK(Run("insert into items values (1)"));
}

TEST_F(PostgresDatabaseTest, WritersOfTwoGatewaysTakeTurns) {
  ASSERT_OK(Run("create table items (n bigint)"));
  ASSERT_OK(Run("insert into items values (0)"));
  const std::unique_ptr<Database> other = Opened();
  // Reads, then writes what it read: without turns, steps would be lost.
  const auto count_up = [](Database& database) {
    for (int round = 0; round < 25; ++round) {
      EXPECT_OK(database.Write(Durability::kNormal, [](Transaction& transaction) {
        const std::string seen = Ask(transaction, "select n from items");
        return transaction.Execute(fmt::format("update items set n = {} + 1", seen)).status();
      }));
    }
  };
  std::thread thread([&] { count_up(*other); });
  count_up(*database_);
  thread.join();
  EXPECT_EQ(AskReader("select n from items"), "50");
}

TEST_F(PostgresDatabaseTest, GatewaysThatStartAtOnceMigrateOnce) {
  constexpr int kGateways = 4;
  std::string patient = temp_.uri();  // the first one's steps may take long where much else runs
  patient.insert(patient.rfind('\''), " -clock_timeout=60s");
  absl::Barrier together(kGateways);
  std::vector<std::thread> gateways;
  for (int i = 0; i < kGateways; ++i) {
    gateways.emplace_back([&] {
      together.Block();
      EXPECT_OK(Open(patient));
    });
  }
  for (std::thread& gateway : gateways) gateway.join();
  EXPECT_EQ(AskReader("select count(*) from organizations"), "1");
}

TEST_F(PostgresDatabaseTest, NoticesAreNotPrinted) {
  ::testing::internal::CaptureStderr();
  EXPECT_OK(Run("create table items (id bigint)"));
  EXPECT_OK(Run("create table if not exists items (id bigint)"));
  EXPECT_OK(Run("do $$ begin raise warning 'careful'; end $$"));
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
}

TEST_F(PostgresDatabaseTest, CodesOfTheServerAreOurs) {
  using Code = absl::StatusCode;
  const std::pair<const char*, Code> codes[] = {
      {"23505", Code::kAlreadyExists},     {"23503", Code::kFailedPrecondition}, {"23514", Code::kFailedPrecondition},
      {"53100", Code::kResourceExhausted}, {"53200", Code::kResourceExhausted},  {"54000", Code::kResourceExhausted},
      {"57P01", Code::kUnavailable},       {"57P02", Code::kUnavailable},        {"40001", Code::kUnavailable},
      {"40P01", Code::kUnavailable},       {"55P03", Code::kUnavailable},        {"58030", Code::kUnavailable},
      {"25006", Code::kUnavailable},       {"42501", Code::kPermissionDenied},   {"22021", Code::kInvalidArgument},
      {"XX001", Code::kDataLoss},          {"XX000", Code::kInternal},           {"42P01", Code::kInternal},
  };
  for (const auto& [code, expected] : codes) {
    const absl::Status status =
        Run(fmt::format("do $$ begin raise exception 'made up' using errcode = '{}'; end $$", code));
    EXPECT_EQ(status.code(), expected) << code << ": " << status;
  }
}

TEST_F(PostgresDatabaseTest, ErrorsOfConversionShowNoValues) {
  const absl::Status status = Run("select cast($1 as bigint)", {"hunter2"});
  EXPECT_STATUS(status, absl::StatusCode::kInternal, "22P02");
  EXPECT_EQ(StatusText(status).find("hunter2"), std::string::npos) << status;
}

TEST_F(PostgresDatabaseTest, AnOrdinaryUserNeedsASchemaToMakeTablesIn) {
  const std::string user = fmt::format("plain_{}", ::getpid());
  const std::string server = testing::PostgresServer();
  ASSERT_OK(testing::RunOnPostgres(server, fmt::format("create role {} login password 'x y'", user)));
  const auto open = [&](std::string_view schema) {
    return Open(fmt::format("{} user={} password='x y' options='-csearch_path={}'", server, user, schema));
  };
  EXPECT_STATUS(open("public"), absl::StatusCode::kFailedPrecondition, "needs a schema to make tables in");
  EXPECT_STATUS(open("nowhere"), absl::StatusCode::kFailedPrecondition, "search_path");
  ASSERT_OK(testing::RunOnPostgres(server, fmt::format("create schema {} authorization {}", user, user)));
  EXPECT_OK(open(user));
  EXPECT_OK(testing::RunOnPostgres(server, fmt::format("drop schema {} cascade", user)));
  EXPECT_OK(testing::RunOnPostgres(server, fmt::format("drop role {}", user)));
}

TEST_F(PostgresDatabaseTest, SaysWhyTheServerDoesNotLetItIn) {
  const std::string server = testing::PostgresServer();
  EXPECT_STATUS(Open(server + " password=hunter2"), absl::StatusCode::kUnavailable, "password authentication failed");
  EXPECT_STATUS(Open(server + " dbname=nowhere"), absl::StatusCode::kUnavailable, "\"nowhere\" does not exist");
  EXPECT_STATUS(Open(server + " host=127.0.0.1 port=1"), absl::StatusCode::kUnavailable,
                "POSTGRES_DB_URI: database: connection to server at \"127.0.0.1\", port 1 failed: Connection refused");
}

TEST_F(PostgresDatabaseTest, OnlyUtf8DatabasesDo) {
  const std::string name = fmt::format("latin_{}", ::getpid());
  auto address = ParsePostgresUri(testing::PostgresServer());
  ASSERT_OK(address);
  // Not in a transaction of ours: the server makes databases outside of any.
  const std::string make = fmt::format(
      "PGOPTIONS= psql -Xq \"{}\" -c \"create database {} encoding 'LATIN1' locale 'C' template template0\"",
      testing::PostgresServer(), name);
  if (std::system(make.c_str()) != 0) GTEST_SKIP() << "no psql on this machine";
  EXPECT_STATUS(Open(fmt::format("{} dbname={}", testing::PostgresServer(), name)),
                absl::StatusCode::kFailedPrecondition, "LATIN1");
}

}  // namespace
}  // namespace hoop
