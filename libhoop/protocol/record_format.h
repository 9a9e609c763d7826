// One audit record as bytes: the same on the journal's disk, in the store and in what REST serves
// (docs/journal_format.md). Written by audit/, read by audit/ and by whoever verifies or replays a record.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/limits/journal.h"
#include "base/limits/session.h"
#include "hoop/audit_store.h"

struct evp_md_ctx_st;
struct evp_md_st;

namespace hoop {

// A session id as it stands in a record.
using SessionUuid = std::array<uint8_t, 16>;
std::optional<SessionUuid> ParseSessionUuid(std::string_view text);
std::string SessionUuidText(const SessionUuid& uuid);

inline constexpr size_t kRecordHeaderBytes = 48;
inline constexpr size_t kRecordBytesMax =
    kRecordHeaderBytes + limits::kConnectionIdBytesMax + limits::kRecordPayloadBytesMax;

// A record whose bytes stand elsewhere.
struct RecordView {
  uint32_t generation = 0;  // of the segment it was written to; seeds the checksum
  Direction direction = Direction::kGateway;
  RecordKind kind = RecordKind::kControl;
  bool continued = false;  // the next record of this session goes on with this payload
  uint64_t position = 0;   // the LSN
  SessionUuid session = {};
  int64_t time_us = 0;  // since the epoch
  std::string_view connection_id;
  std::string_view payload;
  std::string_view bytes;  // all of it; filled in by ParseRecord
};

// Connection id and payload must be within their limits.
void AppendRecord(std::string& out, const RecordView& record);

// The record at the beginning of `bytes`. OutOfRange: it goes on behind them. NotFound: nothing was written here
// (zeros). DataLoss: this is no record.
absl::StatusOr<RecordView> ParseRecord(std::string_view bytes);

// SHA-256 over the head before and everything of a record but checksum, generation and LSN: those say where it was
// written, which is not known when the chain is made and does not matter to what was done.
using ChainHead = std::array<uint8_t, 32>;

// Makes chains. Owned by one thread; kept because OpenSSL's set-up costs more than a short record's hash.
class ChainHasher final {
 public:
  ChainHasher();
  ~ChainHasher();
  ChainHasher(const ChainHasher&) = delete;
  ChainHasher& operator=(const ChainHasher&) = delete;

  // `record`: the bytes of one record. A session's first head is all zero.
  void Extend(ChainHead& head, std::string_view record);

 private:
  evp_md_st* const digest_;
  evp_md_ctx_st* const context_;
};

}  // namespace hoop
