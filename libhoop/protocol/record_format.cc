#include "protocol/record_format.h"

#include <openssl/evp.h>

#include <bit>
#include <cstring>

#include "base/check.h"
#include "base/encoding.h"
#include "base/ids.h"
#include "base/limits/journal.h"
#include "base/limits/session.h"
#include "base/status.h"
#include "protocol/crc32c.h"

namespace hoop {
namespace {

static_assert(std::endian::native == std::endian::little, "records are little-endian");

// Where the fields stand.
constexpr size_t kLengthAt = 0, kChecksumAt = 4, kGenerationAt = 8, kDirectionAt = 12, kKindAt = 13, kFlagsAt = 14,
                 kConnectionIdBytesAt = 15, kPositionAt = 16, kSessionAt = 24, kTimeAt = 40;
constexpr uint8_t kContinuedFlag = 1;

template <typename T>
T Load(std::string_view bytes, size_t at) {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

template <typename T>
void Put(char* bytes, size_t at, const T& value) {
  std::memcpy(bytes + at, &value, sizeof value);
}

// Over all but itself: the length, then what stands behind the checksum.
uint32_t Checksum(uint32_t generation, std::string_view record) {
  return Crc32c(Crc32c(generation, record.substr(kLengthAt, sizeof(uint32_t))), record.substr(kGenerationAt));
}

bool KnownDirection(uint8_t value) { return value >= 1 && value <= static_cast<uint8_t>(Direction::kGateway); }
bool KnownKind(uint8_t value) { return value >= 1 && value <= static_cast<uint8_t>(RecordKind::kGiven); }

}  // namespace

std::optional<SessionUuid> ParseSessionUuid(std::string_view text) {
  if (!IsUuid(text)) return std::nullopt;
  std::string digits;
  for (char c : text) {
    if (c != '-') digits += c;
  }
  const std::optional<std::string> bytes = HexDecode(digits);
  if (!bytes.has_value()) return std::nullopt;
  SessionUuid uuid;
  std::memcpy(uuid.data(), bytes->data(), uuid.size());
  return uuid;
}

std::string SessionUuidText(const SessionUuid& uuid) {
  std::string text = HexEncode({reinterpret_cast<const char*>(uuid.data()), uuid.size()});
  for (size_t position : {8, 13, 18, 23}) text.insert(position, 1, '-');
  return text;
}

void AppendRecord(std::string& out, const RecordView& record) {
  HOOP_CHECK(record.connection_id.size() <= limits::kConnectionIdBytesMax);
  HOOP_CHECK(record.payload.size() <= limits::kRecordPayloadBytesMax);
  const size_t length = kRecordHeaderBytes + record.connection_id.size() + record.payload.size();
  const size_t start = out.size();
  char header[kRecordHeaderBytes];
  Put(header, kLengthAt, static_cast<uint32_t>(length));
  Put(header, kGenerationAt, record.generation);
  Put(header, kDirectionAt, static_cast<uint8_t>(record.direction));
  Put(header, kKindAt, static_cast<uint8_t>(record.kind));
  Put(header, kFlagsAt, static_cast<uint8_t>(record.continued ? kContinuedFlag : 0));
  Put(header, kConnectionIdBytesAt, static_cast<uint8_t>(record.connection_id.size()));
  Put(header, kPositionAt, record.position);
  Put(header, kSessionAt, record.session);
  Put(header, kTimeAt, record.time_us);
  out.append(header, sizeof header);
  out.append(record.connection_id);
  out.append(record.payload);
  const uint32_t checksum = Checksum(record.generation, std::string_view(out).substr(start));
  Put(out.data() + start, kChecksumAt, checksum);
}

absl::StatusOr<RecordView> ParseRecord(std::string_view bytes) {
  if (bytes.size() < sizeof(uint32_t)) return absl::OutOfRangeError("the record goes on");
  const size_t length = Load<uint32_t>(bytes, kLengthAt);
  if (length == 0) return absl::NotFoundError("no record");
  if (length < kRecordHeaderBytes || length > kRecordBytesMax) return absl::DataLossError("impossible length");
  if (bytes.size() < length) return absl::OutOfRangeError("the record goes on");
  bytes = bytes.substr(0, length);

  RecordView record;
  record.generation = Load<uint32_t>(bytes, kGenerationAt);
  if (Load<uint32_t>(bytes, kChecksumAt) != Checksum(record.generation, bytes)) {
    return absl::DataLossError("wrong checksum");
  }
  const uint8_t direction = Load<uint8_t>(bytes, kDirectionAt), kind = Load<uint8_t>(bytes, kKindAt),
                flags = Load<uint8_t>(bytes, kFlagsAt);
  const size_t connection_id_bytes = Load<uint8_t>(bytes, kConnectionIdBytesAt);
  if (!KnownDirection(direction) || !KnownKind(kind) || flags > kContinuedFlag ||
      connection_id_bytes > limits::kConnectionIdBytesMax || kRecordHeaderBytes + connection_id_bytes > length ||
      length - kRecordHeaderBytes - connection_id_bytes > limits::kRecordPayloadBytesMax) {
    return absl::DataLossError("unknown fields");
  }
  record.direction = static_cast<Direction>(direction);
  record.kind = static_cast<RecordKind>(kind);
  record.continued = (flags & kContinuedFlag) != 0;
  record.position = Load<uint64_t>(bytes, kPositionAt);
  record.session = Load<SessionUuid>(bytes, kSessionAt);
  record.time_us = Load<int64_t>(bytes, kTimeAt);
  record.connection_id = bytes.substr(kRecordHeaderBytes, connection_id_bytes);
  record.payload = bytes.substr(kRecordHeaderBytes + connection_id_bytes);
  record.bytes = bytes;
  return record;
}

ChainHasher::ChainHasher() : digest_(EVP_MD_fetch(nullptr, "SHA256", nullptr)), context_(EVP_MD_CTX_new()) {
  HOOP_CHECK(digest_ != nullptr && context_ != nullptr);
}

ChainHasher::~ChainHasher() {
  EVP_MD_CTX_free(context_);
  EVP_MD_free(digest_);
}

void ChainHasher::Extend(ChainHead& head, std::string_view record) {
  // Exactly one block of SHA-256: the head before and the fields that count, in their order on disk.
  char block[64];
  char* end = block;
  const auto add = [&end](const void* from, size_t size) {
    std::memcpy(end, from, size);
    end += size;
  };
  add(head.data(), head.size());
  add(record.data() + kLengthAt, kChecksumAt - kLengthAt);
  add(record.data() + kDirectionAt, kPositionAt - kDirectionAt);
  add(record.data() + kSessionAt, kRecordHeaderBytes - kSessionAt);
  static_assert(sizeof(ChainHead) + 4 + 4 + 24 == sizeof block);
  HOOP_CHECK(EVP_DigestInit_ex2(context_, digest_, nullptr) == 1);
  HOOP_CHECK(EVP_DigestUpdate(context_, block, sizeof block) == 1);
  HOOP_CHECK(EVP_DigestUpdate(context_, record.data() + kRecordHeaderBytes, record.size() - kRecordHeaderBytes) == 1);
  HOOP_CHECK(EVP_DigestFinal_ex(context_, head.data(), nullptr) == 1);
}

}  // namespace hoop
