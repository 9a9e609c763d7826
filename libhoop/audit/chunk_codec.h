// The bytes of a stored chunk: records, compressed with zstd where that makes them smaller.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "audit/flush_pacer.h"
#include "store/record_chunk_table.h"

struct ZSTD_CCtx_s;

namespace hoop {

// Keeps zstd's working memory and that of the largest chunk. One thread.
class ChunkCompressor final {
 public:
  explicit ChunkCompressor(FlushPacer& pacer);
  ~ChunkCompressor();
  ChunkCompressor(const ChunkCompressor&) = delete;
  ChunkCompressor& operator=(const ChunkCompressor&) = delete;

  // Sets `raw_bytes`, `compression` and `bytes` of the chunk. Works, and rests, as the pacer says.
  void Fill(RecordChunk& chunk, std::string_view records);
  // Memory that the next chunk takes again.
  void GiveBack() { compressed_ = {}; }

 private:
  // False: zstd makes it no smaller. The bytes are in compressed_.
  bool Compress(std::string_view records, size_t* size);

  FlushPacer& pacer_;
  ZSTD_CCtx_s* const context_;
  std::string compressed_;
};

// The records again. DataLoss: the chunk is damaged; the text names session and chunk.
absl::StatusOr<std::string> ChunkRecords(const RecordChunk& chunk);

}  // namespace hoop
