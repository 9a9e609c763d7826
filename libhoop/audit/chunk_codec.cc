#include "audit/chunk_codec.h"

#include <zstd.h>

#include <utility>

#include "base/check.h"
#include "base/limits/journal.h"
#include "base/status.h"
#include "protocol/record_format.h"

namespace hoop {
namespace {

constexpr int kLevel = 1;  // 850 MB/s; higher levels gain little on protocol bytes
constexpr size_t kRawBytesMax = limits::kFlushChunkBytes + kRecordBytesMax;
constexpr char kZstd[] = "zstd", kNone[] = "none";

}  // namespace

ChunkCompressor::ChunkCompressor(FlushPacer& pacer) : pacer_(pacer), context_(ZSTD_createCCtx()) {
  HOOP_CHECK(context_ != nullptr);
}
ChunkCompressor::~ChunkCompressor() { ZSTD_freeCCtx(context_); }

void ChunkCompressor::Fill(RecordChunk& chunk, std::string_view records) {
  chunk.raw_bytes = records.size();
  size_t size = 0;
  if (Compress(records, &size)) {
    chunk.compression = kZstd;
    chunk.bytes.assign(compressed_, 0, size);
  } else {
    chunk.compression = kNone;
    chunk.bytes = records;
  }
}

// A frame for each step: frames in a row are read as one (RFC 8878, 3), and are 2 % larger than a single one. zstd's
// streams would need no frames, but copy each byte once more.
bool ChunkCompressor::Compress(std::string_view records, size_t* size) {
  for (size_t begin = 0; begin < records.size();) {
    const std::string_view step = records.substr(begin, pacer_.StepBytes());
    const size_t bound = ZSTD_compressBound(step.size());
    if (compressed_.size() < *size + bound) compressed_.resize(*size + bound);
    const size_t done =
        ZSTD_compressCCtx(context_, compressed_.data() + *size, bound, step.data(), step.size(), kLevel);
    if (ZSTD_isError(done) != 0) return false;
    *size += done;
    begin += step.size();
    pacer_.Worked(step.size());
  }
  return *size < records.size();
}

absl::StatusOr<std::string> ChunkRecords(const RecordChunk& chunk) {
  const auto damaged = [&chunk](std::string_view what) {
    return DataLoss("session {}: stored chunk {}: {}", chunk.session_id, chunk.seq, what);
  };
  if (chunk.raw_bytes > kRawBytesMax) return damaged("larger than chunks are");
  if (chunk.compression == kNone) {
    if (chunk.bytes.size() != chunk.raw_bytes) return damaged("of another size than noted");
    return chunk.bytes;
  }
  if (chunk.compression != kZstd) return damaged("unknown compression");
  std::string records(chunk.raw_bytes, '\0');
  const size_t size = ZSTD_decompress(records.data(), records.size(), chunk.bytes.data(), chunk.bytes.size());
  if (ZSTD_isError(size) != 0) return damaged(ZSTD_getErrorName(size));
  if (size != records.size()) return damaged("of another size than noted");
  return records;
}

}  // namespace hoop
