#include "router/agent_router.h"

#include <algorithm>
#include <utility>

#include "base/limits/router.h"
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
  explicit Contender(AgentRouter& owner) : router(owner), key(++owner.last_key_) {}

  void OnPacket(Packet) override {  // it says keepalive before it is accepted
    if (over) return;
    const absl::Status counted = for_nobody.Count(info.agent.name, router.loop_.Monotonic());
    if (!counted.ok()) router.Refuse(router.TakeContender(key), counted);
  }
  void OnEnd(const absl::Status&) override { gone = true; }

  AgentRouter& router;
  const uint64_t key;
  AgentInfo info;
  std::unique_ptr<PacketStream> control;
  absl::AnyInvocable<void(const absl::Status&)> done;
  absl::Duration asked_at;
  std::unique_ptr<Timer> timeout;
  PacketsForNobody for_nobody;
  bool gone = false;
  bool over = false;  // it was decided about
};

AgentRouter::AgentRouter(Loop& loop, Log log) : loop_(loop), log_(log) {}

AgentRouter::~AgentRouter() = default;

// ---- Coming and going ----------------------------------------------------------------------------------------------

void AgentRouter::Register(AgentInfo info, std::unique_ptr<PacketStream> control,
                           absl::AnyInvocable<void(const absl::Status&)> done) {
  if (info.routes.empty()) info.routes = {info.agent.id};
  if (Holders(info.routes).empty()) {
    Bind(std::move(info), std::move(control));
    done(absl::OkStatus());
    return;
  }
  if (!IsContended(info.routes)) return Contend(std::move(info), std::move(control), std::move(done));
  const absl::Status refused = FailedPrecondition("agent already connected");
  control->Finish(refused);
  loop_.DestroyLater(std::move(control));
  done(refused);
}

// Agents say a keepalive every ten seconds, far too rarely to decide by: an HTTP/2 ping answers within the two seconds
// when the older connection lives, and a dead one fails its write.
void AgentRouter::Contend(AgentInfo info, std::unique_ptr<PacketStream> control,
                          absl::AnyInvocable<void(const absl::Status&)> done) {
  auto made = std::make_unique<Contender>(*this);
  Contender& contender = *made;
  contenders_.emplace(contender.key, std::move(made));
  contender.info = std::move(info);
  contender.control = std::move(control);
  contender.done = std::move(done);
  contender.asked_at = loop_.Monotonic();
  contender.timeout = loop_.After(limits::kDuplicateAgentTime, [this, key = contender.key] { Decide(key); });
  for (AgentLink* holder : Holders(contender.info.routes)) holder->Probe();
  contender.control->SetReceiver(&contender);
}

std::unique_ptr<AgentRouter::Contender> AgentRouter::TakeContender(uint64_t key) {
  std::unique_ptr<Contender> contender = std::move(contenders_.extract(key).mapped());
  contender->over = true;
  contender->timeout = nullptr;
  return contender;
}

void AgentRouter::Refuse(std::unique_ptr<Contender> contender, const absl::Status& status) {
  contender->control->Finish(status);
  contender->done(status);
  loop_.DestroyLater(std::move(contender));
}

void AgentRouter::Decide(uint64_t contender_key) {
  std::unique_ptr<Contender> contender = TakeContender(contender_key);
  const std::vector<AgentLink*> holders = Holders(contender->info.routes);
  const bool alive = std::any_of(holders.begin(), holders.end(), [&contender](const AgentLink* holder) {
    return holder->last_heard() >= contender->asked_at;
  });
  if (contender->gone) return Refuse(std::move(contender), Unavailable("agent left"));
  if (alive) return Refuse(std::move(contender), FailedPrecondition("agent already connected"));
  for (AgentLink* holder : holders) holder->End(Unavailable("replaced by a newer connection of the same agent"));
  Bind(std::move(contender->info), std::move(contender->control));
  contender->done(absl::OkStatus());
  loop_.DestroyLater(std::move(contender));
}

