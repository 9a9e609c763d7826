#include "router/agent_router.h"

#include <utility>

#include "base/limits/session.h"
#include "base/status.h"

namespace hoop {
namespace {

absl::Status Offline() { return FailedPrecondition("agent is offline"); }

}  // namespace

// Somebody who waits for an agent to connect.
struct AgentRouter::Waiter final : AgentRouter::Waiting {
  explicit Waiter(AgentRouter& owner) : router(owner) {}
  ~Waiter() override { Leave(); }

  void Leave() {
    if (!waits) return;
    waits = false;
    router.waiters_.erase(position);
  }
  void Answer(absl::StatusOr<AgentLink*> link) {
    Leave();
    timeout.reset();
    auto call = std::move(ready);
    call(std::move(link));  // may destroy this
  }

  AgentRouter& router;
  std::multimap<std::string, Waiter*, std::less<>>::iterator position;
  bool waits = false;
  std::unique_ptr<Timer> timeout;
  absl::AnyInvocable<void(absl::StatusOr<AgentLink*>)> ready;
};

// A second stream of an agent that is connected already, while the first one is asked whether it lives.
struct AgentRouter::Contender final : PacketStream::Receiver {
  void OnPacket(Packet) override {}  // it says keepalive before it is accepted
  void OnEnd(const absl::Status&) override { gone = true; }

  AgentInfo info;
  std::unique_ptr<PacketStream> control;
  absl::AnyInvocable<void(const absl::Status&)> done;
  absl::Duration asked_at;
  std::unique_ptr<Timer> timeout;
  bool gone = false;
};

AgentRouter::AgentRouter(Loop& loop, Log log) : loop_(loop), log_(log) {}

AgentRouter::~AgentRouter() = default;

void AgentRouter::Register(AgentInfo info, std::unique_ptr<PacketStream> control,
                           absl::AnyInvocable<void(const absl::Status&)> done) {
  const std::string id = info.agent.id;
  if (!links_.contains(id)) {
    Bind(std::move(info), std::move(control));
    done(absl::OkStatus());
    return;
  }
  if (contenders_.contains(id)) {
    const absl::Status refused = FailedPrecondition("agent already connected");
    control->Finish(refused);
    loop_.DestroyLater(std::move(control));
    done(refused);
    return;
  }
  // Agents say a keepalive every ten seconds, far too rarely to decide by: an HTTP/2 ping answers within the two
  // seconds when the older connection lives, and a dead one fails its write.
  auto contender = std::make_unique<Contender>();
  contender->info = std::move(info);
  contender->control = std::move(control);
  contender->done = std::move(done);
  contender->asked_at = loop_.Monotonic();
  contender->control->SetReceiver(contender.get());
  links_.find(id)->second->Probe();
  contender->timeout = loop_.After(limits::kDuplicateAgentTime, [this, id] {
    std::unique_ptr<Contender> contender = std::move(contenders_.find(id)->second);
    contenders_.erase(id);
    auto old = links_.find(id);
    const bool alive = old != links_.end() && old->second->last_heard() >= contender->asked_at;
    if (contender->gone) {
      contender->done(Unavailable("agent left"));
    } else if (alive) {
      const absl::Status refused = FailedPrecondition("agent already connected");
      contender->control->Finish(refused);
      contender->done(refused);
    } else {
      if (old != links_.end()) old->second->End(Unavailable("replaced by a newer connection of the same agent"));
      Bind(std::move(contender->info), std::move(contender->control));
      contender->done(absl::OkStatus());
    }
    loop_.DestroyLater(std::move(contender));
  });
  contenders_.emplace(id, std::move(contender));
}

void AgentRouter::Bind(AgentInfo info, std::unique_ptr<PacketStream> control) {
  const std::string id = info.agent.id;
  log_.Info("agent connected", "agent", info.agent.name, "version", info.agent.version, "hostname",
            info.agent.hostname);
  {
    absl::MutexLock lock(&mu_);
    online_.insert_or_assign(id, info.agent);
  }
  auto link = std::make_unique<AgentLink>(loop_, std::move(info), std::move(control),
                                          [this, id](const absl::Status& status) { OnLinkEnded(id, status); });
  AgentLink* started = link.get();
  links_.emplace(id, std::move(link));
  started->Start();
  while (true) {
    auto waiter = waiters_.find(id);
    if (waiter == waiters_.end()) break;
    waiter->second->Answer(started);
  }
}

void AgentRouter::OnLinkEnded(const std::string& agent_id, const absl::Status& status) {
  auto found = links_.find(agent_id);
  if (found == links_.end()) return;
  log_.Info("agent disconnected", "agent", found->second->info().agent.name, "reason", StatusText(status));
  std::unique_ptr<AgentLink> link = std::move(found->second);
  links_.erase(found);
  {
    absl::MutexLock lock(&mu_);
    online_.erase(agent_id);
  }
  loop_.DestroyLater(std::move(link));
}

absl::StatusOr<AgentLink*> AgentRouter::Find(std::string_view agent_id) const {
  auto found = links_.find(agent_id);
  if (found == links_.end()) return Offline();
  return found->second.get();
}

std::unique_ptr<AgentRouter::Waiting> AgentRouter::WaitFor(std::string_view agent_id, absl::Duration patience,
                                                           absl::AnyInvocable<void(absl::StatusOr<AgentLink*>)> ready) {
  auto waiter = std::make_unique<Waiter>(*this);
  waiter->ready = std::move(ready);
  if (auto link = Find(agent_id); link.ok() || patience <= absl::ZeroDuration()) {
    waiter->Answer(link);
    return nullptr;
  }
  waiter->position = waiters_.emplace(agent_id, waiter.get());
  waiter->waits = true;
  waiter->timeout = loop_.After(patience, [waiting = waiter.get()] { waiting->Answer(Offline()); });
  return waiter;
}

absl::Status AgentRouter::OfferStream(std::string_view token, std::string_view bearer_hash,
                                      std::unique_ptr<PacketStream>& stream) {
  for (auto& [id, link] : links_) {
    if (link->info().bearer_hash == bearer_hash) return link->OfferStream(token, stream);
  }
  return PermissionDenied("data stream: no such agent is connected");
}

void AgentRouter::EndAll(const absl::Status& status) {
  for (auto& [id, contender] : contenders_) contender->control->Finish(status);
  while (!links_.empty()) links_.begin()->second->End(status);
}

bool AgentRouter::IsOnline(std::string_view agent_id) const {
  absl::MutexLock lock(&mu_);
  return online_.find(agent_id) != online_.end();
}

absl::StatusOr<ConnectedAgent> AgentRouter::Agent(std::string_view agent_id) const {
  absl::MutexLock lock(&mu_);
  auto found = online_.find(agent_id);
  if (found == online_.end()) return NotFound("agent {} is not connected", agent_id);
  return found->second;
}

std::vector<ConnectedAgent> AgentRouter::Agents() const {
  absl::MutexLock lock(&mu_);
  std::vector<ConnectedAgent> all;
  for (const auto& [id, agent] : online_) all.push_back(agent);
  return all;
}

}  // namespace hoop
