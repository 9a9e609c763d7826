#include "rest/refused_logins.h"

#include <utility>

#include "base/limits/identity.h"

namespace hoop::rest {

void RefusedLogins::Note(std::string_view email, std::string_view peer, std::string_view reason) {
  int unsaid = 0;
  {
    absl::MutexLock lock(&mu_);
    const absl::Time now = clock_.Now();
    if (now - window_start_ >= limits::kLoginLinesTime || now < window_start_) {
      window_start_ = now;
      lines_ = 0;
    }
    if (lines_ == limits::kLoginLinesMax) {
      ++unsaid_;
      return;
    }
    ++lines_;
    unsaid = std::exchange(unsaid_, 0);
  }
  // What a stranger typed is cut: an address, not a letter to the operator.
  log_.Warning("sign-in refused", "email", email.substr(0, limits::kEmailBytesMax), "peer", peer, "reason", reason,
               "unsaid_before", unsaid);
}

}  // namespace hoop::rest
