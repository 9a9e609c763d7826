#include "audit/segment_scanner.h"

#include <algorithm>
#include <cstring>

#include "base/limits/units.h"
#include "base/status_macros.h"

namespace hoop {
namespace {

constexpr size_t kWindowBytes = 1 * limits::kMiB;
constexpr size_t kGenerationAt = 8;  // within a record
static_assert(kWindowBytes > kRecordBytesMax);

}  // namespace

SegmentScanner::SegmentScanner(File& file, uint32_t generation, uint64_t from, uint64_t to, std::string& window)
    : file_(file), generation_(generation), to_(to), offset_(from), window_(window), window_offset_(from) {
  window_.clear();
}

absl::Status SegmentScanner::Fill() {
  HOOP_RETURN_IF_ERROR(file_.Read(offset_, std::min<uint64_t>(kWindowBytes, to_ - offset_), window_));
  window_offset_ = offset_;
  return absl::OkStatus();
}

absl::Status SegmentScanner::Scan(uint64_t bytes_max, absl::FunctionRef<absl::Status(const RecordView&)> visit) {
  const uint64_t start = offset_;
  while (!done_ && offset_ - start < bytes_max) {
    const uint64_t have = window_offset_ + window_.size() - offset_;
    if (have < kRecordBytesMax && window_offset_ + window_.size() < to_) {
      HOOP_RETURN_IF_ERROR(Fill());
      if (window_.empty()) {
        done_ = true;  // the file is shorter than it was
        break;
      }
    }
    const std::string_view open = std::string_view(window_).substr(offset_ - window_offset_);
    const absl::StatusOr<RecordView> record = ParseRecord(open);
    if (record.ok() && record->generation == generation_) {
      HOOP_RETURN_IF_ERROR(visit(*record));
      offset_ += record->bytes.size();
      continue;
    }
    HOOP_ASSIGN_OR_RETURN(const uint64_t next, FindBehind(offset_ + 1));
    if (next >= to_) {
      done_ = true;
      break;
    }
    if (damages_++ == 0) damage_offset_ = offset_;
    offset_ = next;
    HOOP_RETURN_IF_ERROR(Fill());
  }
  if (offset_ >= to_) done_ = true;
  return absl::OkStatus();
}

absl::StatusOr<uint64_t> SegmentScanner::FindBehind(uint64_t offset) {
  for (; offset < to_; offset += kWindowBytes) {
    const uint64_t size = std::min<uint64_t>(kWindowBytes + kRecordBytesMax, to_ - offset);
    std::string bytes;
    HOOP_RETURN_IF_ERROR(file_.Read(offset, size, bytes));
    const char* const begin = bytes.data();
    const char* const end = begin + bytes.size();
    const char* from = begin + std::min(kGenerationAt, bytes.size());
    while (const void* hit = ::memmem(from, static_cast<size_t>(end - from), &generation_, sizeof generation_)) {
      const char* const candidate = static_cast<const char*>(hit) - kGenerationAt;
      if (candidate >= begin + kWindowBytes) break;
      const auto record = ParseRecord({candidate, static_cast<size_t>(end - candidate)});
      if (record.ok() && record->generation == generation_) {
        return offset + static_cast<uint64_t>(candidate - begin);
      }
      from = static_cast<const char*>(hit) + 1;
    }
    if (bytes.size() < size) break;
  }
  return to_;
}

}  // namespace hoop
