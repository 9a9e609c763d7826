#include "audit/journal_audit_store.h"

#include "absl/time/clock.h"
#include "audit/session_head_json.h"
#include "base/limits/journal.h"
#include "protocol/record_stream.h"
#include "tests/audit/journal_fixture.h"

namespace hoop {
namespace {

class JournalAuditStoreTest : public JournalFixture {};

TEST_F(JournalAuditStoreTest, ReadsBackWhatWasAppended) {
  ASSERT_OK(Start());
  const std::unique_ptr<TestSession> session = OpenSession();
  session->Input("select 1", "7");
  loop_.Turn();
  clock_.Advance(absl::Microseconds(42));
  ASSERT_OK(session->record->Append(Direction::kReply, RecordKind::kOutput, "7", "1"));
  ASSERT_OK(session->record->Append(Direction::kReply, RecordKind::kErrorOutput, "7", ""));
  ASSERT_OK(session->record->Seal({"client left", 3}));
  loop_.Turn();

  const std::vector<RecordEntry> entries = ReadAll(session->id);
  ASSERT_EQ(entries.size(), 5u);
  EXPECT_EQ(entries[0].kind, RecordKind::kOpen);
  EXPECT_EQ(entries[1].payload, "select 1");
  EXPECT_EQ(entries[1].connection_id, "7");
  EXPECT_EQ(entries[1].direction, Direction::kRequest);
  EXPECT_EQ(entries[2].payload, "1");
  EXPECT_EQ(entries[2].at - entries[1].at, absl::Microseconds(42));
  EXPECT_EQ(entries[3].kind, RecordKind::kErrorOutput);
  EXPECT_EQ(entries[4].kind, RecordKind::kSeal);
  EXPECT_LT(entries[3].position, entries[4].position);
}

TEST_F(JournalAuditStoreTest, WritesTheSessionsRow) {
  ASSERT_OK(Start());
  const std::unique_ptr<TestSession> session = OpenSession();
  session->Input("12345");
  ASSERT_OK(session->record->Append(Direction::kReply, RecordKind::kOutput, "0", "123"));
  loop_.Turn();
  ASSERT_OK(audit_->Flush());
  absl::StatusOr<SessionRow> row = store_->sessions().Find(session->id);
  ASSERT_OK(row);
  EXPECT_EQ(row->status, SessionStatus::kOpen);
  EXPECT_EQ(row->head.command, (std::vector<std::string>{"psql", "-A"}));
  EXPECT_EQ(row->counts.records, 3u);
  EXPECT_EQ(row->counts.request_bytes, 5u);
  EXPECT_EQ(row->counts.reply_bytes, 3u);

  ASSERT_OK(session->record->Seal({"killed by admin@example.test", 130}));
  loop_.Turn();
  ASSERT_OK(audit_->Flush());
  row = store_->sessions().Find(session->id);
  ASSERT_OK(row);
  EXPECT_EQ(row->status, SessionStatus::kDone);
  EXPECT_EQ(row->end_reason, "killed by admin@example.test");
  EXPECT_EQ(row->exit_code, 130);
  EXPECT_TRUE(row->seal.has_value());
}

// More than one record holds, in segments that one of them does not fill.
TEST_F(JournalAuditStoreTest, KeepsWhatTheUserGave) {
  options_.segment_bytes = 8 * limits::kMiB;
  ASSERT_OK(Start());
  TestSession session;
  SessionHead head = Head();
  head.client_args = {"-c", std::string(3 * limits::kMiB, 'x')};
  head.client_env = {{"envvar:A", "YQ=="}};
  auto record = audit_->Open(head, session.observer);
  ASSERT_OK(record);
  session.record = *std::move(record);
  session.Input("12345");
  loop_.Turn();
  const std::vector<RecordEntry> entries = ReadAll(head.session_id);
  ASSERT_EQ(entries.size(), 3u);
  EXPECT_EQ(entries[0].kind, RecordKind::kOpen);
  EXPECT_LT(entries[0].payload.size(), 1000u);
  ASSERT_EQ(entries[1].kind, RecordKind::kGiven);
  EXPECT_EQ(entries[1].direction, Direction::kGateway);
  SessionHead back;
  ASSERT_OK(SessionGivenFromJson(entries[1].payload, back));
  EXPECT_EQ(back.client_args, head.client_args);
  EXPECT_EQ(back.client_env, head.client_env);
  EXPECT_EQ(store_->sessions().Find(head.session_id)->head.user_email, head.user_email);
}

TEST_F(JournalAuditStoreTest, RefusesASessionWhoseBeginningIsTooLarge) {
  ASSERT_OK(Start());
  TestSession session;
  SessionHead head = Head();
  head.user_name = std::string(limits::kRecordPayloadBytesMax, 'x');
  EXPECT_STATUS(audit_->Open(head, session.observer).status(), absl::StatusCode::kInvalidArgument,
                "what is known of its user and connection is");
  head = Head();
  head.client_args = {std::string(limits::kSessionGivenBytesMax, 'x')};
  EXPECT_STATUS(audit_->Open(head, session.observer).status(), absl::StatusCode::kInvalidArgument,
                "its arguments and variables are 4194340 bytes, 4194304 are allowed");
  EXPECT_OK(audit_->Open(Head(), session.observer));
}

// The row says why there is nothing of it.
TEST_F(JournalAuditStoreTest, EndsASessionWhoseBeginningFindsNoRoom) {
  ASSERT_OK(Start());
  TestSession session;
  SessionHead head = Head();
  head.client_args = {std::string(3 * limits::kMiB, 'x')};
  EXPECT_STATUS(audit_->Open(head, session.observer).status(), absl::StatusCode::kResourceExhausted,
                "the journal has no room");
  loop_.Turn();
  EXPECT_EQ(ReadAll(head.session_id).size(), 2u);
  EXPECT_EQ(store_->sessions().Find(head.session_id)->end_reason,
            fmt::format("session {}: the journal has no room", head.session_id));
}

TEST_F(JournalAuditStoreTest, FlushesASecondAfterTheSync) {
  ASSERT_OK(Start());
  const std::unique_ptr<TestSession> session = OpenSession();
  ASSERT_TRUE(TurnUntilDurable(*session));
  EXPECT_STATUS(store_->sessions().Find(session->id), absl::StatusCode::kNotFound, "");
  // The flusher may have looked at the clock before or after a jump, so there are several; each wakes it.
  const absl::Time deadline = absl::Now() + absl::Minutes(1);
  bool flushed = false;
  while (!flushed && absl::Now() < deadline) {
    loop_.Advance(limits::kFlushAge);
    flushed = store_->sessions().Find(session->id).ok();
  }
  EXPECT_TRUE(flushed);
}

TEST_F(JournalAuditStoreTest, JoinsLargePayloads) {
  ASSERT_OK(Start());
  const std::unique_ptr<TestSession> session = OpenSession();
  const std::string large = Noise(3 * limits::kRecordPayloadBytesMax + 17);
  session->Input(large);
  session->Input("");
  loop_.Turn();
  const std::vector<RecordEntry> entries = ReadAll(session->id);
  ASSERT_EQ(entries.size(), 3u);
  EXPECT_EQ(entries[1].payload, large);
  EXPECT_EQ(entries[2].payload, "");
}

TEST_F(JournalAuditStoreTest, ServesPagesThatVerifyElsewhere) {
  ASSERT_OK(Start());
  const std::unique_ptr<TestSession> session = OpenSession();
  for (int i = 0; i < 40; ++i) {
    Feed(*session, Noise(60'000));
    if (i % 10 == 9) {
      ASSERT_OK(audit_->Flush());
    }
  }
  ASSERT_OK(session->record->Seal({"client left", std::nullopt}));
  loop_.Turn();

  RecordVerifier verifier(session->id, *Base64Decode(audit_->public_key()));
  std::string cursor;
  int pages = 0;
  do {
    const absl::StatusOr<RecordPage> page = audit_->ReadPage(session->id, cursor, 700'000);
    ASSERT_OK(page);
    EXPECT_LE(page->bytes.size(), limits::kFlushChunkBytes + kRecordBytesMax);
    verifier.Add(page->bytes);
    cursor = page->next_cursor;
    ++pages;
  } while (!cursor.empty());
  EXPECT_GT(pages, 2);
  const VerifyReport report = verifier.Finish(false);
  EXPECT_TRUE(report.ok) << report.problem;
  EXPECT_EQ(report.records, 42u);
  EXPECT_EQ(report.end_reason, "client left");
}

TEST_F(JournalAuditStoreTest, RefusesForeignCursors) {
  ASSERT_OK(Start());
  for (const char* cursor : {"x", "0", "-1", "1x", "99999999999999999999"}) {
    EXPECT_STATUS(audit_->ReadPage(NewUuid(), cursor, 1000), absl::StatusCode::kInvalidArgument, "cursor");
  }
}

TEST_F(JournalAuditStoreTest, SaysWhenThereIsNoSuchSession) {
  ASSERT_OK(Start());
  const std::string id = NewUuid();
  EXPECT_STATUS(audit_->ReadPage(id, "", 1000), absl::StatusCode::kNotFound, id);
  EXPECT_STATUS(audit_->Verify(id), absl::StatusCode::kNotFound, id);
  EXPECT_STATUS(audit_->Read(id, [](const RecordEntry&) { return true; }), absl::StatusCode::kNotFound, id);
}

TEST_F(JournalAuditStoreTest, ReadStopsWhenToldTo) {
  ASSERT_OK(Start());
  const std::unique_ptr<TestSession> session = OpenSession();
  session->Input("a");
  session->Input("b");
  loop_.Turn();
  int seen = 0;
  ASSERT_OK(audit_->Read(session->id, [&seen](const RecordEntry&) { return ++seen < 2; }));
  EXPECT_EQ(seen, 2);
}

TEST_F(JournalAuditStoreTest, RefusesBadOptions) {
  options_.segment_bytes = limits::kSegmentBytesMin - 1;
  EXPECT_STATUS(Start(), absl::StatusCode::kInvalidArgument, "journal_segment_bytes");
  options_.segment_bytes = limits::kSegmentBytesMin;
  options_.bytes_max = 2 * options_.segment_bytes - 1;
  EXPECT_STATUS(Start(), absl::StatusCode::kInvalidArgument, "journal_bytes_max");
}

TEST_F(JournalAuditStoreTest, RefusesIdsThatAreNoUuids) {
  ASSERT_OK(Start());
  SessionHead head = Head();
  head.session_id = "../../etc";
  RecordingObserver observer;
  EXPECT_STATUS(audit_->Open(head, observer), absl::StatusCode::kInvalidArgument, "UUID");
}

TEST_F(JournalAuditStoreTest, RefusesToOpenASessionTwice) {
  ASSERT_OK(Start());
  const SessionHead head = Head();
  RecordingObserver observer;
  const auto record = audit_->Open(head, observer);
  ASSERT_OK(record);
  EXPECT_STATUS(audit_->Open(head, observer), absl::StatusCode::kAlreadyExists, head.session_id);
}

TEST_F(JournalAuditStoreTest, RefusesToOpenOutsideItsLoops) {
  ASSERT_OK(Start());
  loop_.current = false;
  RecordingObserver observer;
  EXPECT_STATUS(audit_->Open(Head(), observer), absl::StatusCode::kInternal, "outside");
}

TEST_F(JournalAuditStoreTest, SealEndsTheRecord) {
  ASSERT_OK(Start());
  const std::unique_ptr<TestSession> session = OpenSession();
  ASSERT_OK(session->record->Seal({"done", 0}));
  EXPECT_STATUS(session->record->Append(Direction::kRequest, RecordKind::kInput, "0", "x"),
                absl::StatusCode::kFailedPrecondition, "sealed");
  EXPECT_STATUS(session->record->Seal({"again", 0}), absl::StatusCode::kFailedPrecondition, "sealed");
}

TEST_F(JournalAuditStoreTest, RefusesLongConnectionIds) {
  ASSERT_OK(Start());
  const std::unique_ptr<TestSession> session = OpenSession();
  EXPECT_STATUS(session->record->Append(Direction::kRequest, RecordKind::kInput, std::string(65, '1'), "x"),
                absl::StatusCode::kInvalidArgument, "connection id");
}

TEST_F(JournalAuditStoreTest, WhileTheDatabaseIsDownSessionsGoOnAndNewOnesAreRefused) {
  ASSERT_OK(Start());
  const std::unique_ptr<TestSession> session = OpenSession();
  database_->writes_down = true;
  session->Input("while it is down");
  loop_.Turn();
  EXPECT_STATUS(audit_->Flush(), absl::StatusCode::kUnavailable, "down");
  RecordingObserver observer;
  EXPECT_STATUS(audit_->Open(Head(), observer), absl::StatusCode::kUnavailable, "database");
  session->Input("still going");
  ASSERT_TRUE(TurnUntilDurable(*session));
  EXPECT_TRUE(session->observer.failures.empty());

  database_->writes_down = false;
  ASSERT_OK(audit_->Flush());
  EXPECT_OK(audit_->Open(Head(), observer));
  EXPECT_EQ(ReadAll(session->id).size(), 3u);
}

TEST_F(JournalAuditStoreTest, FlushingEndsWaitsForSessionsThatHaveEndedOnly) {
  ASSERT_OK(Start());
  const std::unique_ptr<TestSession> running = OpenSession(), ended = OpenSession();
  running->Input("of no end");
  loop_.Turn();
  database_->writes_down = true;
  ASSERT_OK(audit_->FlushEnds());
  ASSERT_OK(ended->record->Seal({"done", 0}));
  loop_.Turn();
  EXPECT_STATUS(audit_->FlushEnds(), absl::StatusCode::kUnavailable, "down");
  database_->writes_down = false;
  ASSERT_OK(audit_->FlushEnds());
  EXPECT_EQ(store_->sessions().Find(ended->id)->status, SessionStatus::kDone);
  running->Input("more");
  loop_.Turn();
  database_->writes_down = true;
  EXPECT_OK(audit_->FlushEnds());  // that end is in the store
}

TEST_F(JournalAuditStoreTest, ALostAnswerOfTheDatabaseDoublesNothing) {
  ASSERT_OK(Start());
  const std::unique_ptr<TestSession> session = OpenSession();
  session->Input("once");
  loop_.Turn();
  database_->lose_answers = true;
  EXPECT_STATUS(audit_->Flush(), absl::StatusCode::kUnavailable, "lost");
  database_->lose_answers = false;
  session->Input("twice");
  ASSERT_OK(session->record->Seal({"done", 0}));
  loop_.Turn();
  EXPECT_EQ(ReadAll(session->id).size(), 4u);
  const absl::StatusOr<VerifyReport> report = audit_->Verify(session->id);
  ASSERT_OK(report);
  EXPECT_TRUE(report->ok) << report->problem;
}

TEST_F(JournalAuditStoreTest, ASessionThatIsDeletedWhileItRunsStopsNoOther) {
  ASSERT_OK(Start());
  auto deleted = OpenSession(), other = OpenSession();
  deleted->Input("before");
  other->Input("before");
  ASSERT_TRUE(TurnUntilDurable(*deleted));
  ASSERT_TRUE(TurnUntilDurable(*other));
  ASSERT_OK(audit_->Flush());
  ASSERT_OK(store_->sessions().Delete(deleted->id));
  for (int round = 0; round < 2; ++round) {
    deleted->Input("after");
    other->Input("after");
    ASSERT_TRUE(TurnUntilDurable(*deleted));
    ASSERT_TRUE(TurnUntilDurable(*other));
    ASSERT_OK(audit_->Flush());
  }
  ASSERT_OK(deleted->record->Seal({"done", 0}));
  ASSERT_OK(other->record->Seal({"done", 0}));
  ASSERT_TRUE(TurnUntilDurable(*other));
  ASSERT_OK(audit_->Flush());
  EXPECT_STATUS(store_->sessions().Find(deleted->id), absl::StatusCode::kNotFound, deleted->id);
  const auto report = audit_->Verify(other->id);
  ASSERT_OK(report);
  EXPECT_TRUE(report->ok) << report->problem;
}

TEST_F(JournalAuditStoreTest, ADeletedSessionDoesNotComeBackWhenTheFlusherAsksTheDatabaseAgain) {
  ASSERT_OK(Start());
  auto deleted = OpenSession();
  deleted->Input("before");
  ASSERT_TRUE(TurnUntilDurable(*deleted));
  ASSERT_OK(audit_->Flush());
  ASSERT_OK(store_->sessions().Delete(deleted->id));
  deleted->Input("after");
  ASSERT_TRUE(TurnUntilDurable(*deleted));
  database_->writes_down = true;
  EXPECT_FALSE(audit_->Flush().ok());  // what it knew about sessions is forgotten
  database_->writes_down = false;
  ASSERT_OK(audit_->Flush());
  EXPECT_STATUS(store_->sessions().Find(deleted->id), absl::StatusCode::kNotFound, deleted->id);
}

TEST_F(JournalAuditStoreTest, GivesSegmentsBackWhenTheyAreFlushed) {
  ASSERT_OK(Start());
  const std::unique_ptr<TestSession> session = OpenSession();
  for (int i = 0; i < 300; ++i) {  // 18 MB through segments of 512 KiB
    Feed(*session, Noise(60'000));
    if (i % 5 == 4) {
      ASSERT_OK(audit_->Flush());
    }
  }
  ASSERT_OK(session->record->Seal({"done", 0}));
  loop_.Turn();
  ASSERT_OK(audit_->Flush());
  EXPECT_LE(SegmentPaths().size(), 4u);
  EXPECT_LE(audit_->journal_bytes(), 4 * options_.segment_bytes);
  const absl::StatusOr<VerifyReport> report = audit_->Verify(session->id);
  ASSERT_OK(report);
  EXPECT_TRUE(report->ok) << report->problem;
  EXPECT_EQ(report->records, 302u);
}

// The flusher did not make the chain of a long record itself; recovery goes on from it.
TEST_F(JournalAuditStoreTest, RecoveryGoesOnBehindALongStoredRecord) {
  ASSERT_OK(Start());
  const std::unique_ptr<TestSession> session = OpenSession();
  for (int i = 0; i < 100; ++i) Feed(*session, std::string(20 * limits::kKiB, 'x'));
  ASSERT_OK(audit_->Flush());
  session->Input("not flushed");
  ASSERT_TRUE(TurnUntilDurable(*session));
  session->record = nullptr;
  Crash();
  ASSERT_OK(Start());
  const absl::StatusOr<VerifyReport> report = audit_->Verify(session->id);
  ASSERT_OK(report);
  EXPECT_TRUE(report->ok) << report->problem;
  EXPECT_EQ(report->records, 103u);
}

class VerifyTest : public JournalFixture {
 protected:
  // A sealed session of several chunks.
  std::string SealedSession() {
    EXPECT_OK(Start());
    const std::unique_ptr<TestSession> session = OpenSession();
    for (int i = 0; i < 4; ++i) {
      session->Input(fmt::format("statement {}", i));
      loop_.Turn();
      EXPECT_OK(audit_->Flush());
    }
    EXPECT_OK(session->record->Seal({"client left", std::nullopt}));
    loop_.Turn();
    EXPECT_OK(audit_->Flush());
    return session->id;
  }
  absl::Status Change(std::string_view sql, const std::string& session_id) {
    return store_->database().Write(Durability::kNormal, [&](Transaction& transaction) {
      return transaction.Execute(sql, {SqlValue(session_id)}).status();
    });
  }
  VerifyReport Verified(const std::string& session_id) {
    const absl::StatusOr<VerifyReport> report = audit_->Verify(session_id);
    EXPECT_OK(report);
    return report.value_or(VerifyReport());
  }
};

TEST_F(VerifyTest, AcceptsASealedRecord) {
  const VerifyReport report = Verified(SealedSession());
  EXPECT_TRUE(report.ok) << report.problem;
  EXPECT_TRUE(report.sealed);
  EXPECT_EQ(report.end_reason, "client left");
  EXPECT_EQ(report.records, 6u);
  EXPECT_EQ(report.key_id.size(), 16u);
}

TEST_F(VerifyTest, FindsOneChangedByteOfAStoredChunk) {
  const std::string id = SealedSession();
  const auto chunks = store_->record_chunks().Page(id, 1, 1);
  ASSERT_OK(chunks);
  ASSERT_FALSE(chunks->empty());
  RecordChunk chunk = chunks->front();
  for (size_t at = 0; at < chunk.bytes.size(); ++at) {
    RecordChunk changed = chunk;
    changed.bytes[at] = static_cast<char>(changed.bytes[at] ^ 0x10);
    ASSERT_OK(store_->database().Write(Durability::kNormal, [&](Transaction& transaction) {
      return transaction
          .Execute("update record_chunks set content = $1 where session_id = $2 and seq = 2",
                   {SqlValue(SqlValue::Bytes{changed.bytes}), SqlValue(id)})
          .status();
    }));
    EXPECT_FALSE(Verified(id).ok) << "byte " << at;
  }
}

TEST_F(VerifyTest, FindsAMissingChunk) {
  const std::string id = SealedSession();
  ASSERT_OK(Change("delete from record_chunks where session_id = $1 and seq = 3", id));
  const VerifyReport report = Verified(id);
  EXPECT_FALSE(report.ok);
  EXPECT_NE(report.problem.find("chain"), std::string::npos) << report.problem;
}

TEST_F(VerifyTest, FindsAMissingEnd) {
  const std::string id = SealedSession();
  ASSERT_OK(Change("delete from record_chunks where session_id = $1 and seq = 5", id));
  const VerifyReport report = Verified(id);
  EXPECT_FALSE(report.ok);
  EXPECT_FALSE(report.sealed);
  EXPECT_FALSE(report.running);
  EXPECT_NE(report.problem.find("the session is over"), std::string::npos) << report.problem;
}

TEST_F(VerifyTest, ASessionThatRunsHasNoSealYet) {
  ASSERT_OK(Start());
  const std::unique_ptr<TestSession> session = OpenSession();
  Feed(*session, "select 1");
  VerifyReport report = Verified(session->id);
  EXPECT_FALSE(report.ok);
  EXPECT_TRUE(report.running);
  EXPECT_NE(report.problem.find("still runs"), std::string::npos) << report.problem;
  ASSERT_OK(session->record->Seal({"client left", std::nullopt}));
  loop_.Turn();
  report = Verified(session->id);
  EXPECT_TRUE(report.ok) << report.problem;
  EXPECT_FALSE(report.running);
}

TEST_F(VerifyTest, ADamagedChunkOfASessionThatRunsIsDamage) {
  ASSERT_OK(Start());
  const std::unique_ptr<TestSession> session = OpenSession();
  Feed(*session, "select 1");
  ASSERT_OK(audit_->Flush());
  ASSERT_OK(store_->database().Write(Durability::kNormal, [&](Transaction& transaction) {
    return transaction
        .Execute("update record_chunks set content = $1 where session_id = $2",
                 {SqlValue(SqlValue::Bytes{"no chunk"}), SqlValue(session->id)})
        .status();
  }));
  const VerifyReport report = Verified(session->id);
  EXPECT_FALSE(report.ok);
  EXPECT_FALSE(report.running);
}

TEST_F(VerifyTest, FindsAForeignKey) {
  const std::string id = SealedSession();
  audit_ = nullptr;
  std::filesystem::remove(options_.key_path);
  ASSERT_OK(Start());
  const VerifyReport report = Verified(id);
  EXPECT_FALSE(report.ok);
  EXPECT_NE(report.problem.find("not signed by the audit key"), std::string::npos) << report.problem;
}

// ---- Room ----------------------------------------------------------------------------------------------------------

TEST_F(JournalAuditStoreTest, RefusesToStartWithoutRoomForAFirstSegment) {
  files_.FailReserves("/room", ResourceExhausted("no space left on device"));
  EXPECT_STATUS(Start(), absl::StatusCode::kResourceExhausted, "journal_dir: " + options_.journal_dir);
  files_.FailReserves("", absl::OkStatus());
  ASSERT_OK(Start());
  EXPECT_TRUE(TurnUntilDurable(*OpenSession()));
}

TEST_F(JournalAuditStoreTest, StartsOnAFullDiskInTheSegmentsThatItHas) {
  ASSERT_OK(Start());
  ASSERT_TRUE(TurnUntilDurable(*OpenSession()));
  audit_.reset();
  files_.FailReserves("/room", ResourceExhausted("no space left on device"));
  EXPECT_OK(Start());
}

TEST_F(JournalAuditStoreTest, EveryLaneNeedsRoom) {
  uint64_t asked = 0;
  files_.BeforeReserves([&asked](const std::string& path, uint64_t size) {
    if (path.ends_with("/room")) asked = size;
  });
  more_loops_.push_back(std::make_unique<WaitingLoop>(clock_));
  ASSERT_OK(Start());
  EXPECT_EQ(asked, 2 * options_.segment_bytes);
}

}  // namespace
}  // namespace hoop
