#include "identity/checked_tokens.h"

#include "base/limits/identity.h"

namespace hoop {

std::optional<TokenClaims> CheckedTokens::Find(const std::string& digest) const {
  absl::MutexLock lock(&mu_);
  const auto found = claims_.find(digest);
  if (found == claims_.end()) return std::nullopt;
  return found->second;
}

void CheckedTokens::Add(const std::string& digest, const TokenClaims& claims) {
  absl::MutexLock lock(&mu_);
  if (!claims_.emplace(digest, claims).second) return;
  order_.push_back(digest);
  if (order_.size() <= limits::kCheckedTokensMax) return;
  claims_.erase(order_.front());
  order_.pop_front();
}

}  // namespace hoop
