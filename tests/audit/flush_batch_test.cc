#include "audit/flush_batch.h"

#include <gtest/gtest.h>

#include "audit/session_head_json.h"
#include "base/ids.h"
#include "store/journal_lane_table.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_store.h"

namespace hoop {
namespace {

// One session of three records, at the positions 1, 2 and 3.
class FlushBatchTest : public ::testing::Test {
 protected:
  FlushBatchTest() {
    SessionHead head;
    head.session_id = NewUuid();
    head.org_id = store_.org_id();
    head.started_at = store_.now();
    id_ = head.session_id;
    for (const auto& [kind, payload] :
         {std::pair(RecordKind::kOpen, SessionHeadToJson(head)), std::pair(RecordKind::kInput, std::string("first")),
          std::pair(RecordKind::kInput, std::string("second"))}) {
      RecordView record;
      record.kind = kind;
      record.position = records_.size() + 1;
      record.session = *ParseSessionUuid(id_);
      record.payload = payload;
      AppendRecord(records_.emplace_back(), record);
    }
  }

  // Flushes all of it; the chunks' heads.
  std::vector<std::string> Flush(SegmentSet::ChainMarks marks, bool all_was_read = true) {
    TailCache tails(store_->database());
    FlushBatch batch({"instance", 0, 1}, tails, std::move(marks), hasher_, compressor_);
    if (!all_was_read) batch.DropChainMarks();
    for (const std::string& record : records_) EXPECT_OK(batch.Add(*ParseRecord(record)));
    EXPECT_EQ(batch.last_position(), 3u);
    EXPECT_OK(batch.Commit(store_->database()));
    std::vector<std::string> heads;
    const auto chunks = store_->record_chunks().Page(id_, 0, limits::kMiB);
    EXPECT_OK(chunks);
    if (!chunks.ok()) return heads;
    for (const RecordChunk& chunk : *chunks) heads.push_back(chunk.chain_head);
    return heads;
  }
  // The chain from `head` on, over the records behind position `after`.
  std::string Chain(ChainHead head, size_t after) {
    for (size_t i = after; i < records_.size(); ++i) hasher_.Extend(head, records_[i]);
    return {head.begin(), head.end()};
  }

  testing::TempStore store_;
  ChainHasher hasher_;
  FlushPacer pacer_;
  ChunkCompressor compressor_{pacer_};
  std::string id_;
  std::vector<std::string> records_;
  const ChainHead marked_ = {1, 2, 3};
};

TEST_F(FlushBatchTest, MakesTheChainOfWhatItRead) { EXPECT_EQ(Flush({}), std::vector{Chain({}, 0)}); }

TEST_F(FlushBatchTest, TakesTheChainFromWhereItIsMarked) {
  EXPECT_EQ(Flush({{2, marked_}}), (std::vector{std::string(marked_.begin(), marked_.end()), Chain(marked_, 2)}));
}

TEST_F(FlushBatchTest, TrustsNoMarkWhereRecordsAreLost) {
  EXPECT_EQ(Flush({{2, marked_}}, /*all_was_read=*/false), std::vector{Chain({}, 0)});
}

TEST_F(FlushBatchTest, SkipsWhatWasStoredOnceButCountsItsBytes) {
  EXPECT_EQ(Flush({}).size(), 1u);
  EXPECT_EQ(*JournalLaneTable(store_->database()).Flushed("instance", 0), 3u);
  EXPECT_EQ(*JournalLaneTable(store_->database()).Flushed("instance", 1), 0u);
  ASSERT_OK(store_->sessions().Delete(id_));
  TailCache tails(store_->database());
  FlushBatch batch({"instance", 0, 1, /*flushed_lsn=*/3}, tails, {}, hasher_, compressor_);
  uint64_t bytes = 0;
  for (const std::string& record : records_) {
    EXPECT_OK(batch.Add(*ParseRecord(record)));
    bytes += record.size();
  }
  EXPECT_OK(batch.Commit(store_->database()));
  EXPECT_EQ(batch.Bytes(), (std::vector{std::pair(*ParseSessionUuid(id_), bytes)}));
  EXPECT_STATUS(store_->sessions().Find(id_), absl::StatusCode::kNotFound, id_);
}

// It must not hold up all other sessions for ever.
TEST_F(FlushBatchTest, KeepsASessionWhoseHeadNobodyCanRead) {
  RecordView open = *ParseRecord(records_[0]);
  const std::string cut(open.payload.substr(0, open.payload.size() / 2));
  open.payload = cut;
  open.continued = true;
  std::string bytes;
  AppendRecord(bytes, open);
  records_[0] = bytes;
  open.position = 2;
  records_[1].clear();
  AppendRecord(records_[1], open);
  TailCache tails(store_->database());
  FlushBatch batch({"instance", 0, 1}, tails, {}, hasher_, compressor_);
  for (const std::string& record : records_) EXPECT_OK(batch.Add(*ParseRecord(record)));
  EXPECT_OK(batch.Commit(store_->database()));
  ASSERT_EQ(batch.unreadable().size(), 1u);
  EXPECT_EQ(SessionUuidText(batch.unreadable()[0].first), id_);
  EXPECT_EQ(batch.unreadable()[0].second, "the open record is no JSON object");
  const auto row = store_->sessions().Find(id_);
  ASSERT_OK(row);
  EXPECT_EQ(row->head.org_id, store_.org_id());
  EXPECT_EQ(row->counts.records, 3u);
}

TEST_F(FlushBatchTest, KeepsASessionWithoutItsFirstRecordOnlyWhereRecordsAreLost) {
  records_.erase(records_.begin());
  for (const bool lost : {false, true}) {
    TailCache tails(store_->database());
    FlushBatch batch({"instance", 0, 1}, tails, {}, hasher_, compressor_);
    if (lost) batch.KeepUnknown();
    for (const std::string& record : records_) EXPECT_OK(batch.Add(*ParseRecord(record)));
    EXPECT_OK(batch.Commit(store_->database()));
    EXPECT_EQ(store_->sessions().Find(id_).ok(), lost);
    EXPECT_EQ(batch.deleted().size(), lost ? 0u : 1u);
  }
}

}  // namespace
}  // namespace hoop
