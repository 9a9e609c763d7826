#include "audit/segment.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "base/check.h"
#include "base/status.h"
#include "protocol/crc32c.h"
#include "protocol/record_format.h"

namespace hoop {
namespace {

constexpr std::string_view kMagic = "HOOPJRNL";
constexpr uint32_t kVersion = 1;
constexpr std::string_view kPrefix = "seg-";
constexpr size_t kNameDigits = 20;

// Little-endian, in this order; the checksum is over everything before it.
struct HeaderBytes {
  char magic[8];
  uint32_t version;
  uint32_t lane;
  SessionUuid instance;
  uint32_t generation;
  uint32_t reserved;
  uint64_t first_position;
  uint64_t resumes_after;
  uint32_t reserved_too;
  uint32_t checksum;
};
static_assert(sizeof(HeaderBytes) == kSegmentHeaderBytes);

uint32_t Checksum(const HeaderBytes& header) {
  return Crc32c(0, {reinterpret_cast<const char*>(&header), offsetof(HeaderBytes, checksum)});
}

}  // namespace

std::string EncodeSegmentHeader(const SegmentHeader& header) {
  HeaderBytes bytes = {};
  std::memcpy(bytes.magic, kMagic.data(), kMagic.size());
  bytes.version = kVersion;
  bytes.lane = header.lane;
  const std::optional<SessionUuid> instance = ParseSessionUuid(header.instance);
  HOOP_CHECK(instance.has_value());
  bytes.instance = *instance;
  bytes.generation = header.generation;
  bytes.first_position = header.first_position;
  bytes.resumes_after = header.resumes_after;
  bytes.checksum = Checksum(bytes);
  return {reinterpret_cast<const char*>(&bytes), sizeof bytes};
}

absl::StatusOr<SegmentHeader> ParseSegmentHeader(std::string_view text) {
  if (text.size() < kSegmentHeaderBytes) return NotFound("no segment header");
  HeaderBytes bytes;
  std::memcpy(&bytes, text.data(), sizeof bytes);
  if (std::all_of(text.begin(), text.begin() + kSegmentHeaderBytes, [](char c) { return c == 0; })) {
    return NotFound("no segment header");
  }
  if (std::string_view(bytes.magic, sizeof bytes.magic) != kMagic || bytes.checksum != Checksum(bytes)) {
    return DataLoss("damaged segment header");
  }
  if (bytes.version != kVersion) return DataLoss("segment version {}, this program knows {}", bytes.version, kVersion);
  SegmentHeader header;
  header.instance = SessionUuidText(bytes.instance);
  header.lane = bytes.lane;
  header.generation = bytes.generation;
  header.first_position = bytes.first_position;
  header.resumes_after = bytes.resumes_after;
  return header;
}

std::string SegmentName(uint32_t generation) { return fmt::format("{}{:0{}}", kPrefix, generation, kNameDigits); }

std::optional<uint32_t> ParseSegmentName(std::string_view name) {
  if (name.size() != kPrefix.size() + kNameDigits || name.substr(0, kPrefix.size()) != kPrefix) return std::nullopt;
  uint32_t generation = 0;
  const auto [end, error] = std::from_chars(name.data() + kPrefix.size(), name.data() + name.size(), generation);
  if (error != std::errc() || end != name.data() + name.size()) return std::nullopt;
  return generation;
}

}  // namespace hoop
