// Which connected agent serves a connection. Sessions ask it for the link to their agent.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "base/log.h"
#include "base/loop.h"
#include "hoop/router.h"
#include "router/agent_link.h"

namespace hoop {

// Owned by Gateway and outlives every session. Loop thread only, but for the read-only questions at the end.
// A route is an id under which sessions look for an agent: its own, or that of a connection which it brings along
// (identity/agent_keys.h: RouteOf). Each route leads to one link; a link may have several.
class AgentRouter final : public Router {
 public:
  AgentRouter(Loop& loop, Log log);
  ~AgentRouter() override;

  // Makes an accepted agent reachable and starts its link. Those that have one of its routes already are asked for a
  // sign of life for two seconds; `done` is called once: OK, or FailedPrecondition "agent already connected" when an
  // older one lives (`control` was ended with that status then).
  void Register(AgentInfo info, std::unique_ptr<PacketStream> control,
                absl::AnyInvocable<void(const absl::Status&)> done);

  // The link to a connected agent, borrowed until it tells its sides OnAgentGone.
  // FailedPrecondition "agent is offline".
  absl::StatusOr<AgentLink*> Find(std::string_view route) const;

  // Calls `ready` as soon as the agent is connected: at once, later, or with FailedPrecondition "agent is offline"
  // after `patience`. Destroying the handle gives up.
  class Waiting {
   public:
    virtual ~Waiting() = default;
  };
  std::unique_ptr<Waiting> WaitFor(std::string_view route, absl::Duration patience,
                                   absl::AnyInvocable<void(absl::StatusOr<AgentLink*>)> ready);

  // Somebody waits for it now.
  bool IsAwaited(std::string_view route) const { return waiters_.find(route) != waiters_.end(); }
  // The agent cannot serve them: all who wait get `status`, which is not OK.
  void FailWaiting(std::string_view route, const absl::Status& status);

  // An agent that connects on demand has asked: `id`, its own or a route, counts as online for a while.
  // `connection`: the one (GrpcConnection::id()) that it asks on again and again and whose end is its end; 0: none.
  void NotePoll(std::string_view id, uint64_t connection = 0);
  // That connection has ended: whoever waits for those who asked on it hears that they are offline. Who asked on
  // another one meanwhile is online.
  void ForgetPolls(uint64_t connection);

  // A data stream that an agent opened: `bearer_hash` must be the agent's own. PermissionDenied otherwise.
  absl::Status OfferStream(std::string_view token, std::string_view bearer_hash, std::unique_ptr<PacketStream>& stream);

  // Ends the links of one agent with `status`, that of one route when it has no other, or all.
  void EndAgent(std::string_view agent_id, const absl::Status& status);
  void EndRoute(std::string_view route, const absl::Status& status);
  void EndAll(const absl::Status& status);

  // Any thread. `id`: an agent's own, or a route.
  std::vector<ConnectedAgent> Agents() const override;
  absl::StatusOr<ConnectedAgent> Agent(std::string_view agent_id) const override;
  bool IsOnline(std::string_view id) const override;

 private:
  struct Waiter;
  struct Contender;
  struct Poll {
    absl::Duration at;
    uint64_t connection;
  };

  void Bind(AgentInfo info, std::unique_ptr<PacketStream> control);
  void Contend(AgentInfo info, std::unique_ptr<PacketStream> control,
               absl::AnyInvocable<void(const absl::Status&)> done);
  std::unique_ptr<Contender> TakeContender(uint64_t key);
  void Refuse(std::unique_ptr<Contender> contender, const absl::Status& status);
  void Decide(uint64_t contender_key);
  std::vector<AgentLink*> Holders(const std::vector<std::string>& routes) const;
  bool IsContended(const std::vector<std::string>& routes) const;
  void OnLinkEnded(uint64_t key, const absl::Status& status);
  void ForgetOldPolls();

  Loop& loop_;
  const Log log_;
  uint64_t last_key_ = 0;  // of links and contenders
  std::map<uint64_t, std::unique_ptr<AgentLink>> links_;
  std::map<std::string, AgentLink*, std::less<>> routes_;
  std::multimap<std::string, Waiter*, std::less<>> waiters_;
  std::map<uint64_t, std::unique_ptr<Contender>> contenders_;
  std::set<std::pair<uint64_t, std::string>> polls_of_;  // by connection: the ids last asked for on it
  std::unique_ptr<Timer> polls_timer_;                   // while there are polls

  // A copy for other threads; written on the loop.
  mutable absl::Mutex mu_;
  std::map<uint64_t, ConnectedAgent> connected_ ABSL_GUARDED_BY(mu_);       // by link
  std::multiset<std::string, std::less<>> reachable_ ABSL_GUARDED_BY(mu_);  // agents' ids and routes of links
  std::map<std::string, Poll, std::less<>> polled_ ABSL_GUARDED_BY(mu_);    // the last one of an id
};

}  // namespace hoop
