// The keys that SCRAM makes of passwords: two milliseconds of CPU each (4,096 rounds of HMAC), and the same for every
// connection to one server. Made on the worker, kept for the next one. Used by connectors/postgres.
#pragma once

#include <array>
#include <cstdint>
#include <list>
#include <memory>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "base/loop.h"
#include "base/worker.h"
#include "protocol/postgres/scram.h"

namespace hoop {

// Owned by the agent; loop thread only. Keeps the limits::kSaltedPasswordsKept that were used last, in memory only;
// what leaves is wiped. A password that was changed has another place, and so has a new salt of the server.
class SaltedPasswords final {
 public:
  using Done = absl::AnyInvocable<void(absl::StatusOr<std::string>)>;

  SaltedPasswords(Loop& loop, Worker& worker) : loop_(loop), worker_(worker) {}
  ~SaltedPasswords() { *alive_ = false; }
  SaltedPasswords(const SaltedPasswords&) = delete;
  SaltedPasswords& operator=(const SaltedPasswords&) = delete;

  // Calls `done` once on the loop, from inside this call where the key is there already. Errors are those of
  // postgres::DeriveSaltedPassword, and ResourceExhausted: the worker has too much to do.
  void Get(postgres::SaltedPasswordRequest request, Done done);

  size_t size() const { return kept_.size(); }

 private:
  // Of password, salt and rounds: the password itself is not kept.
  using Place = std::array<uint8_t, 32>;
  struct Kept {
    Kept(const Place& place_in, std::string key_in) : place(place_in), key(std::move(key_in)) {}
    ~Kept();
    Kept(const Kept&) = delete;
    Kept& operator=(const Kept&) = delete;
    const Place place;
    std::string key;
  };

  static Place PlaceOf(const postgres::SaltedPasswordRequest& request);
  const std::string* Find(const Place& place);
  void Keep(const Place& place, const std::string& key);

  Loop& loop_;
  Worker& worker_;
  std::list<Kept> kept_;  // the one that was used last is the first
  // Read on the loop only; shared because the worker's answer may outlive this.
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace hoop
