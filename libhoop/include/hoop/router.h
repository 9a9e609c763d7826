// Which agents are connected to a gateway, as a host program sees it. Gateway::router() hands it out; the loop-bound
// half, which sessions use, is router/agent_router.h.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace hoop {

// What an agent said of itself when it connected. A value.
struct ConnectedAgent {
  std::string id;
  std::string name;
  std::string org_id;
  std::string version;
  std::string hostname;
  std::string platform;  // linux/amd64
};

// Lives as long as its Gateway. Any thread; answers are a moment old.
class Router {
 public:
  virtual ~Router() = default;
  // By id. An agent whose key several processes use, each for a connection of its own, is there several times.
  virtual std::vector<ConnectedAgent> Agents() const = 0;
  // NotFound: it is not connected.
  virtual absl::StatusOr<ConnectedAgent> Agent(std::string_view agent_id) const = 0;
  // Also true for an agent that connects on demand and asked within the last half minute.
  virtual bool IsOnline(std::string_view agent_id) const = 0;
};

}  // namespace hoop