std::vector<AgentLink*> AgentRouter::Holders(const std::vector<std::string>& routes) const {
  std::vector<AgentLink*> holders;
  for (const std::string& route : routes) {
    const auto held = routes_.find(route);
    if (held == routes_.end()) continue;
    if (std::find(holders.begin(), holders.end(), held->second) == holders.end()) holders.push_back(held->second);
  }
  return holders;
}

bool AgentRouter::IsContended(const std::vector<std::string>& routes) const {
  return std::any_of(contenders_.begin(), contenders_.end(), [&routes](const auto& contender) {
    const std::vector<std::string>& wanted = contender.second->info.routes;
    return std::find_first_of(wanted.begin(), wanted.end(), routes.begin(), routes.end()) != wanted.end();
  });
}

void AgentRouter::Bind(AgentInfo info, std::unique_ptr<PacketStream> control) {
  const uint64_t key = ++last_key_;
  log_.Info("agent connected", "agent", info.agent.name, "version", info.agent.version, "hostname",
            info.agent.hostname);
  const std::vector<std::string> routes = info.routes;
  {
    absl::MutexLock lock(&mu_);
    connected_.emplace(key, info.agent);
    reachable_.insert(info.agent.id);
    reachable_.insert(routes.begin(), routes.end());
  }
  auto link = std::make_unique<AgentLink>(loop_, std::move(info), std::move(control),
                                          [this, key](const absl::Status& status) { OnLinkEnded(key, status); });
  AgentLink* started = link.get();
  links_.emplace(key, std::move(link));
  for (const std::string& route : routes) routes_[route] = started;
  started->Start();
  for (const std::string& route : routes) {
    for (auto waiter = waiters_.find(route); waiter != waiters_.end(); waiter = waiters_.find(route)) {
      waiter->second->Answer(Find(route));  // nothing says that it is still there after the one before
    }
  }
}

void AgentRouter::OnLinkEnded(uint64_t key, const absl::Status& status) {
  auto found = links_.find(key);
  if (found == links_.end()) return;
  std::unique_ptr<AgentLink> link = std::move(found->second);
  links_.erase(found);
  const AgentInfo& info = link->info();
  log_.Info("agent disconnected", "agent", info.agent.name, "reason", StatusText(status));
  for (const std::string& route : info.routes) routes_.erase(route);
  {
    absl::MutexLock lock(&mu_);
    connected_.erase(key);
    reachable_.erase(reachable_.find(info.agent.id));
    for (const std::string& route : info.routes) reachable_.erase(reachable_.find(route));
  }
  loop_.DestroyLater(std::move(link));
}

void AgentRouter::EndAgent(std::string_view agent_id, const absl::Status& status) {
  std::vector<AgentLink*> ending;  // each leaves the map when it ends
  for (const auto& [key, link] : links_) {
    if (link->info().agent.id == agent_id) ending.push_back(link.get());
  }
  for (AgentLink* link : ending) link->End(status);
}

void AgentRouter::EndRoute(std::string_view route, const absl::Status& status) {
  const auto held = routes_.find(route);
  if (held != routes_.end() && held->second->info().routes.size() == 1) held->second->End(status);
}

void AgentRouter::EndAll(const absl::Status& status) {
  for (auto& [key, contender] : contenders_) contender->control->Finish(status);
  while (!links_.empty()) links_.begin()->second->End(status);
}

absl::Status AgentRouter::OfferStream(std::string_view token, std::string_view bearer_hash,
                                      std::unique_ptr<PacketStream>& stream) {
  bool knows_bearer = false;
  for (auto& [key, link] : links_) {
    if (link->info().bearer_hash != bearer_hash) continue;
    if (link->Expects(token)) return link->OfferStream(token, stream);
    knows_bearer = true;
  }
  return knows_bearer ? PermissionDenied("data stream: unknown, used or late token")
                      : PermissionDenied("data stream: no such agent is connected");
}

// ---- Looking for an agent ------------------------------------------------------------------------------------------

