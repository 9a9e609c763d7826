#include "gateway/loop_bridges.h"

#include <algorithm>
#include <memory>
#include <string>

#include "base/status.h"
#include "base/status_macros.h"
#include "gateway/loop_question.h"

namespace hoop {

absl::Status LoopSessionControl::Kill(std::string_view session_id, std::string_view by) {
  return AskLoop<absl::Status>(loop_, [this, id = std::string(session_id), by = std::string(by)] {
    return sessions_.Find(id) != nullptr ? sessions_.Kill(id, by) : runs_.Kill(id, by);
  });
}

absl::Status LoopSessionControl::Watch(std::string_view session_id, std::weak_ptr<RecordWatcher> watcher) {
  return AskLoop<absl::Status>(loop_, [this, id = std::string(session_id), watcher = std::move(watcher)]() mutable {
    sessions_.Watch(id, std::move(watcher));
    return absl::OkStatus();
  });
}

void LoopSessionControl::EndOfUser(std::string_view user_id, std::string_view reason) {
  loop_.Post([this, user_id = std::string(user_id), reason = std::string(reason)] {
    sessions_.EndWhere([&user_id](const SessionHead& head) { return head.user_id == user_id; }, reason);
  });
}

void LoopSessionControl::EndOnConnection(std::string_view org_id, std::string_view connection,
                                         std::string_view reason) {
  loop_.Post([this, org_id = std::string(org_id), connection = std::string(connection), reason = std::string(reason)] {
    const auto concerned = [&](const SessionHead& head) {
      return head.org_id == org_id && head.connection == connection;
    };
    sessions_.EndWhere(concerned, reason);
  });
}

absl::StatusOr<bool> RouterPresence::IsAwaited(const AgentRow& agent, const std::vector<std::string>& items) {
  HOOP_ASSIGN_OR_RETURN(const std::vector<std::string> names,
                        ParseConnectionItems(fmt::format("{}", fmt::join(items, ","))));
  HOOP_ASSIGN_OR_RETURN(std::vector<std::string> routes, published_.PublishItems(agent, names));
  if (routes.empty()) routes = {agent.id};
  return AskLoop<absl::StatusOr<bool>>(loop_, [this, id = agent.id, routes = std::move(routes)] {
    router_.NotePoll(id);
    for (const std::string& route : routes) router_.NotePoll(route);
    return std::any_of(routes.begin(), routes.end(),
                       [this](const std::string& route) { return router_.IsAwaited(route); });
  });
}

void RouterPresence::Disconnect(std::string_view agent_id) {
  loop_.Post([this, id = std::string(agent_id)] { router_.EndAgent(id, Unauthenticated("agent was deleted")); });
}

void RouterPresence::DisconnectRoute(std::string_view route) {
  loop_.Post([this, route = std::string(route)] { router_.EndRoute(route, Unavailable("connection was deleted")); });
}

}  // namespace hoop
