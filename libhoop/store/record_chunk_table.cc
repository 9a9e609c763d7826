#include "store/record_chunk_table.h"

#include "base/status.h"
#include "base/status_macros.h"
#include "store/row_reader.h"

namespace hoop {
namespace {

RecordChunk ReadChunk(const Row& row) {
  RowReader reader(row);
  RecordChunk chunk;
  chunk.session_id = reader.String();
  chunk.seq = reader.Int();
  chunk.instance = reader.String();
  chunk.lane = reader.Int();
  chunk.generation = reader.String();
  chunk.first_lsn = static_cast<uint64_t>(reader.Int());
  chunk.last_lsn = static_cast<uint64_t>(reader.Int());
  chunk.records = static_cast<uint64_t>(reader.Int());
  chunk.raw_bytes = static_cast<uint64_t>(reader.Int());
  chunk.chain_head = reader.Bytes();
  chunk.compression = reader.String();
  chunk.bytes = reader.Bytes();
  return chunk;
}

}  // namespace

absl::Status RecordChunkTable::Insert(Transaction& transaction, const RecordChunk& chunk) {
  const absl::StatusOr<int64_t> inserted = transaction.Execute(
      "insert into record_chunks (session_id, seq, instance, lane, generation, first_lsn, last_lsn, records, "
      "raw_bytes, chain_head, compression, content) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
      {chunk.session_id, chunk.seq, chunk.instance, chunk.lane, chunk.generation, chunk.first_lsn, chunk.last_lsn,
       chunk.records, chunk.raw_bytes, SqlValue::Bytes{chunk.chain_head}, chunk.compression,
       SqlValue::Bytes{chunk.bytes}});
  return Annotate(inserted.status(), fmt::format("record chunk {} of session {}", chunk.seq, chunk.session_id));
}

absl::Status RecordChunkTable::Insert(absl::Span<const RecordChunk> chunks) {
  return database_.Write(Durability::kFull, [&](Transaction& transaction) -> absl::Status {
    for (const RecordChunk& chunk : chunks) HOOP_RETURN_IF_ERROR(Insert(transaction, chunk));
    return absl::OkStatus();
  });
}

absl::StatusOr<std::vector<RecordChunk>> RecordChunkTable::Page(std::string_view session_id, int64_t after_seq,
                                                                size_t bytes_max) {
  std::vector<RecordChunk> page;
  HOOP_RETURN_IF_ERROR(database_.Read([&](Transaction& transaction) -> absl::Status {
    size_t bytes = 0;
    int64_t last = after_seq;
    do {
      const size_t before = page.size();
      HOOP_RETURN_IF_ERROR(transaction.Select(
          "select session_id, seq, instance, lane, generation, first_lsn, last_lsn, records, raw_bytes, chain_head, "
          "compression, content from record_chunks where session_id = $1 and seq > $2 order by seq limit 1",
          {session_id, last}, [&](const Row& row) {
            page.push_back(ReadChunk(row));
            return absl::OkStatus();
          }));
      if (page.size() == before) break;
      bytes += page.back().bytes.size();
      last = page.back().seq;
    } while (bytes < bytes_max);
    return absl::OkStatus();
  }));
  return page;
}

absl::StatusOr<std::optional<RecordChunkEnd>> RecordChunkTable::End(std::string_view session_id) {
  std::optional<RecordChunkEnd> end;
  HOOP_RETURN_IF_ERROR(database_.Read([&](Transaction& transaction) {
    return transaction.Select(
        "select seq, last_lsn, chain_head from record_chunks where session_id = $1 order by seq desc limit 1",
        {session_id}, [&](const Row& row) {
          end = RecordChunkEnd{.seq = row.Int(0),
                               .last_lsn = static_cast<uint64_t>(row.Int(1)),
                               .chain_head = std::string(row.Bytes(2))};
          return absl::OkStatus();
        });
  }));
  return end;
}

absl::Status RecordChunkTable::DeleteSession(std::string_view session_id) {
  return database_.Write(Durability::kFull, [&](Transaction& transaction) {
    return transaction.Execute("delete from record_chunks where session_id = $1", {session_id}).status();
  });
}

}  // namespace hoop
