#include "store/session_table.h"

#include <gtest/gtest.h>

#include "base/ids.h"
#include "base/limits/store.h"
#include "store/migrations.h"
#include "store/record_chunk_table.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_store.h"

namespace hoop {
namespace {

class SessionTableTest : public ::testing::Test {
 protected:
  SessionHead MakeHead(int second, const std::string& user = "ann") {
    SessionHead head;
    head.session_id = NewUuid();
    head.org_id = store_.org_id();
    head.user_id = user;
    head.user_email = user + "@example.test";
    head.user_name = "Ann";
    head.connection = "pg-demo";
    head.connection_type = "database";
    head.connection_subtype = "postgres";
    head.wire_type = "postgres";
    head.agent_id = "agent";
    head.verb = "connect";
    head.origin = "client";
    head.command = {"psql"};
    head.policy = RecordPolicy::kBuffered;
    head.started_at = store_.now() + absl::Seconds(second);
    return head;
  }
  std::string Added(int second, const std::string& user = "ann") {
    const SessionHead head = MakeHead(second, user);
    EXPECT_OK(sessions_.Insert(head));
    return head.session_id;
  }
  SessionRow Found(const std::string& id) {
    auto found = sessions_.Find(id);
    EXPECT_OK(found);
    return found.ok() ? *found : SessionRow();
  }
  std::vector<std::string> Ids(const SessionFilter& filter) {
    std::vector<std::string> ids;
    auto rows = sessions_.List(store_.org_id(), filter);
    EXPECT_OK(rows);
    for (const SessionRow& row : *rows) ids.push_back(row.head.session_id);
    return ids;
  }
  int64_t Counted(const SessionFilter& filter, int64_t count_max = 10000) {
    auto count = sessions_.Count(store_.org_id(), filter, count_max);
    EXPECT_OK(count);
    return count.value_or(-1);
  }
  using Texts = std::vector<std::string>;

