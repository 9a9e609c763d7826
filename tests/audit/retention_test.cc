#include "audit/retention.h"

#include <gtest/gtest.h>

#include "absl/synchronization/mutex.h"
#include "base/ids.h"
#include "base/limits/retention.h"
#include "store/record_chunk_table.h"
#include "tests/fakes/manual_clock.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_store.h"

namespace hoop {
namespace {

class RetentionTest : public ::testing::Test {
 protected:
  std::string Added(int chunks = 1) {
    SessionHead head;
    head.session_id = NewUuid();
    head.org_id = store_.org_id();
    head.started_at = clock_.Now();
    EXPECT_OK(store_->sessions().Insert(head));
    std::vector<RecordChunk> rows;
    for (int seq = 1; seq <= chunks; ++seq) {
      RecordChunk& row = rows.emplace_back();
      row.session_id = head.session_id;
      row.seq = seq;
      row.compression = "none";
      row.bytes = "x";
    }
    EXPECT_OK(store_->record_chunks().Insert(rows));
    return head.session_id;
  }
  std::string Ended(int chunks = 1) {
    const std::string id = Added(chunks);
    EXPECT_OK(store_->sessions().Finish(id, clock_.Now(), SessionEnd{.reason = "client left"}, "seal"));
    return id;
  }
  bool IsThere(const std::string& id) {
    const auto found = store_->sessions().Find(id);
    const auto end = store_->record_chunks().End(id);
    EXPECT_OK(end);
    EXPECT_EQ(found.ok(), end->has_value());  // rows and chunks go together
    return found.ok();
  }
  SessionTable::Deleted Delete(absl::Time before) {
    const auto deleted =
        store_->sessions().DeleteEnded(before, limits::kRetentionBatchSessions, limits::kRetentionBatchChunks);
    EXPECT_OK(deleted);
    return deleted.value_or(SessionTable::Deleted());
  }

  ManualClock clock_;
  testing::TempStore store_;
};

TEST_F(RetentionTest, DeletesWhatEndedBefore) {
  const std::string old = Ended(3);
  clock_.Advance(absl::Hours(1));
  const std::string young = Ended();
  const SessionTable::Deleted deleted = Delete(clock_.Now());
  EXPECT_EQ(deleted.sessions, 1);
  EXPECT_EQ(deleted.chunks, 3);
  EXPECT_FALSE(deleted.more);
  EXPECT_FALSE(IsThere(old));
  EXPECT_TRUE(IsThere(young));
}

TEST_F(RetentionTest, ARunningSessionStaysHoweverOldItIs) {
  const std::string running = Added();
  clock_.Advance(absl::Hours(10000));
  EXPECT_EQ(Delete(clock_.Now()).sessions, 0);
  EXPECT_TRUE(IsThere(running));
}

TEST_F(RetentionTest, OneTransactionTakesSoManySessions) {
  for (int i = 0; i <= limits::kRetentionBatchSessions; ++i) Ended(0);
  const absl::Time later = clock_.Now() + absl::Seconds(1);
  const SessionTable::Deleted first = Delete(later);
  EXPECT_EQ(first.sessions, limits::kRetentionBatchSessions);
  EXPECT_TRUE(first.more);
  EXPECT_EQ(Delete(later).sessions, 1);
}

TEST_F(RetentionTest, OneTransactionTakesSoManyChunks) {
  const std::string large = Ended(static_cast<int>(limits::kRetentionBatchChunks) + 1);
  const absl::Time later = clock_.Now() + absl::Seconds(1);
  const SessionTable::Deleted first = Delete(later);
  EXPECT_EQ(first.sessions, 0);
  EXPECT_EQ(first.chunks, limits::kRetentionBatchChunks);
  EXPECT_TRUE(first.more);
  EXPECT_TRUE(IsThere(large));
  EXPECT_EQ(Delete(later).sessions, 1);
  EXPECT_FALSE(IsThere(large));
}

// Waits for lines of the thread.
struct WaitingSink : LogSink {
  bool Wants(LogLevel) const override { return true; }
  void Write(LogLevel, std::string_view event, const std::vector<LogField>&) override {
    absl::MutexLock lock(&mu);
    lines.emplace_back(event);
  }
  void Await(size_t count) {
    absl::MutexLock lock(&mu);
    const auto there = [this, count]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu) { return lines.size() >= count; };
    mu.Await(absl::Condition(&there));
  }
  absl::Mutex mu;
  std::vector<std::string> lines ABSL_GUARDED_BY(mu);
};

TEST_F(RetentionTest, SweepsAtTheStartAndAgain) {
  WaitingSink sink;
  const std::string first = Ended();
  clock_.Advance(absl::Hours(3));
  const std::string second = Ended();
  Retention retention(store_->sessions(), absl::Hours(2), clock_, Log(&sink));
  sink.Await(1);
  EXPECT_FALSE(IsThere(first));
  EXPECT_TRUE(IsThere(second));
  clock_.Advance(absl::Hours(2) + absl::Seconds(1));
  sink.Await(2);
  EXPECT_FALSE(IsThere(second));
}

TEST_F(RetentionTest, AClockInThePastDeletesNothing) {
  ManualClock past(absl::UnixEpoch() - absl::Hours(24));
  const std::string id = Ended();
  { Retention retention(store_->sessions(), absl::Seconds(1), past, Log()); }
  EXPECT_TRUE(IsThere(id));
}

}  // namespace
}  // namespace hoop
