// Conversations of real programs (PostgreSQL 15, psql, pgbench) as they were recorded: framing and statements.
#include <fmt/format.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <random>

#include "base/encoding.h"
#include "protocol/postgres/framing.h"
#include "protocol/postgres/statements.h"
#include "tests/support/status_matchers.h"

namespace hoop::postgres {
namespace {

struct Chunk {
  bool request = false;
  absl::Time at;
  std::string bytes;
};

using Conversation = std::vector<Chunk>;

// The local connections of one recording, by connection id, as the client's leg saw them. Long payloads are recorded
// by their beginning and their length: what follows is rows.
std::map<std::string, Conversation> ReadRecording(std::string_view name) {
  std::map<std::string, Conversation> conversations;
  std::ifstream in(fmt::format("{}/packets24/{}.jsonl", HOOP_TEST_VECTORS, name));
  for (std::string line; std::getline(in, line);) {
    const auto packet = nlohmann::json::parse(line);
    const std::string type = packet.value("type", "");
    if (packet["leg"] != "client" || type.find("PGConnectionWrite") == std::string::npos) continue;
    Chunk chunk{type.starts_with("Agent"), absl::FromUnixMillis(packet["t_ms"].get<int64_t>()),
                Base64Decode(packet.value("payload", "")).value()};
    chunk.bytes.resize(packet.value("payload_len", chunk.bytes.size()), 'x');
    conversations[packet["spec"]["client.connection_id"].get<std::string>()].push_back(std::move(chunk));
  }
  return conversations;
}

std::vector<std::string> StatementsOf(const Conversation& conversation, absl::Status* status = nullptr) {
  std::vector<std::string> lines;
  StatementReader reader([&lines](const Statement& statement) {
    lines.push_back(fmt::format("{}|{}|{}|{}{}", statement.kind == Statement::Kind::kSimple ? "simple" : "extended",
                                statement.sql, statement.command_tag, statement.error_code,
                                statement.outcome == Statement::Outcome::kUnfinished ? "|unfinished" : ""));
  });
  for (const Chunk& chunk : conversation) {
    const absl::Status result =
        chunk.request ? reader.OnRequest(chunk.at, chunk.bytes) : reader.OnReply(chunk.at, chunk.bytes);
    if (status == nullptr) {
      EXPECT_OK(result);
    } else {
      status->Update(result);
    }
  }
  reader.Finish();
  return lines;
}

std::vector<std::vector<std::string>> StatementsIn(std::string_view name) {
  std::vector<std::vector<std::string>> all;
  for (const auto& [id, conversation] : ReadRecording(name)) all.push_back(StatementsOf(conversation));
  return all;
}

using Lines = std::vector<std::string>;

TEST(Recordings, Psql) {
  EXPECT_EQ(StatementsIn("pg-psql"),
            std::vector<Lines>({{"simple|select 1 as one|SELECT 1|", "simple|select current_user|SELECT 1|"}}));
}

TEST(Recordings, PgbenchExtended) {
  EXPECT_EQ(StatementsIn("pg-extended"),
            std::vector<Lines>({{}, {"extended|select 1;|SELECT 1|", "extended|select 1;|SELECT 1|"}}));
}

TEST(Recordings, BulkRowsAndCopyOut) {
  EXPECT_EQ(StatementsIn("pg-bulk"),
            std::vector<Lines>({{"simple|select repeat('x',1000) from generate_series(1,30)|SELECT 30|",
                                 "simple|copy (select generate_series(1,50)) to stdout|COPY 50|"}}));
}

TEST(Recordings, LoginsThatFailHaveNoStatements) { EXPECT_EQ(StatementsIn("pg-badpass"), std::vector<Lines>({{}})); }

TEST(Recordings, TerminatedBackend) {
  EXPECT_EQ(StatementsIn("pg-terminate"), std::vector<Lines>({{"simple|select pg_sleep(30)||57P01"}}));
}

TEST(Recordings, EveryMessageIsCutAsItWasSent) {
  for (const std::string_view name : {"pg-psql", "pg-extended", "pg-bulk", "pg-three-conns", "pg-cancel"}) {
    for (const auto& [id, conversation] : ReadRecording(name)) {
      FrameReader requests(Sender::kFrontend), replies(Sender::kBackend);
      for (const Chunk& chunk : conversation) {
        std::string_view input = chunk.bytes;
        auto piece = (chunk.request ? requests : replies).Next(input);
        ASSERT_OK(piece);
        // The recorded programs send one message per packet.
        ASSERT_TRUE(*piece && (*piece)->first && (*piece)->last) << name;
        EXPECT_TRUE(input.empty()) << name;
        if ((*piece)->kind == FrameKind::kSslRequest) replies.ExpectEncryptionAnswer();
      }
    }
  }
}

TEST(Recordings, ChangedBytesAndLostChunksNeverCrash) {
  std::minstd_rand random(1);
  for (const std::string_view name : {"pg-psql", "pg-extended", "pg-bulk", "pg-terminate"}) {
    for (const auto& [id, conversation] : ReadRecording(name)) {
      for (int round = 0; round < 400; ++round) {
        Conversation changed = conversation;
        Chunk& chunk = changed[random() % changed.size()];
        if (round % 4 == 0) {
          chunk.bytes.resize(random() % (chunk.bytes.size() + 1));
        } else if (!chunk.bytes.empty()) {
          chunk.bytes[random() % chunk.bytes.size()] = static_cast<char>(random());
        }
        chunk.bytes.shrink_to_fit();
        absl::Status status;
        StatementsOf(changed, &status);
      }
    }
  }
}

}  // namespace
}  // namespace hoop::postgres
