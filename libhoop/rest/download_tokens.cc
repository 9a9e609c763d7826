#include "rest/download_tokens.h"

#include <algorithm>
#include <utility>

#include "base/encoding.h"
#include "base/ids.h"
#include "base/limits/http.h"
#include "identity/digest.h"
#include "rest/http_message.h"

namespace hoop::rest {

std::string DownloadTokens::Issue(std::string_view session_id, absl::Time now, absl::Time* expires) {
  std::string random(32, '\0');
  RandomBytes(random.data(), random.size());
  std::string token = HexEncode(random);
  *expires = now + limits::kRestDownloadTime;
  absl::MutexLock lock(&mu_);
  if (entries_.size() >= limits::kRestDownloadTokensMax) {
    // All live equally long: the one that ends first is the oldest.
    entries_.erase(std::min_element(entries_.begin(), entries_.end(),
                                    [](const auto& a, const auto& b) { return a.second.expires < b.second.expires; }));
  }
  entries_.insert_or_assign(std::string(session_id), Entry{Sha256(token), *expires});
  return token;
}

absl::Status DownloadTokens::Redeem(std::string_view session_id, std::string_view token, absl::Time now) {
  absl::MutexLock lock(&mu_);
  const auto found = entries_.find(session_id);
  if (found == entries_.end()) return HttpError(404, "not found");
  const Entry entry = std::move(found->second);
  entries_.erase(found);
  if (now >= entry.expires) return HttpError(410, "the download has expired");
  if (entry.digest != Sha256(token)) return HttpError(401, "access denied");
  return absl::OkStatus();
}

}  // namespace hoop::rest