absl::StatusOr<AgentLink*> AgentRouter::Find(std::string_view route) const {
  auto found = routes_.find(route);
  if (found == routes_.end()) return Offline();
  return found->second;
}

std::unique_ptr<AgentRouter::Waiting> AgentRouter::WaitFor(std::string_view route, absl::Duration patience,
                                                           absl::AnyInvocable<void(absl::StatusOr<AgentLink*>)> ready) {
  auto waiter = std::make_unique<Waiter>(*this);
  waiter->ready = std::move(ready);
  if (auto link = Find(route); link.ok() || patience <= absl::ZeroDuration()) {
    waiter->Answer(link);
    return nullptr;
  }
  waiter->position = waiters_.emplace(route, waiter.get());
  waiter->waits = true;
  waiter->timeout = loop_.After(patience, [waiting = waiter.get()] { waiting->Answer(Offline()); });
  return waiter;
}

void AgentRouter::FailWaiting(std::string_view route, const absl::Status& status) {
  for (auto waiter = waiters_.find(route); waiter != waiters_.end(); waiter = waiters_.find(route)) {
    waiter->second->Answer(status);
  }
}

// ---- Who is here ---------------------------------------------------------------------------------------------------

void AgentRouter::NotePoll(std::string_view id, uint64_t connection) {
  const Poll now{loop_.Monotonic(), connection};
  if (connection != 0) polls_of_.emplace(connection, id);
  absl::MutexLock lock(&mu_);
  const auto [last, is_new] = polled_.try_emplace(std::string(id), now);
  if (!is_new) {
    if (last->second.connection != connection) polls_of_.erase({last->second.connection, std::string(id)});
    last->second = now;
  }
  if (polls_timer_ == nullptr) polls_timer_ = loop_.After(limits::kPollPatience, [this] { ForgetOldPolls(); });
}

void AgentRouter::ForgetPolls(uint64_t connection) {
  std::vector<std::string> gone;
  {
    absl::MutexLock lock(&mu_);
    auto next = polls_of_.lower_bound({connection, std::string()});
    while (next != polls_of_.end() && next->first == connection) {
      polled_.erase(next->second);
      gone.push_back(next->second);
      next = polls_of_.erase(next);
    }
  }
  for (const std::string& id : gone) FailWaiting(id, Offline());
}

// Then again when the oldest of the others may have grown old: whoever asks regularly is looked at rarely.
void AgentRouter::ForgetOldPolls() {
  const absl::Duration now = loop_.Monotonic();
  absl::Duration oldest = now;
  absl::MutexLock lock(&mu_);
  std::erase_if(polled_, [&](const auto& entry) {
    const auto& [id, poll] = entry;
    const bool is_old = poll.at + limits::kPollPatience <= now;
    if (is_old) polls_of_.erase({poll.connection, id});
    if (!is_old) oldest = std::min(oldest, poll.at);
    return is_old;
  });
  polls_timer_.reset();
  if (polled_.empty()) return;
  polls_timer_ = loop_.After(std::max(limits::kPollSweepInterval, oldest + limits::kPollPatience - now),
                             [this] { ForgetOldPolls(); });
}

bool AgentRouter::IsOnline(std::string_view id) const {
  absl::MutexLock lock(&mu_);
  return reachable_.find(id) != reachable_.end() || polled_.find(id) != polled_.end();
}

absl::StatusOr<ConnectedAgent> AgentRouter::Agent(std::string_view agent_id) const {
  absl::MutexLock lock(&mu_);
  for (const auto& [key, agent] : connected_) {
    if (agent.id == agent_id) return agent;
  }
  return NotFound("agent {} is not connected", agent_id);
}

std::vector<ConnectedAgent> AgentRouter::Agents() const {
  std::vector<ConnectedAgent> all;
  {
    absl::MutexLock lock(&mu_);
    for (const auto& [key, agent] : connected_) all.push_back(agent);
  }
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
  return all;
}

}  // namespace hoop
