// The bytes of a stored chunk: records, compressed with zstd where that makes them smaller.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "store/record_chunk_table.h"

struct ZSTD_CCtx_s;

namespace hoop {

// Keeps zstd's working memory and that of the largest chunk. One thread.
class ChunkCompressor final {
 public:
  ChunkCompressor();
  ~ChunkCompressor();
  ChunkCompressor(const ChunkCompressor&) = delete;
  ChunkCompressor& operator=(const ChunkCompressor&) = delete;

  // Sets `raw_bytes`, `compression` and `bytes` of the chunk.
  void Fill(RecordChunk& chunk, std::string_view records);
  // Memory that the next chunk takes again.
  void GiveBack() { compressed_ = {}; }

 private:
  ZSTD_CCtx_s* const context_;
  std::string compressed_;
};

// The records again. DataLoss: the chunk is damaged; the text names session and chunk.
absl::StatusOr<std::string> ChunkRecords(const RecordChunk& chunk);

}  // namespace hoop
