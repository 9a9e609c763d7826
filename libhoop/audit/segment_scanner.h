// Reads the records of a segment file and steps over damage. Used by recovery.h and flusher.h.
#pragma once

#include <cstdint>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "audit/file_system.h"
#include "protocol/record_format.h"

namespace hoop {

// Holds a window of the file in the caller's `window`, whose memory many scans can share. One thread.
class SegmentScanner final {
 public:
  // Reads records of `generation` from offset `from` up to `to`; what is older is not seen.
  SegmentScanner(File& file, uint32_t generation, uint64_t from, uint64_t to, std::string& window);

  // Calls `visit` for each record until `bytes_max` of them were read, `visit` fails or nothing is left; `done` then
  // says true. A place without a good record ends the scan, unless a good one stands somewhere behind it: then the
  // place is damage, is counted, and the scan goes on there.
  absl::Status Scan(uint64_t bytes_max, absl::FunctionRef<absl::Status(const RecordView&)> visit);

  bool done() const { return done_; }
  uint64_t offset() const { return offset_; }  // behind the last good record
  int damages() const { return damages_; }
  uint64_t damage_offset() const { return damage_offset_; }  // of the first one

 private:
  absl::Status Fill();
  absl::StatusOr<uint64_t> FindBehind(uint64_t offset);  // `to_` when there is none

  File& file_;
  const uint32_t generation_;
  const uint64_t to_;
  uint64_t offset_;
  std::string& window_;  // bytes from window_offset_
  uint64_t window_offset_;
  bool done_ = false;
  int damages_ = 0;
  uint64_t damage_offset_ = 0;
};

}  // namespace hoop
