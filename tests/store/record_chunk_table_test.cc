#include "store/record_chunk_table.h"

#include <gtest/gtest.h>

#include "base/ids.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_store.h"

namespace hoop {
namespace {

class RecordChunkTableTest : public ::testing::Test {
 protected:
  void SetUp() override {
    SessionHead head;
    head.session_id = id_;
    head.org_id = store_.org_id();
    head.started_at = store_.now();
    ASSERT_OK(store_->sessions().Insert(head));
  }

  RecordChunk MakeChunk(int64_t seq, size_t size = 10) {
    return {.session_id = id_,
            .seq = seq,
            .instance = "instance",
            .lane = 2,
            .generation = "generation",
            .first_lsn = static_cast<uint64_t>(seq * 100),
            .last_lsn = static_cast<uint64_t>(seq * 100 + 99),
            .records = 100,
            .raw_bytes = 12345,
            .chain_head = std::string("\0head", 5),
            .compression = "zstd",
            .bytes = std::string(size, static_cast<char>(seq))};
  }
  std::vector<int64_t> Seqs(int64_t after, size_t bytes_max) {
    std::vector<int64_t> seqs;
    auto page = chunks_.Page(id_, after, bytes_max);
    EXPECT_OK(page);
    for (const RecordChunk& chunk : *page) seqs.push_back(chunk.seq);
    return seqs;
  }
  using Numbers = std::vector<int64_t>;

  testing::TempStore store_;
  const std::string id_ = NewUuid();
  RecordChunkTable& chunks_ = store_->record_chunks();
};

TEST_F(RecordChunkTableTest, EveryFieldComesBack) {
  RecordChunk chunk = MakeChunk(1, 1 << 20);
  chunk.bytes[7] = '\0';
  ASSERT_OK(chunks_.Insert({chunk}));
  auto page = chunks_.Page(id_, 0, 1);
  ASSERT_OK(page);
  ASSERT_EQ(page->size(), 1u);
  const RecordChunk& back = page->front();
  EXPECT_EQ(back.session_id, chunk.session_id);
  EXPECT_EQ(back.seq, chunk.seq);
  EXPECT_EQ(back.instance, chunk.instance);
  EXPECT_EQ(back.lane, chunk.lane);
  EXPECT_EQ(back.generation, chunk.generation);
  EXPECT_EQ(back.first_lsn, chunk.first_lsn);
  EXPECT_EQ(back.last_lsn, chunk.last_lsn);
  EXPECT_EQ(back.records, chunk.records);
  EXPECT_EQ(back.raw_bytes, chunk.raw_bytes);
  EXPECT_EQ(back.chain_head, chunk.chain_head);
  EXPECT_EQ(back.compression, chunk.compression);
  EXPECT_TRUE(back.bytes == chunk.bytes);
}

TEST_F(RecordChunkTableTest, PagesInOrderUpToABound) {
  ASSERT_OK(chunks_.Insert({MakeChunk(2), MakeChunk(1), MakeChunk(4), MakeChunk(3)}));
  EXPECT_EQ(Seqs(0, 1000), (Numbers{1, 2, 3, 4}));
  EXPECT_EQ(Seqs(0, 11), (Numbers{1, 2}));
  EXPECT_EQ(Seqs(0, 20), (Numbers{1, 2}));
  EXPECT_EQ(Seqs(2, 1), Numbers{3});
  EXPECT_EQ(Seqs(2, 0), Numbers{3});  // one at least, or a reader would never get on
  EXPECT_EQ(Seqs(4, 1000), Numbers{});
}

TEST_F(RecordChunkTableTest, AllOrNothing) {
  ASSERT_OK(chunks_.Insert({MakeChunk(1)}));
  EXPECT_STATUS(chunks_.Insert({MakeChunk(2), MakeChunk(1)}), absl::StatusCode::kAlreadyExists, "record chunk 1");
  EXPECT_EQ(Seqs(0, 1000), Numbers{1});
}

TEST_F(RecordChunkTableTest, RefusesTheChunkOfAnUnknownSession) {
  RecordChunk chunk = MakeChunk(1);
  chunk.session_id = "nobody";
  EXPECT_STATUS(chunks_.Insert({chunk}), absl::StatusCode::kFailedPrecondition, "session nobody");
}

TEST_F(RecordChunkTableTest, KnowsWhereTheRecordEnds) {
  auto end = chunks_.End(id_);
  ASSERT_OK(end);
  EXPECT_FALSE(end->has_value());
  RecordChunk last = MakeChunk(3);
  last.chain_head = "last";
  ASSERT_OK(chunks_.Insert({last, MakeChunk(1)}));
  end = chunks_.End(id_);
  ASSERT_OK(end);
  ASSERT_TRUE(end->has_value());
  EXPECT_EQ((*end)->seq, 3);
  EXPECT_EQ((*end)->last_lsn, 399u);
  EXPECT_EQ((*end)->chain_head, "last");
}

TEST_F(RecordChunkTableTest, DeletesOneSessionsRecord) {
  ASSERT_OK(chunks_.Insert({MakeChunk(1), MakeChunk(2)}));
  ASSERT_OK(chunks_.DeleteSession(id_));
  EXPECT_EQ(Seqs(0, 1000), Numbers{});
}

TEST_F(RecordChunkTableTest, OutlivesTheProcess) {
  ASSERT_OK(chunks_.Insert({MakeChunk(1)}));
  store_.Reopen();
  auto page = store_->record_chunks().Page(id_, 0, 1);
  ASSERT_OK(page);
  EXPECT_EQ(page->size(), 1u);
}

}  // namespace
}  // namespace hoop
