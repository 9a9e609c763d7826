#include "identity/password_hash.h"

#include <openssl/evp.h>

#include <charconv>
#include <optional>
#include <vector>

#include "base/check.h"
#include "base/encoding.h"
#include "base/ids.h"
#include "base/limits/identity.h"
#include "base/status.h"
#include "identity/digest.h"

namespace hoop {
namespace {

constexpr size_t kSaltBytes = 16;
constexpr size_t kHashBytes = 32;
constexpr uint32_t kLogNMax = 20, kRMax = 32, kPMax = 16;

struct StoredHash {
  ScryptCost cost;
  std::string salt;
  std::string hash;
};

// A stored text decides how much memory and time a login takes: only what we might have made ourselves is run.
bool IsAffordable(const ScryptCost& cost) {
  if (cost.log_n < 1 || cost.log_n > kLogNMax || cost.r < 1 || cost.r > kRMax || cost.p < 1 || cost.p > kPMax) {
    return false;
  }
  return (uint64_t{128} * cost.r << cost.log_n) <= limits::kScryptMemoryBytesMax / 2;
}

// Nothing when OpenSSL has no memory for it.
std::optional<std::string> Derive(std::string_view password, std::string_view salt, const ScryptCost& cost) {
  std::string out(kHashBytes, '\0');
  const int result =
      EVP_PBE_scrypt(password.data(), password.size(), reinterpret_cast<const unsigned char*>(salt.data()), salt.size(),
                     uint64_t{1} << cost.log_n, cost.r, cost.p, limits::kScryptMemoryBytesMax,
                     reinterpret_cast<unsigned char*>(out.data()), out.size());
  return result == 1 ? std::optional(std::move(out)) : std::nullopt;
}

// Takes "<key>=<number>" from the front of `text`, and the comma behind it.
std::optional<uint32_t> TakeParameter(std::string_view& text, std::string_view key) {
  if (text.substr(0, key.size()) != key) return std::nullopt;
  text.remove_prefix(key.size());
  uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  if (!text.empty()) {
    if (text[0] != ',') return std::nullopt;
    text.remove_prefix(1);
  }
  return value;
}

std::optional<StoredHash> ParseHash(std::string_view text) {
  std::vector<std::string_view> parts;
  for (size_t dollar = text.find('$'); dollar != std::string_view::npos; dollar = text.find('$')) {
    parts.push_back(text.substr(0, dollar));
    text.remove_prefix(dollar + 1);
  }
  parts.push_back(text);
  if (parts.size() != 5 || !parts[0].empty() || parts[1] != "scrypt") return std::nullopt;
  const auto log_n = TakeParameter(parts[2], "ln="), r = TakeParameter(parts[2], "r="),
             p = TakeParameter(parts[2], "p=");
  const auto salt = Base64UrlDecode(parts[3]), hash = Base64UrlDecode(parts[4]);
  if (!log_n || !r || !p || !parts[2].empty() || !salt || !hash) return std::nullopt;
  if (salt->size() != kSaltBytes || hash->size() != kHashBytes) return std::nullopt;
  StoredHash stored{{*log_n, *r, *p}, *salt, *hash};
  return IsAffordable(stored.cost) ? std::optional(std::move(stored)) : std::nullopt;
}

std::string RandomSalt() {
  std::string salt(kSaltBytes, '\0');
  RandomBytes(salt.data(), salt.size());
  return salt;
}

std::string Format(const ScryptCost& cost, std::string_view salt, std::string_view hash) {
  return fmt::format("$scrypt$ln={},r={},p={}${}${}", cost.log_n, cost.r, cost.p, Base64UrlEncode(salt),
                     Base64UrlEncode(hash));
}

}  // namespace

absl::StatusOr<std::string> HashPassword(std::string_view password, const ScryptCost& cost) {
  HOOP_CHECK(IsAffordable(cost));
  if (password.empty()) return InvalidArgument("password: it is empty");
  if (password.size() > limits::kPasswordBytesMax) {
    return InvalidArgument("password: longer than {} bytes", limits::kPasswordBytesMax);
  }
  const std::string salt = RandomSalt();
  const std::optional<std::string> hash = Derive(password, salt, cost);
  if (!hash.has_value()) return ResourceExhausted("password: no memory to hash it");
  return Format(cost, salt, *hash);
}

std::string HashOfNobody(const ScryptCost& cost) {
  // Nobody knows a password whose hash is these bytes.
  std::string hash(kHashBytes, '\0');
  RandomBytes(hash.data(), hash.size());
  return Format(cost, RandomSalt(), hash);
}

bool PasswordMatches(std::string_view password, std::string_view hash) {
  if (password.size() > limits::kPasswordBytesMax) return false;
  const std::optional<StoredHash> stored = ParseHash(hash);
  if (!stored.has_value()) return false;
  const std::optional<std::string> offered = Derive(password, stored->salt, stored->cost);
  return offered.has_value() && EqualSecrets(*offered, stored->hash);
}

}  // namespace hoop
