// Sessions that REST orders for the desktop app's background process (`hoop proxy-manager`): what is asked for, how it
// stands. Asked by proxy_manager_routes.cc, implemented in gateway/proxy_manager_entry.h.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "hoop/idp_verifier.h"

namespace hoop::rest {

// A session as somebody asked for it. A value.
struct ProxyOrder {
  Identity identity;
  std::string connection;  // its name
  std::string connection_type;
  std::string connection_subtype;
  std::string port;  // on which the process is to listen
  absl::Duration access_duration;
};

// One user's background process. A value.
struct ProxyState {
  enum class Status { kReady, kConnected, kDisconnected };
  Status status = Status::kDisconnected;
  ProxyOrder order;                             // the last one
  std::map<std::string, std::string> metadata;  // hostname, platform, version; session while there is one
  absl::Time connected_at;
};

// Any thread; never blocks. Calls `done` once, from any thread; never when the gateway itself ends first.
class ProxyManager {
 public:
  using Done = absl::AnyInvocable<void(absl::Status)>;

  virtual ~ProxyManager() = default;
  // OK: the session is open. NotFound: this user's process is not there. Else why there is no session.
  virtual void Connect(ProxyOrder order, Done done) = 0;
  // NotFound: there is no session.
  virtual void Disconnect(std::string_view user_id, Done done) = 0;
  // Nullopt: it was never there.
  virtual std::optional<ProxyState> State(std::string_view user_id) const = 0;
};

}  // namespace hoop::rest
