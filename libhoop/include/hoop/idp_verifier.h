// Turns a bearer token into an Identity, or says why not. Called once per stream and per HTTP request.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace hoop {

// Who is calling. A value. Of a host's verifier: a subject is needed; texts are lines of UTF-8.
struct Identity {
  std::string org_id;   // empty: the gateway's own
  std::string user_id;  // our own id of the user; empty: the subject
  std::string subject;  // as the issuer says
  std::string email;    // empty: the subject
  std::string name;
  std::vector<std::string> groups;
  bool is_admin = false;
  bool is_auditor = false;
  absl::Time expires_at = absl::InfiniteFuture();  // of the token
};

// Owned by Gateway or by the host. Verify may block (a look-up, a key fetch) and is called from worker threads,
// several at a time.
class IdpVerifier {
 public:
  virtual ~IdpVerifier() = default;

  // Unauthenticated: malformed, unknown, expired or inactive; the text names the reason and never the token.
  // Unavailable: the issuer could not be asked. NotFound, of a host's: not one of its tokens. A host's is not asked
  // for tokens and API keys that the gateway itself made.
  virtual absl::StatusOr<Identity> Verify(std::string_view token, absl::Time now) = 0;

  // Whether Verify of this token may wait for somebody: then on threads where only such calls wait, so that no agent
  // and no account of the gateway's own stands behind it. Asked on loops: must not block.
  virtual bool MayWait(std::string_view /*token*/) const { return true; }
};

}  // namespace hoop
