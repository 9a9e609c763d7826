// Passwords as text that may be stored: scrypt, with its parameters in front. Slow on purpose: called by
// LocalAccounts on the worker for hashes, never on a loop.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace hoop {

// N = 2^15, r = 8, p = 3: OWASP's line for 32 MiB, about a quarter of a second. Tests take less.
struct ScryptCost {
  uint32_t log_n = 15;
  uint32_t r = 8;
  uint32_t p = 3;
};

// "$scrypt$ln=15,r=8,p=3$<salt>$<hash>", salt and hash base64url. InvalidArgument: empty or too long a password.
absl::StatusOr<std::string> HashPassword(std::string_view password, const ScryptCost& cost = {});

// A text that no password matches, and that takes as long to compare as one of HashPassword: for users who are not
// there.
std::string HashOfNobody(const ScryptCost& cost = {});

// False also for a text that is no such hash, or one whose parameters are outside our bounds.
bool PasswordMatches(std::string_view password, std::string_view hash);

}  // namespace hoop
