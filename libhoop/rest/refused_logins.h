// Says in the log who could not sign in, so that an operator sees somebody trying passwords; and not so often that
// trying fills the log. Used by the routes of localauth.
#pragma once

#include <string_view>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "base/log.h"
#include "hoop/clock.h"

namespace hoop::rest {

// Owned by the routes that use it. Any thread.
class RefusedLogins final {
 public:
  RefusedLogins(Log log, const Clock& clock) : log_(log), clock_(clock) {}
  RefusedLogins(const RefusedLogins&) = delete;
  RefusedLogins& operator=(const RefusedLogins&) = delete;

  // limits::kLoginLinesMax of them in each limits::kLoginLinesTime get a line; then the rest is only counted, and the
  // number is said with the next line.
  void Note(std::string_view email, std::string_view peer, std::string_view reason);

 private:
  const Log log_;
  const Clock& clock_;
  absl::Mutex mu_;
  absl::Time window_start_ ABSL_GUARDED_BY(mu_) = absl::InfinitePast();
  int lines_ ABSL_GUARDED_BY(mu_) = 0;
  int unsaid_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace hoop::rest
