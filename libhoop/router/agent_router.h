// Which connected agent serves a connection. Sessions ask it for the link to their agent.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
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
class AgentRouter final : public Router {
 public:
  AgentRouter(Loop& loop, Log log);
  ~AgentRouter() override;

  // Makes an accepted agent reachable and starts its link. One that is connected already is asked for a sign of life
  // for two seconds; `done` is called once: OK, or FailedPrecondition "agent already connected" when the older one
  // lives (`control` was ended with that status then).
  void Register(AgentInfo info, std::unique_ptr<PacketStream> control,
                absl::AnyInvocable<void(const absl::Status&)> done);

  // The link to a connected agent, borrowed until it tells its sides OnAgentGone.
  // FailedPrecondition "agent is offline".
  absl::StatusOr<AgentLink*> Find(std::string_view agent_id) const;

  // Calls `ready` as soon as the agent is connected: at once, later, or with FailedPrecondition "agent is offline"
  // after `patience`. Destroying the handle gives up.
  class Waiting {
   public:
    virtual ~Waiting() = default;
  };
  std::unique_ptr<Waiting> WaitFor(std::string_view agent_id, absl::Duration patience,
                                   absl::AnyInvocable<void(absl::StatusOr<AgentLink*>)> ready);

  // Somebody waits for this agent now.
  bool IsAwaited(std::string_view agent_id) const { return waiters_.find(agent_id) != waiters_.end(); }

  // A data stream that an agent opened: `bearer_hash` must be the agent's own. PermissionDenied otherwise.
  absl::Status OfferStream(std::string_view token, std::string_view bearer_hash, std::unique_ptr<PacketStream>& stream);

  // Ends every link with `status`.
  void EndAll(const absl::Status& status);

  // Any thread.
  std::vector<ConnectedAgent> Agents() const override;
  absl::StatusOr<ConnectedAgent> Agent(std::string_view agent_id) const override;
  bool IsOnline(std::string_view agent_id) const override;

 private:
  struct Waiter;
  struct Contender;

  void Bind(AgentInfo info, std::unique_ptr<PacketStream> control);
  void OnLinkEnded(const std::string& agent_id, const absl::Status& status);

  Loop& loop_;
  const Log log_;
  std::map<std::string, std::unique_ptr<AgentLink>, std::less<>> links_;
  std::multimap<std::string, Waiter*, std::less<>> waiters_;
  std::map<std::string, std::unique_ptr<Contender>, std::less<>> contenders_;

  // A copy for other threads; written on the loop.
  mutable absl::Mutex mu_;
  std::map<std::string, ConnectedAgent, std::less<>> online_ ABSL_GUARDED_BY(mu_);
};

}  // namespace hoop
