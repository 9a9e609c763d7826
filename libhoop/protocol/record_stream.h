// Reads and verifies the stored bytes of one session, however they were cut into pages. No store, no journal: the
// command line verifies with the same code on its own.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "hoop/audit_store.h"
#include "protocol/record_format.h"
#include "protocol/record_seal.h"

namespace hoop {

// Cuts a stream of bytes into records; holds one unfinished record at most. One thread.
class RecordSplitter final {
 public:
  // Calls `visit` for each record that is complete now. The first error, ours (DataLoss: the text names the place) or
  // that of `visit`, ends it.
  absl::Status Add(std::string_view bytes, absl::FunctionRef<absl::Status(const RecordView&)> visit);

  // DataLoss: the stream ends inside a record.
  absl::Status Finish() const;

 private:
  std::string rest_;
  uint64_t records_ = 0;
};

// Reads records as they were appended: the parts of a large payload joined again, but for those above
// kMessageReceiveBytesMax, which come in pieces of that size. One thread.
class RecordReader final {
 public:
  // Calls `visit` until it answers false; `*stopped` says so.
  absl::Status Add(std::string_view bytes, absl::FunctionRef<bool(const RecordEntry&)> visit, bool* stopped);
  absl::Status Finish() const { return splitter_.Finish(); }

 private:
  RecordSplitter splitter_;
  RecordEntry entry_;
  bool joining_ = false;
};

// Recomputes checksums, order, chain and signature of one session's record. Bounded memory, one thread.
class RecordVerifier final {
 public:
  // `public_key`: raw Ed25519 bytes of the audit key that is trusted.
  RecordVerifier(std::string_view session_id, std::string_view public_key);

  // The next bytes. After the first problem they are only counted.
  void Add(std::string_view bytes);

  // Nothing more comes. `ok` needs a whole, sealed record; `session_runs` (as known before the first byte was read)
  // says why a seal may be missing.
  VerifyReport Finish(bool session_runs);

 private:
  absl::Status Check(const RecordView& record);
  absl::Status CheckSeal(const RecordView& record);

  const std::string session_id_;
  const std::string public_key_;
  RecordSplitter splitter_;
  ChainHasher hasher_;
  ChainHead head_ = {};
  RecordCounts counts_;
  uint64_t last_position_ = 0;
  VerifyReport report_;
};

}  // namespace hoop
