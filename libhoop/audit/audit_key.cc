#include "audit/audit_key.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/check.h"
#include "base/encoding.h"
#include "base/ids.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "protocol/record_seal.h"

namespace hoop {
namespace {

constexpr size_t kSeedBytes = 32;

std::string FolderOf(const std::string& path) {
  const size_t slash = path.find_last_of('/');
  return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

// The file appears under its name by link(2): complete, and never over one that is there already.
absl::Status MakeKeyFile(const std::string& path, FileSystem& files) {
  std::string seed(kSeedBytes, '\0');
  RandomBytes(seed.data(), seed.size());
  const std::string unfinished = fmt::format("{}.{}", path, RandomToken(6));
  absl::Status status;
  {
    HOOP_ASSIGN_OR_RETURN(const std::unique_ptr<File> file, files.Open(unfinished, FileSystem::OpenMode::kCreate));
    status = file->Write(0, HexEncode(seed) + "\n");
    if (status.ok()) status = file->Sync();
  }
  OPENSSL_cleanse(seed.data(), seed.size());
  if (status.ok() && ::link(unfinished.c_str(), path.c_str()) != 0 && errno != EEXIST) {
    status = ErrnoStatus(errno, path);
  }
  ::unlink(unfinished.c_str());
  if (status.ok()) status = files.SyncFolder(FolderOf(path));
  return status;
}

}  // namespace

AuditKey::AuditKey(evp_pkey_st* key, std::string public_key)
    : key_(key), public_key_(std::move(public_key)), id_(AuditKeyId(public_key_)) {}

AuditKey::~AuditKey() { EVP_PKEY_free(key_); }

absl::StatusOr<std::unique_ptr<AuditKey>> AuditKey::LoadOrMake(const std::string& path, FileSystem& files) {
  struct stat found = {};
  if (::stat(path.c_str(), &found) != 0) {
    if (errno != ENOENT) return ErrnoStatus(errno, path);
    HOOP_RETURN_IF_ERROR(Annotate(MakeKeyFile(path, files), "making the audit key"));
    if (::stat(path.c_str(), &found) != 0) return ErrnoStatus(errno, path);
  }
  if ((found.st_mode & 077) != 0) {
    return FailedPrecondition("audit key {}: mode {:o} lets others read it, 600 is needed", path, found.st_mode & 0777);
  }
  HOOP_ASSIGN_OR_RETURN(const std::unique_ptr<File> file, files.Open(path, FileSystem::OpenMode::kExisting));
  std::string text;
  HOOP_RETURN_IF_ERROR(file->Read(0, 2 * kSeedBytes + 2, text));
  if (!text.empty() && text.back() == '\n') text.pop_back();
  std::optional<std::string> seed = HexDecode(text);
  OPENSSL_cleanse(text.data(), text.size());
  if (!seed.has_value() || seed->size() != kSeedBytes) {
    return InvalidArgument("audit key {}: not {} hexadecimal digits", path, 2 * kSeedBytes);
  }
  EVP_PKEY* key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr,
                                               reinterpret_cast<const unsigned char*>(seed->data()), seed->size());
  OPENSSL_cleanse(seed->data(), seed->size());
  HOOP_CHECK(key != nullptr);
  std::string public_key(32, '\0');
  size_t size = public_key.size();
  HOOP_CHECK(EVP_PKEY_get_raw_public_key(key, reinterpret_cast<unsigned char*>(public_key.data()), &size) == 1);
  return std::unique_ptr<AuditKey>(new AuditKey(key, std::move(public_key)));
}

std::string AuditKey::Sign(std::string_view message) const {
  std::string signature(64, '\0');
  size_t size = signature.size();
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  HOOP_CHECK(context != nullptr && EVP_DigestSignInit(context, nullptr, nullptr, nullptr, key_) == 1);
  HOOP_CHECK(EVP_DigestSign(context, reinterpret_cast<unsigned char*>(signature.data()), &size,
                            reinterpret_cast<const unsigned char*>(message.data()), message.size()) == 1);
  EVP_MD_CTX_free(context);
  return signature;
}

}  // namespace hoop
