#include "identity/ed25519_key.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "base/check.h"
#include "base/encoding.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "identity/digest.h"
#include "identity/secret_file.h"

namespace hoop {
namespace {

constexpr size_t kSignatureBytes = 64;
constexpr size_t kPublicBytes = 32;
constexpr size_t kIdBytes = 12;  // of the hash of the public half: enough to tell keys apart

struct FreeBio {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
using Bio = std::unique_ptr<BIO, FreeBio>;

struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_MD_CTX, FreeContext>;

const unsigned char* Raw(std::string_view bytes) { return reinterpret_cast<const unsigned char*>(bytes.data()); }

}  // namespace

void Ed25519Key::Free::operator()(evp_pkey_st* key) const { EVP_PKEY_free(key); }

Ed25519Key::Ed25519Key(evp_pkey_st* key) : key_(key) {
  std::string bytes(kPublicBytes, '\0');
  size_t size = bytes.size();
  HOOP_CHECK(EVP_PKEY_get_raw_public_key(key, reinterpret_cast<unsigned char*>(bytes.data()), &size) == 1);
  id_ = Base64UrlEncode(Sha256(bytes).substr(0, kIdBytes));
}

Ed25519Key Ed25519Key::Generate() {
  EVP_PKEY* key = EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
  HOOP_CHECK(key != nullptr);
  return Ed25519Key(key);
}

absl::StatusOr<Ed25519Key> Ed25519Key::FromPem(const std::string& pem) {
  const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  HOOP_CHECK(bio != nullptr);
  // A callback that knows no pass phrase: by default OpenSSL would ask at the terminal.
  const auto no_pass_phrase = [](char*, int, int, void*) { return -1; };
  std::unique_ptr<EVP_PKEY, Free> key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_pass_phrase, nullptr));
  if (key == nullptr || EVP_PKEY_is_a(key.get(), "ED25519") != 1) {
    return FailedPrecondition("key: not an Ed25519 private key in PEM without pass phrase");
  }
  return Ed25519Key(key.release());
}

absl::StatusOr<Ed25519Key> Ed25519Key::LoadOrCreate(const std::string& path) {
  absl::StatusOr<std::string> pem = ReadSecretFile(path);
  if (absl::IsNotFound(pem.status())) {
    const absl::Status created = CreateSecretFile(path, Generate().ToPem());
    if (!created.ok() && !absl::IsAlreadyExists(created)) return created;
    pem = ReadSecretFile(path);  // ours, or that of another process which was quicker
  }
  HOOP_RETURN_IF_ERROR(pem.status());
  absl::StatusOr<Ed25519Key> key = FromPem(*pem);
  if (!key.ok()) return Annotate(key.status(), fmt::format("file {}", path));
  return key;
}

std::string Ed25519Key::ToPem() const {
  const Bio bio(BIO_new(BIO_s_mem()));
  HOOP_CHECK(bio != nullptr);
  HOOP_CHECK(PEM_write_bio_PrivateKey(bio.get(), key_.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1);
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  return std::string(text, static_cast<size_t>(size));
}

std::string Ed25519Key::Sign(std::string_view message) const {
  const Context context(EVP_MD_CTX_new());
  HOOP_CHECK(context != nullptr);
  std::string signature(kSignatureBytes, '\0');
  size_t size = signature.size();
  HOOP_CHECK(EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key_.get()) == 1);
  HOOP_CHECK(EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size, Raw(message),
                            message.size()) == 1);
  return signature;
}

bool Ed25519Key::Verify(std::string_view message, std::string_view signature) const {
  const Context context(EVP_MD_CTX_new());
  HOOP_CHECK(context != nullptr);
  HOOP_CHECK(EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key_.get()) == 1);
  return signature.size() == kSignatureBytes &&
         EVP_DigestVerify(context.get(), Raw(signature), signature.size(), Raw(message), message.size()) == 1;
}

}  // namespace hoop
