#include "audit/flush_pacer.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <thread>

#include "absl/time/time.h"
#include "audit/chunk_codec.h"
#include "base/limits/journal.h"
#include "store/record_chunk_table.h"

namespace hoop {
namespace {

constexpr size_t kStep = limits::kFlushStepBytes;

TEST(FlushPacerTest, RestsAfterEachStep) {
  FlushPacer pacer(absl::ZeroDuration());
  pacer.Worked(kStep - 1);
  EXPECT_EQ(pacer.rests(), 0u);
  pacer.Worked(1);
  EXPECT_EQ(pacer.rests(), 1u);
  pacer.Worked(kStep);
  EXPECT_EQ(pacer.rests(), 2u);
  EXPECT_EQ(pacer.StepBytes(), kStep);
}

TEST(FlushPacerTest, DoesNotRestWhileSomebodyWaits) {
  FlushPacer pacer(absl::InfiniteDuration());
  pacer.Hurry();
  pacer.Hurry();
  pacer.Relax();
  pacer.Worked(kStep);
  EXPECT_EQ(pacer.rests(), 0u);
  EXPECT_EQ(pacer.StepBytes(), std::numeric_limits<size_t>::max());
  pacer.Relax();
  EXPECT_EQ(pacer.StepBytes(), kStep);
}

TEST(FlushPacerTest, DoesNotRestWhileMuchLagsBehind) {
  FlushPacer pacer(absl::InfiniteDuration());
  pacer.SetLag(limits::kFlushHurryBytes);
  pacer.Worked(kStep);
  EXPECT_EQ(pacer.rests(), 0u);
  EXPECT_EQ(pacer.StepBytes(), std::numeric_limits<size_t>::max());
  pacer.SetLag(limits::kFlushHurryBytes - 1);
  EXPECT_EQ(pacer.StepBytes(), kStep);
}

TEST(FlushPacerTest, WhoWaitsEndsARest) {
  FlushPacer pacer(absl::InfiniteDuration());
  std::thread worker([&pacer] { pacer.Worked(kStep); });
  pacer.Hurry();  // before the rest or within it
  worker.join();
}

// Steps are frames of their own; whoever reads the chunk sees nothing of it.
TEST(FlushPacerTest, AChunkIsCompressedInSteps) {
  FlushPacer pacer(absl::ZeroDuration());
  ChunkCompressor compressor(pacer);
  std::string records;
  for (int i = 0; records.size() < 3 * kStep + 100; ++i) records += std::to_string(i) + " and so on and so on\n";
  RecordChunk chunk;
  compressor.Fill(chunk, records);
  EXPECT_EQ(pacer.rests(), 3u);
  EXPECT_LT(chunk.bytes.size(), records.size() / 2);
  const absl::StatusOr<std::string> read = ChunkRecords(chunk);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(*read, records);
}

// Noise does not get smaller: it is kept as it is, whatever the number of frames.
TEST(FlushPacerTest, WhatDoesNotGetSmallerIsKeptAsItIs) {
  FlushPacer pacer(absl::ZeroDuration());
  ChunkCompressor compressor(pacer);
  std::string noise(3 * kStep, '\0');
  uint64_t state = 1;
  for (char& byte : noise)
    byte = static_cast<char>((state = state * 6364136223846793005u + 1442695040888963407u) >> 56);
  RecordChunk chunk;
  compressor.Fill(chunk, noise);
  EXPECT_EQ(chunk.compression, "none");
  EXPECT_EQ(chunk.bytes, noise);
}

}  // namespace
}  // namespace hoop
