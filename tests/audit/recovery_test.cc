#include "audit/recovery.h"

#include <fstream>
#include <random>

#include "tests/audit/journal_fixture.h"

namespace hoop {
namespace {

class RecoveryTest : public JournalFixture {
 protected:
  VerifyReport Verified(const std::string& session_id) {
    const absl::StatusOr<VerifyReport> report = audit_->Verify(session_id);
    EXPECT_OK(report);
    return report.value_or(VerifyReport());
  }
  // The gateway dies with the session open and starts again: what is sealed then.
  VerifyReport AfterACrash(TestSession& session) {
    session.record = nullptr;
    Crash();
    EXPECT_OK(Start());
    VerifyReport report = Verified(session.id);
    EXPECT_TRUE(report.ok) << report.problem;
    return report;
  }
  // Starts with two lanes; what is open is durable in the second.
  std::unique_ptr<TestSession> StartAndOpenInSecondLane() {
    more_loops_.push_back(std::make_unique<WaitingLoop>(clock_));
    EXPECT_OK(Start());
    loop_.current = false;
    std::unique_ptr<TestSession> session = OpenSession();
    loop_.current = true;
    EXPECT_TRUE(more_loops_[0]->TurnUntil([&] { return session->record->IsDurable(session->record->last()); }));
    return session;
  }
  static void Overwrite(const std::string& path, uint64_t offset, std::string_view bytes) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(offset));
    file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }
  static std::string Contents(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
};

TEST_F(RecoveryTest, SealsWhatAnEarlierLifeLeft) {
  ASSERT_OK(Start());
  const std::unique_ptr<TestSession> session = OpenSession();
  session->Input("select 1");
  ASSERT_TRUE(TurnUntilDurable(*session));
  const VerifyReport report = AfterACrash(*session);
  EXPECT_EQ(report.end_reason, "gateway restarted");
  EXPECT_EQ(report.records, 3u);
  const absl::StatusOr<SessionRow> row = store_->sessions().Find(session->id);
  ASSERT_OK(row);
  EXPECT_EQ(row->status, SessionStatus::kDone);
  EXPECT_EQ(row->head.user_email, "ada@example.test");
}

TEST_F(RecoveryTest, LeavesSealedSessionsAsTheyAre) {
  ASSERT_OK(Start());
  const std::unique_ptr<TestSession> session = OpenSession();
  ASSERT_OK(session->record->Seal({"client left", 0}));
  ASSERT_TRUE(TurnUntilDurable(*session));
  const VerifyReport report = AfterACrash(*session);
  EXPECT_EQ(report.end_reason, "client left");
  EXPECT_EQ(report.records, 2u);
}

TEST_F(RecoveryTest, GoesOnBehindWhatTheDatabaseHas) {
  ASSERT_OK(Start());
  const std::unique_ptr<TestSession> session = OpenSession();
  session->Input("stored");
  loop_.Turn();
  ASSERT_OK(audit_->Flush());
  session->Input("not stored");
  ASSERT_TRUE(TurnUntilDurable(*session));
  AfterACrash(*session);
  const std::vector<RecordEntry> entries = ReadAll(session->id);
  ASSERT_EQ(entries.size(), 4u);
  EXPECT_EQ(entries[1].payload, "stored");
  EXPECT_EQ(entries[2].payload, "not stored");
}

TEST_F(RecoveryTest, SealsSessionsThatAreOnlyInTheDatabaseAnyMore) {
  ASSERT_OK(Start());
  const std::unique_ptr<TestSession> idle = OpenSession(), busy = OpenSession();
  loop_.Turn();
  for (int i = 0; i < 60; ++i) {  // several segments come and go
    Feed(*busy, Noise(60'000));
    ASSERT_OK(audit_->Flush());
  }
  for (const std::string& path : SegmentPaths()) {
    EXPECT_EQ(Contents(path).substr(kSegmentHeaderBytes, 400).find("pg-demo"), std::string::npos);
  }
  idle->record = nullptr;
  busy->record = nullptr;
  Crash();
  ASSERT_OK(Start());
  for (const std::string& id : {idle->id, busy->id}) {
    const VerifyReport report = Verified(id);
    EXPECT_TRUE(report.ok) << report.problem;
    EXPECT_EQ(report.end_reason, "gateway restarted");
  }
}

TEST_F(RecoveryTest, KeepsWhatADatabaseDoesNotKnowThatLagsBehind) {
  ASSERT_OK(Start());
  const std::unique_ptr<TestSession> session = OpenSession();
  for (int i = 0; i < 60; ++i) {  // its beginning leaves the journal
    Feed(*session, Noise(60'000));
    ASSERT_OK(audit_->Flush());
  }
  database_->writes_down = true;
  Feed(*session, "not flushed");
  session->record = nullptr;
  Crash();
  ASSERT_OK(store_->sessions().Delete(session->id));
  ASSERT_OK(database_->Write(Durability::kFull, [](Transaction& transaction) {
    return transaction.Execute("delete from journal_lanes").status();
  }));
  ASSERT_OK(Start());
  ASSERT_OK(audit_->Flush());
  EXPECT_OK(store_->sessions().Find(session->id));
  const std::vector<RecordEntry> entries = ReadAll(session->id);
  ASSERT_GE(entries.size(), 2u);
  EXPECT_EQ(entries[entries.size() - 2].payload, "not flushed");
}

TEST_F(RecoveryTest, EndsRowsWithoutAnyRecord) {
  ASSERT_OK(Start());
  const SessionHead head = Head();
  ASSERT_OK(store_->sessions().Insert(head, {}, audit_->journal()));
  Crash();
  ASSERT_OK(Start());
  const absl::StatusOr<SessionRow> row = store_->sessions().Find(head.session_id);
  ASSERT_OK(row);
  EXPECT_EQ(row->status, SessionStatus::kDone);
  EXPECT_EQ(row->end_reason, "gateway restarted");
  EXPECT_FALSE(row->seal.has_value());
}

TEST_F(RecoveryTest, WhatWasDeletedDoesNotComeBackFromTheJournal) {
  ASSERT_OK(Start());
  const std::unique_ptr<TestSession> deleted = OpenSession(), kept = OpenSession();
  for (TestSession* session : {deleted.get(), kept.get()}) {
    session->Input("select 1");
    ASSERT_OK(session->record->Seal({"client left", 0}));
    ASSERT_TRUE(TurnUntilDurable(*session));
    session->record = nullptr;
  }
  ASSERT_OK(audit_->Flush());
  ASSERT_OK(store_->sessions().Delete(deleted->id));
  Crash();
  ASSERT_OK(Start());
  ASSERT_OK(audit_->Flush());
  EXPECT_STATUS(store_->sessions().Find(deleted->id), absl::StatusCode::kNotFound, deleted->id);
  EXPECT_FALSE(store_->record_chunks().End(deleted->id)->has_value());
  EXPECT_TRUE(Verified(kept->id).ok);
}

TEST_F(RecoveryTest, WhatWasDeletedWhileItRanDoesNotComeBackWithItsRest) {
  ASSERT_OK(Start());
  const std::unique_ptr<TestSession> deleted = OpenSession(), kept = OpenSession();
  ASSERT_TRUE(TurnUntilDurable(*deleted));
  ASSERT_TRUE(TurnUntilDurable(*kept));
  ASSERT_OK(audit_->Flush());
  ASSERT_OK(store_->sessions().Delete(deleted->id));
  database_->writes_down = true;
  for (TestSession* session : {deleted.get(), kept.get()}) {
    session->Input("not flushed");
    ASSERT_TRUE(TurnUntilDurable(*session));
    session->record = nullptr;
  }
  Crash();
  ASSERT_OK(Start());
  ASSERT_OK(audit_->Flush());
  EXPECT_STATUS(store_->sessions().Find(deleted->id), absl::StatusCode::kNotFound, deleted->id);
  const VerifyReport report = Verified(kept->id);
  EXPECT_TRUE(report.ok) << report.problem;
  EXPECT_EQ(report.records, 3u);
}

TEST_F(RecoveryTest, PositionsGoOnBehindWhatWasFlushed) {
  ASSERT_OK(Start());
  const std::unique_ptr<TestSession> before = OpenSession();
  for (int i = 0; i < 10; ++i) before->Input("one");
  ASSERT_OK(before->record->Seal({"client left", 0}));
  ASSERT_TRUE(TurnUntilDurable(*before));
  before->record = nullptr;
  ASSERT_OK(audit_->Flush());
  Crash();
  for (const std::string& path : SegmentPaths()) std::filesystem::remove(path);  // somebody cleaned up
  ASSERT_OK(Start());
  const std::unique_ptr<TestSession> after = OpenSession();
  ASSERT_OK(after->record->Seal({"client left", 0}));
  ASSERT_TRUE(TurnUntilDurable(*after));
  ASSERT_OK(audit_->Flush());
  EXPECT_TRUE(Verified(before->id).ok);
  EXPECT_TRUE(Verified(after->id).ok);
}

TEST_F(RecoveryTest, TwiceGivesTheSame) {
  ASSERT_OK(Start());
  const std::unique_ptr<TestSession> session = OpenSession();
  session->Input("select 1");
  ASSERT_TRUE(TurnUntilDurable(*session));
  session->record = nullptr;
  Crash();
  database_->writes_down = true;  // the second life dies before it flushed anything
  ASSERT_OK(Start());
  Crash();
  ASSERT_OK(Start());
  const VerifyReport report = Verified(session->id);
  EXPECT_TRUE(report.ok) << report.problem;
  EXPECT_EQ(report.records, 3u);
}

TEST_F(RecoveryTest, VoidsWhatAFailedSyncLeftOnTheDisk) {
  ASSERT_OK(Start());
  const std::unique_ptr<TestSession> session = OpenSession();
  session->Input("kept");
  ASSERT_TRUE(TurnUntilDurable(*session));
  database_->writes_down = true;
  session->observer.on_failed = [&] { session->record->Seal({"the record failed", std::nullopt}).IgnoreError(); };
  files_.FailSyncs("seg-00000000000000000001", absl::DataLossError("the disk lies"));
  const SessionRecord::Position lost = session->Input("void, but on the disk");
  ASSERT_TRUE(loop_.TurnUntil(
      [&] { return session->record->last() > lost && session->record->IsDurable(session->record->last()); }));
  const VerifyReport report = AfterACrash(*session);
  EXPECT_EQ(report.end_reason, "the record failed");
  EXPECT_EQ(report.records, 3u);
}

TEST_F(RecoveryTest, SaysInTheSealThatRecordsAreDamaged) {
  ASSERT_OK(Start());
  const std::unique_ptr<TestSession> session = OpenSession();
  for (int i = 0; i < 10; ++i) session->Input(fmt::format("statement {}", i));
  ASSERT_TRUE(TurnUntilDurable(*session));
  database_->writes_down = true;
  session->record = nullptr;
  const std::string path = SegmentPaths().front();
  const size_t at = Contents(path).find("statement 4");
  ASSERT_NE(at, std::string::npos);
  Crash();
  Overwrite(path, at, "S");
  ASSERT_OK(Start());
  const std::vector<RecordEntry> entries = ReadAll(session->id);
  ASSERT_EQ(entries.size(), 11u);  // all others are there
  EXPECT_NE(entries.back().payload.find("damage in the journal"), std::string::npos) << entries.back().payload;
  EXPECT_TRUE(Verified(session->id).ok);
}

TEST_F(RecoveryTest, KeepsWhatIsLeftOfASessionWithoutItsBeginning) {
  ASSERT_OK(Start());
  const std::unique_ptr<TestSession> session = OpenSession(), other = OpenSession();
  session->Input("kept");
  ASSERT_TRUE(TurnUntilDurable(*session));
  database_->writes_down = true;
  session->record = nullptr;
  other->record = nullptr;
  const std::string path = SegmentPaths().front();
  Crash();
  Overwrite(path, kSegmentHeaderBytes + kRecordHeaderBytes, "?");
  ASSERT_OK(Start());
  const std::vector<RecordEntry> entries = ReadAll(session->id);
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_EQ(entries[0].payload, "kept");
  EXPECT_EQ(Verified(session->id).problem, "record 1: does not open the session");
  EXPECT_TRUE(Verified(other->id).ok);
}

TEST_F(RecoveryTest, ATornTailIsNoDamage) {
  ASSERT_OK(Start());
  const std::unique_ptr<TestSession> session = OpenSession();
  session->Input("kept");
  ASSERT_TRUE(TurnUntilDurable(*session));
  const std::string path = SegmentPaths().front();
  files_.HoldSyncs("lane-0");
  session->Input("torn");
  loop_.Turn();
  database_->writes_down = true;
  session->record = nullptr;
  const size_t at = Contents(path).find("torn");
  ASSERT_NE(at, std::string::npos);
  Crash();
  Overwrite(path, at, std::string(4, '\0'));
  ASSERT_OK(Start());
  const std::vector<RecordEntry> entries = ReadAll(session->id);
  ASSERT_EQ(entries.size(), 3u);
  EXPECT_EQ(entries[1].payload, "kept");
  EXPECT_EQ(entries[2].payload.find("damage"), std::string::npos);
}

TEST_F(RecoveryTest, LeavesTheFoldersOfRunningGatewaysAlone) {
  ASSERT_OK(Start());
  const std::unique_ptr<TestSession> session = OpenSession();
  ASSERT_TRUE(TurnUntilDurable(*session));
  testing::TempStore other_store;
  const auto other = JournalAuditStore::Create(options_, {&loop_}, other_store->database(), clock_, Log(), &files_);
  ASSERT_OK(other);
  EXPECT_NE((*other)->journal(), audit_->journal());
  EXPECT_STATUS((*other)->Verify(session->id), absl::StatusCode::kNotFound, "");
  session->Input("goes on");
  ASSERT_TRUE(TurnUntilDurable(*session));
  EXPECT_TRUE(session->observer.failures.empty());
}

TEST_F(RecoveryTest, EndsOnlyWhatItsOwnEarlierLifeLeft) {
  ASSERT_OK(Start());
  const SessionHead begun = Head();
  ASSERT_OK(store_->sessions().Insert(begun, {}, audit_->journal()));
  const std::unique_ptr<TestSession> unflushed = OpenSession();
  const auto status = [this](const std::string& id) {
    const absl::StatusOr<SessionRow> row = store_->sessions().Find(id);
    return row.ok() ? SessionStatusText(row->status) : StatusText(row.status());
  };
  {
    JournalOptions elsewhere = options_;
    elsewhere.journal_dir = root_ + "/journal of another";
    elsewhere.key_path = root_ + "/another.key";
    const auto other = JournalAuditStore::Create(elsewhere, {&loop_}, store_->database(), clock_, Log());
    ASSERT_OK(other);
    EXPECT_NE((*other)->journal(), audit_->journal());
    EXPECT_EQ(status(begun.session_id), "open");
  }
  ASSERT_OK(unflushed->record->Seal({"client left", 0}));
  ASSERT_TRUE(TurnUntilDurable(*unflushed));
  ASSERT_OK(audit_->Flush());
  EXPECT_EQ(store_->sessions().Find(unflushed->id)->end_reason, "client left");
  EXPECT_EQ(store_->sessions().Find(unflushed->id)->journal, audit_->journal());
  unflushed->record = nullptr;
  Crash();
  ASSERT_OK(Start());
  EXPECT_EQ(status(begun.session_id), "done");
}

TEST_F(RecoveryTest, TheOnlyGatewayOfADatabaseEndsWhatAnyJournalLeft) {
  SessionHead head = Head();
  ASSERT_OK(store_->sessions().Insert(head, {}, "of a machine that burned"));
  ASSERT_OK(Start());
  EXPECT_EQ(store_->sessions().Find(head.session_id)->status, SessionStatus::kOpen);
  audit_ = nullptr;
  options_.is_only_gateway = true;
  ASSERT_OK(Start());
  EXPECT_EQ(store_->sessions().Find(head.session_id)->end_reason, "gateway restarted");
}

TEST_F(RecoveryTest, EndsRowsWhoseLaneIsGone) {
  const std::unique_ptr<TestSession> session = StartAndOpenInSecondLane();
  ASSERT_OK(audit_->Flush());
  session->record = nullptr;
  const std::string lane = options_.journal_dir + "/" + audit_->journal() + "/lane-1";
  Crash();
  more_loops_.clear();
  ASSERT_GT(std::filesystem::remove_all(lane), 0u);
  ASSERT_OK(Start());
  const absl::StatusOr<SessionRow> row = store_->sessions().Find(session->id);
  ASSERT_OK(row);
  EXPECT_EQ(row->end_reason, "gateway restarted");
  EXPECT_FALSE(row->seal.has_value());
}

TEST_F(RecoveryTest, FlushesLanesThatAreNotUsedAnyMore) {
  const std::unique_ptr<TestSession> session = StartAndOpenInSecondLane();
  session->record = nullptr;
  Crash();
  more_loops_.clear();
  ASSERT_OK(Start());
  EXPECT_TRUE(Verified(session->id).ok);
}

// What a random life did, and how much of it must survive.
struct Life {
  std::vector<std::unique_ptr<TestSession>> sessions;
  std::map<std::string, std::vector<std::string>> payloads;  // by session, in order
  std::map<std::string, size_t> acknowledged;                // how many of them were durable
};

class RandomCrashTest : public JournalFixture, public ::testing::WithParamInterface<int> {
 protected:
  void Live(std::mt19937& random, Life& life) {
    const auto pick = [&random](size_t below) { return static_cast<size_t>(random() % below); };
    for (int i = 0; i < 4; ++i) life.sessions.push_back(OpenSession());
    const size_t turns = 20 + pick(60), hold_at = pick(turns + 20);
    for (size_t turn = 0; turn < turns; ++turn) {
      if (turn == hold_at) files_.HoldSyncs("lane-0");
      for (size_t i = 0, count = pick(6); i < count; ++i) {
        TestSession& session = *life.sessions[pick(life.sessions.size())];
        std::string payload = Noise(pick(8) == 0 ? pick(150'000) : pick(300));
        const auto position = session.record->Append(Direction::kRequest, RecordKind::kInput, "0", payload);
        if (!position.ok()) return;  // the held sync filled the journal
        life.payloads[session.id].push_back(std::move(payload));
        session.record->WhenDurable(*position, [&life, id = session.id](const absl::Status& status) {
          if (status.ok()) ++life.acknowledged[id];
        });
      }
      loop_.Turn();
      if (turn < hold_at && pick(3) == 0) {
        EXPECT_TRUE(TurnUntilDurable(*life.sessions[pick(4)]));
      }
      if (turn < hold_at && pick(10) == 0) {
        EXPECT_OK(audit_->Flush());
      }
    }
  }

  // Takes away or garbles what was never synced.
  void LosePower(std::mt19937& random) {
    for (const std::string& path : SegmentPaths()) {
      const uint64_t size = std::filesystem::file_size(path);
      const uint64_t synced = synced_[path];
      if (synced >= size || random() % 4 == 0) continue;
      const uint64_t from = synced + random() % std::min<uint64_t>(size - synced, 200'000);
      std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
      file.seekp(static_cast<std::streamoff>(from));
      const std::string bytes =
          random() % 2 == 0 ? Noise(std::min<uint64_t>(size - from, 5000)) : std::string(size - from, '\0');
      file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
      if (random() % 3 == 0) std::filesystem::resize_file(path, from);
    }
  }

  std::map<std::string, uint64_t> synced_;  // as it was at the crash
};

TEST_P(RandomCrashTest, LosesDoublesAndReordersNothingAcknowledged) {
  std::mt19937 random(static_cast<unsigned>(GetParam()));
  ASSERT_OK(Start());
  Life life;
  Live(random, life);
  database_->writes_down = true;
  for (auto& session : life.sessions) session->record = nullptr;
  for (const std::string& path : SegmentPaths()) synced_[path] = files_.SyncedBytes(path);
  const bool second_crash = random() % 2 == 0;
  Crash();
  LosePower(random);
  if (second_crash) {
    database_->writes_down = true;
    ASSERT_OK(Start());
    Crash();
  }
  ASSERT_OK(Start());
  for (const auto& session : life.sessions) {
    const std::vector<std::string>& sent = life.payloads[session->id];
    const size_t acknowledged = life.acknowledged[session->id];
    if (acknowledged == 0 && !audit_->Verify(session->id).ok()) continue;  // not even opened durably
    const std::vector<RecordEntry> entries = ReadAll(session->id);
    // Behind what was acknowledged, damage may have made holes; the seal says so then.
    const bool holes = entries.back().payload.find("damage in the journal") != std::string::npos;
    size_t inputs = 0;
    for (const RecordEntry& entry : entries) {
      if (entry.kind != RecordKind::kInput) continue;
      while (holes && inputs >= acknowledged && inputs < sent.size() && entry.payload != sent[inputs]) ++inputs;
      if (holes && inputs == sent.size()) break;  // a part of a large one
      ASSERT_LT(inputs, sent.size());
      // The last one may be cut where one of its parts ended.
      const bool whole = entry.payload == sent[inputs];
      ASSERT_TRUE(whole || (inputs >= acknowledged && sent[inputs].starts_with(entry.payload)));
      ++inputs;
    }
    EXPECT_GE(inputs, acknowledged);
    const absl::StatusOr<VerifyReport> report = audit_->Verify(session->id);
    ASSERT_OK(report);
    EXPECT_TRUE(report->ok) << report->problem;
    EXPECT_EQ(report->end_reason, "gateway restarted");
  }
}
INSTANTIATE_TEST_SUITE_P(Seeds, RandomCrashTest, ::testing::Range(0, 30));

}  // namespace
}  // namespace hoop
