// What REST threads may ask of the packet loop: kill a session, which agents are here.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/loop.h"
#include "gateway/exec_runs.h"
#include "gateway/published_connections.h"
#include "gateway/session_directory.h"
#include "rest/api.h"
#include "router/agent_router.h"

namespace hoop {

// Owned by Gateway. Worker threads, several at a time; the answer comes from the loop.
class LoopSessionControl final : public rest::SessionControl {
 public:
  LoopSessionControl(Loop& loop, SessionDirectory& sessions, ExecRuns& runs)
      : loop_(loop), sessions_(sessions), runs_(runs) {}
  // DeadlineExceeded: the loop did not answer within limits::kLoopAnswerTime.
  absl::Status Kill(std::string_view session_id, std::string_view by) override;
  absl::Status Watch(std::string_view session_id, std::weak_ptr<RecordWatcher> watcher) override;
  void EndOfUser(std::string_view user_id, std::string_view reason) override;
  void EndOnConnection(std::string_view org_id, std::string_view connection, std::string_view reason) override;

 private:
  Loop& loop_;
  SessionDirectory& sessions_;
  ExecRuns& runs_;
};

// Owned by Gateway. Any thread that may block.
class RouterPresence final : public rest::AgentPresence {
 public:
  RouterPresence(Loop& loop, AgentRouter& router, PublishedConnections& published)
      : loop_(loop), router_(router), published_(published) {}
  bool IsOnline(std::string_view agent_id) const override { return router_.IsOnline(agent_id); }
  absl::StatusOr<bool> IsAwaited(const AgentRow& agent, const std::vector<std::string>& items) override;
  void Disconnect(std::string_view agent_id) override;
  void DisconnectRoute(std::string_view route) override;

 private:
  Loop& loop_;
  AgentRouter& router_;
  PublishedConnections& published_;
};

}  // namespace hoop
