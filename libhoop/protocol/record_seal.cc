#include "protocol/record_seal.h"

#include <openssl/evp.h>

#include <cstring>
#include <nlohmann/json.hpp>

#include "base/check.h"
#include "base/encoding.h"
#include "base/status.h"
#include "base/status_macros.h"

namespace hoop {
namespace {

using Json = nlohmann::json;

constexpr int kSealVersion = 1;
constexpr size_t kPublicKeyBytes = 32;
constexpr size_t kSignatureBytes = 64;

absl::StatusOr<Json> ParseObject(std::string_view text) {
  Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return DataLoss("the seal is no JSON object");
  return json;
}

absl::Status Read(const Json& json, const char* key, std::string& out) {
  const auto found = json.find(key);
  if (found == json.end() || !found->is_string()) return DataLoss("the seal has no text {}", key);
  out = found->get<std::string>();
  return absl::OkStatus();
}

template <typename T>
absl::Status Read(const Json& json, const char* key, T& out) {
  const auto found = json.find(key);
  if (found == json.end() || !found->is_number_integer()) return DataLoss("the seal has no number {}", key);
  out = found->get<T>();
  return absl::OkStatus();
}

// Bytes of a reason that are not UTF-8 become the replacement sign: a seal must never fail to be written.
std::string Dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

}  // namespace

void RecordCounts::Add(const RecordView& record) {
  ++records;
  if (record.direction == Direction::kRequest) request_bytes += record.payload.size();
  if (record.direction == Direction::kReply) reply_bytes += record.payload.size();
}

std::string SealText(const SealStatement& statement) {
  Json json = {
      {"version", kSealVersion},
      {"session_id", statement.session_id},
      {"chain_head", HexEncode({reinterpret_cast<const char*>(statement.chain_head.data()), sizeof(ChainHead)})},
      {"last_position", statement.last_position},
      {"records", statement.counts.records},
      {"request_bytes", statement.counts.request_bytes},
      {"reply_bytes", statement.counts.reply_bytes},
      {"end_reason", statement.end_reason},
      {"sealed_at_us", statement.sealed_at_us},
      {"key_id", statement.key_id},
  };
  if (statement.exit_code.has_value()) json["exit_code"] = *statement.exit_code;
  if (!statement.note.empty()) json["note"] = statement.note;
  return Dump(json);
}

absl::StatusOr<SealStatement> ParseSealText(std::string_view text) {
  HOOP_ASSIGN_OR_RETURN(const Json json, ParseObject(text));
  SealStatement statement;
  int version = 0;
  HOOP_RETURN_IF_ERROR(Read(json, "version", version));
  if (version != kSealVersion) return DataLoss("the seal is of version {}, not {}", version, kSealVersion);
  std::string chain_head;
  HOOP_RETURN_IF_ERROR(Read(json, "session_id", statement.session_id));
  HOOP_RETURN_IF_ERROR(Read(json, "chain_head", chain_head));
  HOOP_RETURN_IF_ERROR(Read(json, "last_position", statement.last_position));
  HOOP_RETURN_IF_ERROR(Read(json, "records", statement.counts.records));
  HOOP_RETURN_IF_ERROR(Read(json, "request_bytes", statement.counts.request_bytes));
  HOOP_RETURN_IF_ERROR(Read(json, "reply_bytes", statement.counts.reply_bytes));
  HOOP_RETURN_IF_ERROR(Read(json, "end_reason", statement.end_reason));
  HOOP_RETURN_IF_ERROR(Read(json, "sealed_at_us", statement.sealed_at_us));
  HOOP_RETURN_IF_ERROR(Read(json, "key_id", statement.key_id));
  if (json.contains("exit_code")) HOOP_RETURN_IF_ERROR(Read(json, "exit_code", statement.exit_code.emplace()));
  if (json.contains("note")) HOOP_RETURN_IF_ERROR(Read(json, "note", statement.note));
  const std::optional<std::string> head = HexDecode(chain_head);
  if (!head.has_value() || head->size() != sizeof(ChainHead)) return DataLoss("the seal has no chain head");
  std::memcpy(statement.chain_head.data(), head->data(), head->size());
  return statement;
}

std::string SealPayload(const SignedSeal& seal) {
  return Dump({{"seal", seal.text}, {"signature", Base64Encode(seal.signature)}});
}

absl::StatusOr<SignedSeal> ParseSealPayload(std::string_view payload) {
  HOOP_ASSIGN_OR_RETURN(const Json json, ParseObject(payload));
  SignedSeal seal;
  std::string signature;
  HOOP_RETURN_IF_ERROR(Read(json, "seal", seal.text));
  HOOP_RETURN_IF_ERROR(Read(json, "signature", signature));
  std::optional<std::string> bytes = Base64Decode(signature);
  if (!bytes.has_value()) return DataLoss("the signature of the seal is not base64");
  seal.signature = *std::move(bytes);
  return seal;
}

std::string SealSignedBytes(std::string_view text) { return fmt::format("hoop audit seal 1\n{}", text); }

bool VerifySeal(std::string_view public_key, const SignedSeal& seal) {
  if (public_key.size() != kPublicKeyBytes || seal.signature.size() != kSignatureBytes) return false;
  const std::string message = SealSignedBytes(seal.text);
  const auto bytes = [](std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); };
  EVP_PKEY* key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes(public_key), public_key.size());
  if (key == nullptr) return false;
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  const bool good =
      context != nullptr && EVP_DigestVerifyInit(context, nullptr, nullptr, nullptr, key) == 1 &&
      EVP_DigestVerify(context, bytes(seal.signature), seal.signature.size(), bytes(message), message.size()) == 1;
  EVP_MD_CTX_free(context);
  EVP_PKEY_free(key);
  return good;
}

std::string AuditKeyId(std::string_view public_key) {
  unsigned char digest[32];
  HOOP_CHECK(EVP_Digest(public_key.data(), public_key.size(), digest, nullptr, EVP_sha256(), nullptr) == 1);
  return HexEncode({reinterpret_cast<const char*>(digest), 8});
}

}  // namespace hoop
