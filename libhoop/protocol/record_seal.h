// The last record of a session: a signed statement of what the record holds.
// Made by audit/ with its key; checked by record_stream.h, here and in the command line.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "protocol/record_format.h"

namespace hoop {

// How much a record holds, its seal not counted.
struct RecordCounts {
  uint64_t records = 0;
  uint64_t request_bytes = 0;  // payload in direction kRequest
  uint64_t reply_bytes = 0;    // payload in direction kReply

  void Add(const RecordView& record);
  bool operator==(const RecordCounts&) const = default;
};

// What the gateway says of a session's record.
struct SealStatement {
  std::string session_id;
  ChainHead chain_head = {};   // after the record before the seal
  uint64_t last_position = 0;  // of that record
  RecordCounts counts;
  std::string end_reason;
  std::optional<int> exit_code;
  std::string note;          // empty, or why the record may be shorter than what happened
  int64_t sealed_at_us = 0;  // the time of the seal's record
  std::string key_id;
};

// The JSON text that is signed.
std::string SealText(const SealStatement& statement);
absl::StatusOr<SealStatement> ParseSealText(std::string_view text);

// The payload of a kSeal record: {"seal": "<text>", "signature": "<base64>"}. The text travels as a string so that
// everybody signs and checks the same bytes.
struct SignedSeal {
  std::string text;
  std::string signature;  // 64 bytes, Ed25519 over SealSignedBytes(text)
};
std::string SealPayload(const SignedSeal& seal);
absl::StatusOr<SignedSeal> ParseSealPayload(std::string_view payload);

// The text behind a prefix that keeps this signature from meaning anything else.
std::string SealSignedBytes(std::string_view text);

// `public_key`: raw 32 bytes. False also for a key or a signature of a wrong size.
bool VerifySeal(std::string_view public_key, const SignedSeal& seal);

// The name of a key: the first 16 hex digits of the SHA-256 of its public half.
std::string AuditKeyId(std::string_view public_key);

}  // namespace hoop
