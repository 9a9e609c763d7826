// One-time tokens with which a browser fetches a session's record: its download carries no other credentials. Asked by
// the routes of downloads.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace hoop::rest {

// Kept in memory, by their digest. Any thread.
class DownloadTokens final {
 public:
  // A new one for a session; the one before is not worth anything any more. `*expires` tells until when.
  std::string Issue(std::string_view session_id, absl::Time now, absl::Time* expires);

  // Every try takes the token away. 404: none is waited for; 410: too late; 401: another one.
  absl::Status Redeem(std::string_view session_id, std::string_view token, absl::Time now);

 private:
  struct Entry {
    std::string digest;
    absl::Time expires;
  };
  absl::Mutex mu_;
  std::map<std::string, Entry, std::less<>> entries_ ABSL_GUARDED_BY(mu_);  // by session id
};

}  // namespace hoop::rest
