// What tokens say whose signature was found good, so that it is not computed again for each request and each session of
// the same user, a tenth of a millisecond each time. Part of TokenSigner.
#pragma once

#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "base/fifo.h"
#include "identity/token_check.h"

namespace hoop {

// Of one key, one issuer and one audience, none of which ever changes. Times are for who asks to check: nothing here
// expires. At most limits::kCheckedTokensMax; the oldest is forgotten first. Any thread. Tokens themselves are not
// kept.
class CheckedTokens final {
 public:
  // `digest`: of the whole token, with its signature.
  std::optional<TokenClaims> Find(const std::string& digest) const;
  void Add(const std::string& digest, const TokenClaims& claims);

 private:
  mutable absl::Mutex mu_;
  absl::flat_hash_map<std::string, TokenClaims> claims_ ABSL_GUARDED_BY(mu_);
  Fifo<std::string> order_ ABSL_GUARDED_BY(mu_);
};

}  // namespace hoop
