// A segment: one file of a lane, a header and then records until it is full (docs/journal_format.md).
// Written through segment_set.h; read by segment_scanner.h.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "audit/file_system.h"

namespace hoop {

inline constexpr size_t kSegmentHeaderBytes = 64;

// What a segment says of itself.
struct SegmentHeader {
  std::string instance;  // UUID of the folder it belongs to
  uint32_t lane = 0;
  uint32_t generation = 0;      // grows with each use of a file in this lane; also its name
  uint64_t first_position = 0;  // the LSN of its first record
  // The last LSN before this segment that counts. Usually first_position - 1; less when a write or sync failed:
  // records between the two were never proven and are void wherever they are found.
  uint64_t resumes_after = 0;
};

std::string EncodeSegmentHeader(const SegmentHeader& header);
// NotFound: none was written. DataLoss: damaged, or of another version.
absl::StatusOr<SegmentHeader> ParseSegmentHeader(std::string_view bytes);

// seg-00000000000000000042
std::string SegmentName(uint32_t generation);
std::optional<uint32_t> ParseSegmentName(std::string_view name);

// An open segment file. Shared by the loop that writes it, the thread that syncs it and the one that flushes it: any
// of them may be the last to need it.
struct Segment {
  uint32_t generation = 0;
  std::string path;
  std::unique_ptr<File> file;
  uint64_t capacity = 0;
};

}  // namespace hoop
