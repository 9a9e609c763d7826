#include "store/secret_box.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>

#include "base/check.h"
#include "base/encoding.h"
#include "base/ids.h"
#include "base/status.h"

namespace hoop {
namespace {

constexpr std::string_view kPrefix = "sealed:";
constexpr std::string_view kKeyIdLabel = "hoop secrets key id:";
constexpr size_t kKeyIdBytes = 8;
constexpr size_t kNonceBytes = 12;
constexpr size_t kTagBytes = 16;

using Cipher = std::unique_ptr<EVP_CIPHER_CTX, void (*)(EVP_CIPHER_CTX*)>;

const unsigned char* Unsigned(const char* text) { return reinterpret_cast<const unsigned char*>(text); }
unsigned char* Unsigned(char* text) { return reinterpret_cast<unsigned char*>(text); }
int Size(std::string_view text) { return static_cast<int>(text.size()); }

Cipher NewCipher() {
  Cipher cipher(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
  HOOP_CHECK(cipher != nullptr);
  return cipher;
}

std::string KeyId(std::string_view key) {
  std::string labelled(kKeyIdLabel);
  labelled += key;
  std::string digest(EVP_MAX_MD_SIZE, '\0');
  unsigned int size = 0;
  HOOP_CHECK(EVP_Digest(labelled.data(), labelled.size(), Unsigned(digest.data()), &size, EVP_sha256(), nullptr) == 1);
  OPENSSL_cleanse(labelled.data(), labelled.size());
  return HexEncode(std::string_view(digest).substr(0, kKeyIdBytes));
}

}  // namespace

SecretBox::SecretBox(std::string_view key) : key_id_(KeyId(key)) { std::copy(key.begin(), key.end(), key_.begin()); }
SecretBox::~SecretBox() { OPENSSL_cleanse(key_.data(), key_.size()); }

absl::StatusOr<std::unique_ptr<SecretBox>> SecretBox::Create(std::string_view key) {
  if (key.size() != kKeyBytes) return InvalidArgument("secrets key: {} bytes, {} are needed", key.size(), kKeyBytes);
  return std::unique_ptr<SecretBox>(new SecretBox(key));
}

bool SecretBox::IsSealed(std::string_view text) { return text.starts_with(kPrefix); }

std::string SecretBox::Seal(std::string_view plain, std::string_view context) const {
  std::string bytes(kNonceBytes + plain.size() + kTagBytes, '\0');
  RandomBytes(bytes.data(), kNonceBytes);
  const Cipher cipher = NewCipher();
  int size = 0;
  HOOP_CHECK(EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, key_.data(), Unsigned(bytes.data())) == 1 &&
             EVP_EncryptUpdate(cipher.get(), nullptr, &size, Unsigned(context.data()), Size(context)) == 1 &&
             EVP_EncryptUpdate(cipher.get(), Unsigned(bytes.data() + kNonceBytes), &size, Unsigned(plain.data()),
                               Size(plain)) == 1 &&
             EVP_EncryptFinal_ex(cipher.get(), nullptr, &size) == 1 &&
             EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, kTagBytes,
                                 bytes.data() + kNonceBytes + plain.size()) == 1);
  return fmt::format("{}{}:{}", kPrefix, key_id_, Base64Encode(bytes));
}

absl::StatusOr<std::string> SecretBox::Open(std::string_view sealed, std::string_view context) const {
  if (!IsSealed(sealed)) return DataLoss("it is not sealed");
  sealed.remove_prefix(kPrefix.size());
  const size_t colon = sealed.find(':');
  const std::string_view key_id = sealed.substr(0, colon);
  if (key_id != key_id_) return FailedPrecondition("it is sealed with key {}, this is key {}", key_id, key_id_);
  std::optional<std::string> bytes = Base64Decode(sealed.substr(std::min(colon + 1, sealed.size())));
  if (!bytes.has_value() || bytes->size() < kNonceBytes + kTagBytes) return DataLoss("it is damaged");
  std::string plain(bytes->size() - kNonceBytes - kTagBytes, '\0');
  char* const tag = bytes->data() + kNonceBytes + plain.size();
  const Cipher cipher = NewCipher();
  int size = 0;
  HOOP_CHECK(EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, key_.data(), Unsigned(bytes->data())) == 1 &&
             EVP_DecryptUpdate(cipher.get(), nullptr, &size, Unsigned(context.data()), Size(context)) == 1 &&
             EVP_DecryptUpdate(cipher.get(), Unsigned(plain.data()), &size, Unsigned(bytes->data() + kNonceBytes),
                               Size(plain)) == 1 &&
             EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, kTagBytes, tag) == 1);
  if (EVP_DecryptFinal_ex(cipher.get(), nullptr, &size) != 1) return DataLoss("it was changed, or belongs elsewhere");
  return plain;
}

}  // namespace hoop
