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

ChunkCompressor::ChunkCompressor() : context_(ZSTD_createCCtx()) { HOOP_CHECK(context_ != nullptr); }
ChunkCompressor::~ChunkCompressor() { ZSTD_freeCCtx(context_); }

void ChunkCompressor::Fill(RecordChunk& chunk, std::string_view records) {
  chunk.raw_bytes = records.size();
  const size_t bound = ZSTD_compressBound(records.size());
  if (compressed_.size() < bound) compressed_.resize(bound);
  const size_t size = ZSTD_compressCCtx(context_, compressed_.data(), bound, records.data(), records.size(), kLevel);
  if (ZSTD_isError(size) == 0 && size < records.size()) {
    chunk.compression = kZstd;
    chunk.bytes.assign(compressed_, 0, size);
  } else {
    chunk.compression = kNone;
    chunk.bytes = records;
  }
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