  testing::TempStore store_;
  SessionTable& sessions_ = store_->sessions();
};

TEST_F(SessionTableTest, EveryFieldOfTheHeadComesBack) {
  const SessionHead head = MakeHead(1);
  ASSERT_OK(sessions_.Insert(head));
  const SessionRow row = Found(head.session_id);
  EXPECT_EQ(row.head.session_id, head.session_id);
  EXPECT_EQ(row.head.org_id, head.org_id);
  EXPECT_EQ(row.head.user_id, head.user_id);
  EXPECT_EQ(row.head.user_email, head.user_email);
  EXPECT_EQ(row.head.user_name, head.user_name);
  EXPECT_EQ(row.head.connection, head.connection);
  EXPECT_EQ(row.head.connection_type, head.connection_type);
  EXPECT_EQ(row.head.connection_subtype, head.connection_subtype);
  EXPECT_EQ(row.head.wire_type, head.wire_type);
  EXPECT_EQ(row.head.agent_id, head.agent_id);
  EXPECT_EQ(row.head.verb, head.verb);
  EXPECT_EQ(row.head.origin, head.origin);
  EXPECT_EQ(row.head.command, head.command);
  EXPECT_EQ(row.head.policy, head.policy);
  EXPECT_EQ(row.head.started_at, head.started_at);
  EXPECT_EQ(row.status, SessionStatus::kOpen);
  EXPECT_EQ(row.ended_at, std::nullopt);
  EXPECT_EQ(row.end_reason, "");
  EXPECT_EQ(row.exit_code, std::nullopt);
  EXPECT_EQ(row.seal, std::nullopt);
  EXPECT_EQ(row.counts.records, 0u);
}

TEST_F(SessionTableTest, UnknownSessionsAreNotFound) {
  EXPECT_STATUS(sessions_.Find("x"), absl::StatusCode::kNotFound, "session x");
  EXPECT_STATUS(sessions_.Finish("x", store_.now(), {}, std::nullopt), absl::StatusCode::kNotFound, "session x");
  EXPECT_STATUS(sessions_.Delete("x"), absl::StatusCode::kNotFound, "session x");
  EXPECT_STATUS(
      store_->database().Write(Durability::kNormal,
                               [](Transaction& transaction) { return SessionTable::AddCounts(transaction, "x", {}); }),
      absl::StatusCode::kNotFound, "session x");
}

TEST_F(SessionTableTest, RefusesAnIdThatIsThere) {
  const SessionHead head = MakeHead(1);
  ASSERT_OK(sessions_.Insert(head));
  EXPECT_STATUS(sessions_.Insert(head), absl::StatusCode::kAlreadyExists, head.session_id);
}

TEST_F(SessionTableTest, InsertIfAbsentKeepsWhatIsThere) {
  SessionHead head = MakeHead(1);
  const auto insert = [&] {
    return store_->database().Write(Durability::kNormal, [&](Transaction& transaction) {
      return SessionTable::InsertIfAbsent(transaction, head, "j");
    });
  };
  ASSERT_OK(insert());
  head.connection = "other";
  ASSERT_OK(insert());
  EXPECT_EQ(Found(head.session_id).head.connection, "pg-demo");
  EXPECT_EQ(Found(head.session_id).journal, "j");
}

TEST_F(SessionTableTest, WordsOfAnyBytesAreShownAsText) {
  SessionHead head = MakeHead(1);
  head.command = {"\xff"};
  head.origin = "cli\xff";
  ASSERT_OK(sessions_.Insert(head));
  EXPECT_EQ(Found(head.session_id).head.command, Texts{"\xef\xbf\xbd"});
  EXPECT_EQ(Found(head.session_id).head.origin, "cli\xef\xbf\xbd");
}

TEST_F(SessionTableTest, CountsAddUp) {
  const std::string id = Added(1);
  for (int i = 0; i < 2; ++i) {
    ASSERT_OK(store_->database().Write(Durability::kFull, [&](Transaction& transaction) {
      return SessionTable::AddCounts(transaction, id, {.records = 3, .request_bytes = 10, .reply_bytes = 1ull << 40});
    }));
  }
  EXPECT_EQ(Found(id).counts.records, 6u);
  EXPECT_EQ(Found(id).counts.request_bytes, 20u);
  EXPECT_EQ(Found(id).counts.reply_bytes, 2ull << 40);
}

TEST_F(SessionTableTest, FinishSaysHowItEnded) {
  const std::string id = Added(1);
  const absl::Time end = store_.now() + absl::Seconds(9);
  ASSERT_OK(sessions_.Finish(id, end, {.reason = "agent said \xff", .exit_code = 3}, R"({"head":"x"})"));
  const SessionRow row = Found(id);
  EXPECT_EQ(row.status, SessionStatus::kDone);
  EXPECT_EQ(row.ended_at, end);
  EXPECT_EQ(row.end_reason, "agent said \xef\xbf\xbd");
  EXPECT_EQ(row.exit_code, 3);
  EXPECT_EQ(row.seal, R"({"head":"x"})");
}

TEST_F(SessionTableTest, TheFirstEndCountsAndALateSealIsTaken) {
  const std::string id = Added(1);
  ASSERT_OK(sessions_.Finish(id, store_.now() + absl::Seconds(9), {.reason = "first"}, std::nullopt));
  ASSERT_OK(sessions_.Finish(id, store_.now() + absl::Seconds(99), {.reason = "second", .exit_code = 1}, "{}"));
  ASSERT_OK(sessions_.Finish(id, store_.now() + absl::Seconds(99), {.reason = "third"}, "other"));
  const SessionRow row = Found(id);
  EXPECT_EQ(row.ended_at, store_.now() + absl::Seconds(9));
  EXPECT_EQ(row.end_reason, "first");
  EXPECT_EQ(row.exit_code, std::nullopt);
  EXPECT_EQ(row.seal, "{}");
}

TEST_F(SessionTableTest, KnowsWhatIsNotDone) {
  const SessionHead late = MakeHead(2), early = MakeHead(1), done = MakeHead(3), elsewhere = MakeHead(4);
  for (const SessionHead& head : {late, early, done}) ASSERT_OK(sessions_.Insert(head, {}, "here"));
  ASSERT_OK(sessions_.Insert(elsewhere, {}, "there"));
  ASSERT_OK(sessions_.Finish(done.session_id, store_.now(), {}, std::nullopt));
  const auto unfinished = sessions_.ListUnfinished();
  ASSERT_OK(unfinished);
  Texts ids, journals;
  for (const SessionTable::Unfinished& session : *unfinished) {
    ids.push_back(session.id);
    journals.push_back(session.journal);
  }
  EXPECT_EQ(ids, (Texts{early.session_id, late.session_id, elsewhere.session_id}));
  EXPECT_EQ(journals, (Texts{"here", "here", "there"}));
  EXPECT_EQ(Found(late.session_id).journal, "here");
}

TEST_F(SessionTableTest, SessionsOfAnOlderSchemaBelongToTheJournalOfTheirRecord) {
  const std::string recorded = Added(1), unrecorded = Added(2);
  ASSERT_OK(store_->database().Write(Durability::kFull, [&](Transaction& transaction) -> absl::Status {
    RecordChunk chunk;
    chunk.session_id = recorded;
    for (const char* instance : {"older", "newer"}) {
      ++chunk.seq;
      chunk.instance = instance;
      HOOP_RETURN_IF_ERROR(RecordChunkTable::Insert(transaction, chunk));
    }
    HOOP_RETURN_IF_ERROR(transaction.Execute("alter table sessions drop column journal").status());
    HOOP_RETURN_IF_ERROR(transaction.Execute("alter table sessions add column client_args text").status());
    return transaction.Execute("delete from schema_migrations where version >= 14").status();
  }));
  ASSERT_OK(Migrate(store_->database(), store_.now()));
  EXPECT_EQ(Found(recorded).journal, "newer");
  EXPECT_EQ(Found(unrecorded).journal, "");
}

TEST_F(SessionTableTest, ListsNewestFirstInPages) {
  const std::string a = Added(1), c = Added(3), b = Added(2);
  EXPECT_EQ(Ids({}), (Texts{c, b, a}));
  EXPECT_EQ(Ids({.limit = 2}), (Texts{c, b}));
  EXPECT_EQ(Ids({.limit = 2, .offset = 2}), Texts{a});
  EXPECT_EQ(Ids({.older_than = SessionKey{store_.now() + absl::Seconds(3), c}}), (Texts{b, a}));
  EXPECT_EQ(Ids({.older_than = SessionKey{store_.now() + absl::Seconds(1), a}}), Texts{});
}

TEST_F(SessionTableTest, SessionsOfOneInstantHaveOneOrder) {
  for (int i = 0; i < 5; ++i) Added(1);
  const Texts all = Ids({});
  Texts paged;
  SessionFilter filter = {.limit = 1};
  for (Texts page = Ids(filter); !page.empty(); page = Ids(filter)) {
    paged.push_back(page[0]);
    filter.older_than = SessionKey{store_.now() + absl::Seconds(1), page[0]};
  }
  EXPECT_EQ(paged, all);
  EXPECT_EQ(all.size(), 5u);
}

TEST_F(SessionTableTest, ListsWhatTheFilterAsksFor) {
  const std::string ann = Added(1), bob = Added(2, "bob");
  SessionHead other = MakeHead(3, "bob");
  other.connection = "bash";
  other.connection_type = "custom";
  ASSERT_OK(sessions_.Insert(other));
  ASSERT_OK(sessions_.Finish(ann, store_.now(), {}, std::nullopt));
  const std::string& bash = other.session_id;

  EXPECT_EQ(Ids({.owner_id = "ann"}), Texts{ann});
  EXPECT_EQ(Ids({.owner_id = "a%"}), Texts{});
  EXPECT_EQ(Ids({.user_pattern = "bob"}), (Texts{bash, bob}));
  EXPECT_EQ(Ids({.user_pattern = "ANN@%"}), Texts{ann});
  EXPECT_EQ(Ids({.connection_pattern = "%demo"}), (Texts{bob, ann}));
  EXPECT_EQ(Ids({.connection_pattern = "demo"}), Texts{});
  EXPECT_EQ(Ids({.connection_pattern = "BASH"}), Texts{});  // a name is exact
  EXPECT_EQ(Ids({.type_pattern = "custom"}), Texts{bash});
  EXPECT_EQ(Ids({.status = SessionStatus::kDone}), Texts{ann});
  EXPECT_EQ(Ids({.started_after = store_.now() + absl::Seconds(1)}), (Texts{bash, bob}));
  EXPECT_EQ(Ids({.started_before = store_.now() + absl::Seconds(2)}), Texts{ann});
  EXPECT_EQ(Ids({.owner_id = "bob", .connection_pattern = "bash"}), Texts{bash});
}

TEST_F(SessionTableTest, KeepsWhatIsSaidAboutASession) {
  const SessionHead head = MakeHead(1);
  ASSERT_OK(sessions_.Insert(head, {.labels = {{"a", "b"}},
                                    .metadata = {{"k", "v"}},
                                    .connection_tags = {{"env", "test"}},
                                    .batch_id = "b1",
                                    .correlation_id = "c1"}));
  ASSERT_OK(sessions_.SetMetadata(head.session_id, {{"k", "w"}}));
  const SessionNotes notes = Found(head.session_id).notes;
  EXPECT_EQ(notes.labels.at("a"), "b");
  EXPECT_EQ(notes.metadata, (std::map<std::string, std::string>{{"k", "w"}}));
  EXPECT_EQ(notes.connection_tags.at("env"), "test");
  Added(2);
  EXPECT_EQ(Ids({.batch_id = "b1"}), Texts{head.session_id});
  EXPECT_EQ(Ids({.correlation_id = "c1"}), Texts{head.session_id});
  EXPECT_EQ(Ids({.batch_id = "c1"}), Texts{});
  EXPECT_EQ(Ids({.connection_pattern = "PG-demo"}), Texts{});
  EXPECT_STATUS(sessions_.SetMetadata("nobody", {}), absl::StatusCode::kNotFound, "nobody");
}

TEST_F(SessionTableTest, AnotherOrganizationSeesNothing) {
  Added(1);
  auto rows = sessions_.List("other", {});
  ASSERT_OK(rows);
  EXPECT_TRUE(rows->empty());
}

TEST_F(SessionTableTest, CountsUpToABound) {
  for (int i = 0; i < 5; ++i) Added(i);
  Added(9, "bob");
  EXPECT_EQ(Counted({.limit = 1, .offset = 3}), 6);
  EXPECT_EQ(Counted({.owner_id = "bob"}), 1);
  EXPECT_EQ(Counted({}, 4), 4);
}

TEST_F(SessionTableTest, RefusesALongPattern) {
  const std::string pattern(limits::kSearchTextBytesMax + 1, '%');
  EXPECT_STATUS(sessions_.List(store_.org_id(), {.user_pattern = pattern}), absl::StatusCode::kInvalidArgument, "");
  EXPECT_STATUS(sessions_.Count(store_.org_id(), {.type_pattern = pattern}, 1), absl::StatusCode::kInvalidArgument, "");
}

TEST_F(SessionTableTest, ADeletedSessionTakesItsRecordAlong) {
  const std::string id = Added(1);
  ASSERT_OK(store_->record_chunks().Insert({RecordChunk{.session_id = id, .seq = 1}}));
  ASSERT_OK(sessions_.Delete(id));
  EXPECT_STATUS(sessions_.Find(id), absl::StatusCode::kNotFound, "");
  auto end = store_->record_chunks().End(id);
  ASSERT_OK(end);
  EXPECT_FALSE(end->has_value());
}

}  // namespace
}  // namespace hoop
