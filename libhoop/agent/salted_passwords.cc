#include "agent/salted_passwords.h"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <algorithm>
#include <utility>

#include "base/limits/agent.h"

namespace hoop {

SaltedPasswords::Kept::~Kept() { OPENSSL_cleanse(key.data(), key.size()); }

void SaltedPasswords::Get(postgres::SaltedPasswordRequest request, Done done) {
  const Place place = PlaceOf(request);
  if (const std::string* key = Find(place); key != nullptr) return done(*key);
  // Shared by the two threads in turn; the worker does not touch it once it has posted.
  auto waiting = std::make_shared<Done>(std::move(done));
  auto work = [this, alive = alive_, &loop = loop_, place, request = std::move(request), waiting] {
    loop.Post([this, alive, place, waiting, key = postgres::DeriveSaltedPassword(request)] {
      if (!*alive) return;
      if (key.ok()) Keep(place, *key);
      (*waiting)(key);
    });
  };
  if (absl::Status status = worker_.Post(std::move(work)); !status.ok()) (*waiting)(status);
}

SaltedPasswords::Place SaltedPasswords::PlaceOf(const postgres::SaltedPasswordRequest& request) {
  std::string text = fmt::format("{} {} {} ", request.iterations, request.salt.size(), request.password.size());
  text += request.salt + request.password;
  Place place;
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), place.data());
  OPENSSL_cleanse(text.data(), text.size());
  return place;
}

const std::string* SaltedPasswords::Find(const Place& place) {
  const auto found = std::find_if(kept_.begin(), kept_.end(), [&](const Kept& kept) { return kept.place == place; });
  if (found == kept_.end()) return nullptr;
  kept_.splice(kept_.begin(), kept_, found);
  return &kept_.front().key;
}

// Two may have been made at a time: they are the same.
void SaltedPasswords::Keep(const Place& place, const std::string& key) {
  if (Find(place) != nullptr) return;
  kept_.emplace_front(place, key);
  if (kept_.size() > limits::kSaltedPasswordsKept) kept_.pop_back();
}

}  // namespace hoop
