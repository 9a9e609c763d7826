#include "audit/lane.h"

#include "base/limits/journal.h"
#include "tests/audit/journal_fixture.h"

namespace hoop {
namespace {

// Of a new lane. The one after it is made, and synced, by then or a little later.
constexpr char kFirstSegment[] = "lane-0/seg-00000000000000000001";

class LaneTest : public JournalFixture {
 protected:
  // What WhenDurable said; absent: nothing yet.
  using Answer = std::shared_ptr<std::optional<absl::Status>>;
  Answer Await(TestSession& session) {
    auto answer = std::make_shared<std::optional<absl::Status>>();
    session.record->WhenDurable(session.record->last(), [answer](const absl::Status& status) { *answer = status; });
    return answer;
  }

  // The seal may have to wait for the segment that is in the making.
  bool TurnUntilSealedBehind(SessionRecord::Position lost, TestSession& session) {
    return loop_.TurnUntil([lost, &session] {
      const SessionRecord::Position last = session.record->last();
      return last > lost && session.record->IsDurable(last);
    });
  }
};

TEST_F(LaneTest, WritesBeforeAnythingIsReleased) {
  ASSERT_OK(Start());
  const std::unique_ptr<TestSession> session = OpenSession();
  loop_.Turn();
  bool written = false, released_first = false;
  files_.BeforeWrites("lane-0", [&written] { written = true; });
  session->Input("select 1");
  loop_.AtTurnEnd(TurnPhase::kRelease, [&] { released_first = !written; });
  EXPECT_FALSE(written);
  loop_.Turn();
  EXPECT_TRUE(written);
  EXPECT_FALSE(released_first);
}

TEST_F(LaneTest, WritesOncePerTurn) {
  ASSERT_OK(Start());
  const std::unique_ptr<TestSession> one = OpenSession(), two = OpenSession();
  loop_.Turn();
  int writes = 0;
  files_.BeforeWrites("seg-00000000000000000001", [&writes] { ++writes; });
  for (int i = 0; i < 10; ++i) {
    one->Input("a");
    two->Input("b");
  }
  loop_.Turn();
  EXPECT_EQ(writes, 1);
}

TEST_F(LaneTest, WithTheSyncHeldNothingIsDurable) {
  ASSERT_OK(Start());
  const std::unique_ptr<TestSession> session = OpenSession();
  ASSERT_TRUE(TurnUntilDurable(*session));
  files_.HoldSyncs(kFirstSegment);
  const SessionRecord::Position position = session->Input("select 1");
  const Answer answer = Await(*session);
  loop_.Turn();
  files_.AwaitHeldSync();
  loop_.Turn();
  EXPECT_FALSE(session->record->IsDurable(position));
  EXPECT_FALSE(answer->has_value());

  files_.ReleaseSyncs();
  ASSERT_TRUE(loop_.TurnUntil([&answer] { return answer->has_value(); }));
  EXPECT_OK(**answer);
  EXPECT_TRUE(session->record->IsDurable(position));
}

TEST_F(LaneTest, RequestsOfDurableSessionsAreSyncedAtOnceAllElseAfterTheLag) {
  ASSERT_OK(Start());
  const std::unique_ptr<TestSession> durable = OpenSession(), buffered = OpenSession(RecordPolicy::kBuffered);
  ASSERT_TRUE(TurnUntilDurable(*durable));
  files_.HoldSyncs(kFirstSegment);
  buffered->Input("request");
  ASSERT_OK(durable->record->Append(Direction::kReply, RecordKind::kOutput, "0", "reply"));
  loop_.Turn();
  EXPECT_EQ(files_.held_syncs(), 0);
  durable->Input("request");
  loop_.Turn();
  files_.AwaitHeldSync();
  files_.ReleaseSyncs();
  ASSERT_TRUE(TurnUntilDurable(*durable));
  buffered->Input("request");
  loop_.Turn();
  loop_.Advance(limits::kSyncLagTime);
  EXPECT_TRUE(TurnUntilDurable(*buffered));
}

TEST_F(LaneTest, WhenDurableAnswersInTheReleasePhase) {
  ASSERT_OK(Start());
  const std::unique_ptr<TestSession> session = OpenSession();
  ASSERT_TRUE(TurnUntilDurable(*session));
  const Answer answer = Await(*session);
  EXPECT_FALSE(answer->has_value());  // never from inside the call
  bool recorded_before = false;
  loop_.AtTurnEnd(TurnPhase::kRecord, [&] { recorded_before = !answer->has_value(); });
  loop_.Turn();
  ASSERT_TRUE(answer->has_value());
  EXPECT_OK(**answer);
  EXPECT_TRUE(recorded_before);
}

TEST_F(LaneTest, AWaiterGoesWithItsRecord) {
  ASSERT_OK(Start());
  const std::unique_ptr<TestSession> gone = OpenSession(), stays = OpenSession();
  const Answer silent = Await(*gone), answered = Await(*stays);
  gone->record = nullptr;
  ASSERT_TRUE(loop_.TurnUntil([&answered] { return answered->has_value(); }));
  EXPECT_FALSE(silent->has_value());
}

TEST_F(LaneTest, AFailedSyncEndsExactlyTheSessionsOfItsLane) {
  more_loops_.push_back(std::make_unique<WaitingLoop>(clock_));
  ASSERT_OK(Start());
  const std::unique_ptr<TestSession> durable = OpenSession(), buffered = OpenSession(RecordPolicy::kBuffered);
  loop_.current = false;
  const std::unique_ptr<TestSession> other = OpenSession();
  loop_.current = true;
  ASSERT_TRUE(TurnUntilDurable(*buffered));

  files_.FailSyncs("lane-0/seg-00000000000000000001", absl::DataLossError("the disk lies"));
  durable->Input("lost");
  const Answer answer = Await(*durable);
  ASSERT_TRUE(loop_.TurnUntil([&answer] { return answer->has_value(); }));
  EXPECT_STATUS(**answer, absl::StatusCode::kDataLoss, "journal sync failed: the disk lies");
  ASSERT_EQ(durable->observer.failures.size(), 1u);
  EXPECT_STATUS(durable->observer.failures[0], absl::StatusCode::kDataLoss, "journal sync failed");
  EXPECT_EQ(buffered->observer.failures.size(), 1u);
  EXPECT_STATUS(durable->record->Append(Direction::kRequest, RecordKind::kInput, "0", "more"),
                absl::StatusCode::kFailedPrecondition, "failed");

  EXPECT_TRUE(other->observer.failures.empty());
  other->Input("goes on");
  ASSERT_TRUE(more_loops_[0]->TurnUntil([&] { return other->record->IsDurable(other->record->last()); }));
}

TEST_F(LaneTest, AFailedSyncIsNeverGoodLater) {
  ASSERT_OK(Start());
  const std::unique_ptr<TestSession> session = OpenSession();
  ASSERT_TRUE(TurnUntilDurable(*session));
  files_.FailSyncs("seg-00000000000000000001", absl::DataLossError("the disk lies"));
  const SessionRecord::Position lost = session->Input("lost");
  ASSERT_TRUE(loop_.TurnUntil([&] { return !session->observer.failures.empty(); }));
  files_.FailSyncs("", absl::OkStatus());
  TestSession next;
  ASSERT_TRUE(loop_.TurnUntil([&] {  // as soon as there is another segment
    auto record = audit_->Open(Head(), next.observer);
    if (record.ok()) next.record = *std::move(record);
    return next.record != nullptr;
  }));
  ASSERT_TRUE(TurnUntilDurable(next));  // the lane is synced far behind the lost position by now
  EXPECT_FALSE(session->record->IsDurable(lost));
  const Answer answer = std::make_shared<std::optional<absl::Status>>();
  session->record->WhenDurable(lost, [answer](const absl::Status& status) { *answer = status; });
  loop_.Turn();
  ASSERT_TRUE(answer->has_value());
  EXPECT_STATUS(**answer, absl::StatusCode::kDataLoss, "");
}

// The record of a session that a failure ended: what was synced, and a seal that says why there is no more.
void ExpectRolledBack(JournalAuditStore& audit, TestSession& session, size_t records) {
  const absl::StatusOr<VerifyReport> report = audit.Verify(session.id);
  ASSERT_OK(report);
  EXPECT_TRUE(report->ok) << report->problem;
  EXPECT_EQ(report->records, records);
  EXPECT_EQ(report->end_reason, "the record failed");
  std::string seal;
  ASSERT_OK(audit.Read(session.id, [&seal](const RecordEntry& entry) {
    seal = entry.payload;
    return true;
  }));
  EXPECT_NE(seal.find("were not synced"), std::string::npos) << seal;
}

TEST_F(LaneTest, TheSealAfterAFailedSyncStartsFromTheLastSyncedRecord) {
  ASSERT_OK(Start());
  const std::unique_ptr<TestSession> session = OpenSession();
  session->Input("kept");
  ASSERT_TRUE(TurnUntilDurable(*session));
  session->observer.on_failed = [&] { session->record->Seal({"the record failed", std::nullopt}).IgnoreError(); };
  files_.FailSyncs("seg-00000000000000000001", absl::DataLossError("the disk lies"));
  ASSERT_TRUE(TurnUntilSealedBehind(session->Input("lost"), *session));
  ExpectRolledBack(*audit_, *session, 3);
}

TEST_F(LaneTest, TheSealAfterAFailedWriteStartsFromTheLastSyncedRecord) {
  ASSERT_OK(Start());
  const std::unique_ptr<TestSession> session = OpenSession();
  session->Input("kept");
  ASSERT_TRUE(TurnUntilDurable(*session));
  session->observer.on_failed = [&] { session->record->Seal({"the record failed", std::nullopt}).IgnoreError(); };
  files_.FailWrites("seg-00000000000000000001", absl::ResourceExhaustedError("no space left"));
  const SessionRecord::Position lost = session->Input("lost");
  bool failed_before_release = false;
  loop_.AtTurnEnd(TurnPhase::kRelease, [&] { failed_before_release = !session->observer.failures.empty(); });
  loop_.Turn();
  EXPECT_TRUE(failed_before_release);
  ASSERT_TRUE(TurnUntilSealedBehind(lost, *session));
  ExpectRolledBack(*audit_, *session, 3);
}

TEST_F(LaneTest, AFailureBeforeTheFirstSyncStillGivesAWholeRecord) {
  ASSERT_OK(Start());
  const std::unique_ptr<TestSession> first = OpenSession();
  ASSERT_TRUE(TurnUntilDurable(*first));
  files_.FailSyncs("seg-00000000000000000001", absl::DataLossError("the disk lies"));
  const std::unique_ptr<TestSession> session = OpenSession();
  session->observer.on_failed = [&] { session->record->Seal({"the record failed", std::nullopt}).IgnoreError(); };
  ASSERT_TRUE(TurnUntilSealedBehind(session->record->last(), *session));
  ExpectRolledBack(*audit_, *session, 2);
}

TEST_F(LaneTest, ASealThatAFailureTookAwayIsWrittenAgain) {
  ASSERT_OK(Start());
  const std::unique_ptr<TestSession> session = OpenSession();
  ASSERT_TRUE(TurnUntilDurable(*session));
  files_.FailSyncs("seg-00000000000000000001", absl::DataLossError("the disk lies"));
  const auto seal = session->record->Seal({"the record failed", std::nullopt});
  ASSERT_OK(seal);
  ASSERT_TRUE(TurnUntilSealedBehind(*seal, *session));
  ExpectRolledBack(*audit_, *session, 2);
}

TEST_F(LaneTest, AnObserverMayEndItsRecord) {
  ASSERT_OK(Start());
  const std::unique_ptr<TestSession> one = OpenSession(), two = OpenSession();
  ASSERT_TRUE(TurnUntilDurable(*two));
  one->observer.on_failed = two->observer.on_failed = [&] {
    one->record = nullptr;
    two->record = nullptr;
  };
  files_.FailSyncs("seg-00000000000000000001", absl::DataLossError("the disk lies"));
  one->Input("x");
  two->Input("y");
  ASSERT_TRUE(loop_.TurnUntil([&] { return one->record == nullptr; }));
  EXPECT_EQ(one->observer.failures.size() + two->observer.failures.size(), 1u);
}

TEST_F(LaneTest, StopsReadingWhenASyncIsOlderThanAllowed) {
  ASSERT_OK(Start());
  const std::unique_ptr<TestSession> session = OpenSession();
  ASSERT_TRUE(TurnUntilDurable(*session));
  files_.HoldSyncs(kFirstSegment);
  session->Input("x");
  loop_.Turn();
  loop_.Advance(limits::kLaneSyncAgeMax - absl::Milliseconds(1));
  EXPECT_TRUE(session->observer.pressure.empty());
  loop_.Advance(absl::Milliseconds(1));
  EXPECT_EQ(session->observer.pressure, std::vector<bool>({true}));
  files_.ReleaseSyncs();
  ASSERT_TRUE(loop_.TurnUntil([&] { return !session->observer.stopped(); }));
  EXPECT_EQ(session->observer.pressure, std::vector<bool>({true, false}));
}

TEST_F(LaneTest, StopsReadingWithTooMuchUnsynced) {
  options_.segment_bytes = 32 * limits::kMiB;
  options_.bytes_max = 256 * limits::kMiB;
  ASSERT_OK(Start());
  const std::unique_ptr<TestSession> session = OpenSession();
  ASSERT_TRUE(TurnUntilDurable(*session));
  files_.HoldSyncs(kFirstSegment);
  session->Input(std::string(limits::kLaneUnsyncedBytesMax - 100'000, 'x'));
  loop_.Turn();
  EXPECT_FALSE(session->observer.stopped());
  session->Input(std::string(100'000, 'x'));
  EXPECT_FALSE(session->observer.stopped());  // not from inside Append
  loop_.Turn();
  EXPECT_TRUE(session->observer.stopped());
  files_.ReleaseSyncs();
  ASSERT_TRUE(loop_.TurnUntil([&] { return !session->observer.stopped(); }));
}

TEST_F(LaneTest, CountsWhatIsRecordedAndWhereItIs) {
  ASSERT_OK(Start());
  const std::unique_ptr<TestSession> session = OpenSession();
  loop_.Turn();
  files_.HoldSyncs(kFirstSegment);
  session->Input(std::string(1000, 'x'));
  loop_.Turn();
  const JournalNumbers held = audit_->Numbers();
  EXPECT_EQ(held.request_bytes, 1000u);
  EXPECT_EQ(held.reply_bytes, 0u);
  EXPECT_GE(held.unsynced_bytes, 1000u);
  EXPECT_GT(held.bytes, 0u);
  EXPECT_FALSE(held.is_full);
  files_.ReleaseSyncs();
  ASSERT_TRUE(loop_.TurnUntil([&] { return audit_->Numbers().unsynced_bytes == 0; }));
  uint64_t syncs = 0;
  for (const uint64_t count : audit_->Numbers().syncs.within) syncs += count;
  EXPECT_GT(syncs, 0u);
}

TEST_F(LaneTest, CountsWritesThatStall) {
  ASSERT_OK(Start());
  const std::unique_ptr<TestSession> session = OpenSession();
  loop_.Turn();
  EXPECT_EQ(audit_->Numbers().stalls, 0u);
  files_.BeforeWrites("seg-00000000000000000001", [this] { clock_.Advance(absl::Milliseconds(1001)); });
  session->Input("x");
  loop_.Turn();
  EXPECT_EQ(audit_->Numbers().stalls, 1u);
}

class FullJournalTest : public LaneTest {
 protected:
  // Nothing is flushed, so nothing is given back.
  void StartFilling(uint64_t segments) {
    options_.bytes_max = segments * options_.segment_bytes;
    ASSERT_OK(Start());
    database_->writes_down = true;
  }

  // Until there is no room and there will be none: between two segments there may be none for a moment, too. How many
  // records it took.
  int FillUp(TestSession& session) {
    for (int count = 0;; ++count) {
      bool appended = false;
      EXPECT_TRUE(loop_.TurnUntil([&] {
        appended = session.record->Append(Direction::kRequest, RecordKind::kInput, "0", Noise(30'000)).ok();
        return appended || log_.Has("no new journal segment");
      }));
      if (!appended || !TurnUntilDurable(session)) return count;
    }
  }
};

TEST_F(FullJournalTest, StopsReadingThenEndsSessionsAndRefusesNewOnes) {
  StartFilling(4);
  const std::unique_ptr<TestSession> one = OpenSession(), two = OpenSession();
  for (int i = 0; !one->observer.stopped() || !two->observer.stopped(); ++i) {
    ASSERT_LT(i, 100);
    TestSession& session = i % 2 == 0 ? *one : *two;
    session.Input(Noise(30'000));
    ASSERT_TRUE(TurnUntilDurable(session));
  }
  // What is on its way still finds room, then there is none.
  EXPECT_GT(FillUp(*one), 0);
  EXPECT_STATUS(one->record->Append(Direction::kRequest, RecordKind::kInput, "0", Noise(30'000)),
                absl::StatusCode::kResourceExhausted, "no room");
  EXPECT_LE(audit_->journal_bytes(), options_.bytes_max);
  EXPECT_TRUE(one->observer.failures.empty());

  loop_.Advance(limits::kJournalFullTime);
  ASSERT_EQ(one->observer.failures.size(), 1u);
  ASSERT_EQ(two->observer.failures.size(), 1u);
  EXPECT_STATUS(two->observer.failures[0], absl::StatusCode::kResourceExhausted, "full");

  // Room for the seals was kept.
  EXPECT_OK(one->record->Seal({"the journal is full", std::nullopt}));
  EXPECT_OK(two->record->Seal({"the journal is full", std::nullopt}));
  ASSERT_TRUE(TurnUntilDurable(*two));
  database_->writes_down = false;
  ASSERT_OK(audit_->Flush());
  const absl::StatusOr<VerifyReport> report = audit_->Verify(one->id);
  ASSERT_OK(report);
  EXPECT_TRUE(report->ok) << report->problem;
}

TEST_F(FullJournalTest, RefusesNewSessionsWhileItIsFull) {
  StartFilling(4);
  const std::unique_ptr<TestSession> session = OpenSession();
  FillUp(*session);
  loop_.Advance(limits::kJournalFullTime);
  database_->writes_down = true;
  RecordingObserver observer;
  const absl::Status status = audit_->Open(Head(), observer).status();
  EXPECT_TRUE(absl::IsResourceExhausted(status) || absl::IsUnavailable(status)) << status;
}

TEST_F(FullJournalTest, ASessionWithTooLargeAShareIsAloneNotRead) {
  StartFilling(16);
  const std::unique_ptr<TestSession> large = OpenSession(), small = OpenSession();
  small->Input("x");
  for (int i = 0; !large->observer.stopped(); ++i) {
    ASSERT_LT(i, 100);
    large->Input(Noise(60'000));
    ASSERT_TRUE(TurnUntilDurable(*large));
    // Both wait when the next segment is in the making.
    ASSERT_TRUE(loop_.TurnUntil([&] { return !small->observer.stopped(); }));
  }
  EXPECT_FALSE(small->observer.stopped());
  database_->writes_down = false;
  // Until the next retry of the flusher, at the latest.
  ASSERT_OK(audit_->Flush());
  ASSERT_TRUE(loop_.TurnUntil([&] { return !large->observer.stopped(); }));
}

TEST_F(LaneTest, WithoutASegmentNothingIsOpenedUntilThereIsOne) {
  files_.FailReserves("seg-", absl::ResourceExhaustedError("no space left"));
  ASSERT_OK(Start());
  RecordingObserver observer;
  EXPECT_STATUS(audit_->Open(Head(), observer), absl::StatusCode::kResourceExhausted, "room");
  // From here on its retry counts.
  ASSERT_TRUE(loop_.TurnUntil([&] { return log_.Has("no new journal segment"); }));
  files_.FailReserves("", absl::OkStatus());
  clock_.Advance(limits::kSegmentRetryTime);
  std::unique_ptr<SessionRecord> record;
  ASSERT_TRUE(loop_.TurnUntil([&] {
    auto opened = audit_->Open(Head(), observer);
    if (opened.ok()) record = *std::move(opened);
    return record != nullptr;
  }));
}

}  // namespace
}  // namespace hoop
