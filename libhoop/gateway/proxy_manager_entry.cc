#include "gateway/proxy_manager_entry.h"

#include <utility>

#include "base/ids.h"
#include "base/limits/session.h"
#include "base/status.h"
#include "gateway/proxy_stream.h"
#include "identity/digest.h"
#include "wire/packet_types.h"
#include "wire/spec_keys.h"

namespace hoop {
namespace {

// What is kept of a process's headers: shown to its user.
std::map<std::string, std::string> KeptMetadata(const Metadata& metadata) {
  std::map<std::string, std::string> kept;
  for (const std::string_view name : {header::kGoVersion, header::kHostname, header::kPlatform, header::kVersion}) {
    kept.emplace(name, metadata.Get(name));
  }
  return kept;
}

}  // namespace

// A stream on which nothing runs: greeted, and ready as soon as it has answered.
class ProxyManagerEntry::Seat final : public PacketStream::Receiver {
 public:
  Seat(ProxyManagerEntry& owner, std::string user_id, std::unique_ptr<PacketStream> stream)
      : owner_(owner), user_id_(std::move(user_id)), stream_(std::move(stream)) {}

  void Start() {
    idle_ = owner_.loop_.After(limits::kProxyManagerIdleTime, [this] { stream_->Finish(absl::OkStatus()); });
    stream_->Send(Packet(packet::kClientProxyManagerConnectOk));
    stream_->SetReceiver(this);
  }
  bool ready() const { return ready_; }
  const Metadata& metadata() const { return stream_->metadata(); }
  // Its end is of no interest: somebody else may sit here by then.
  void SendAway(const absl::Status& status) {
    stream_->SetReceiver(nullptr);
    stream_->Finish(status);
  }
  std::unique_ptr<PacketStream> TakeStream() {
    idle_.reset();
    stream_->SetReceiver(nullptr);
    return std::move(stream_);
  }

 private:
  void OnPacket(Packet packet) override {
    if (packet.type() != packet::kProxyManagerConnectOkAck || ready_) return;
    ready_ = true;
    owner_.OnReady(user_id_);
  }
  void OnPeerDone() override { stream_->Finish(absl::OkStatus()); }
  void OnEnd(const absl::Status&) override { owner_.OnSeatLeft(user_id_); }

  ProxyManagerEntry& owner_;
  const std::string user_id_;
  std::unique_ptr<PacketStream> stream_;
  bool ready_ = false;
  std::unique_ptr<Timer> idle_;
};

// One user: his waiting stream, or the session on it, and what he asked for.
struct ProxyManagerEntry::User {
  std::string id;
  std::unique_ptr<Seat> seat;
  std::string session_id;       // of the session that runs, or begins
  bool ends_when_open = false;  // told to end before it had begun
  rest::ProxyState state;
  Done done;             // who asked for the session of state.order, until he is answered
  bool ordered = false;  // that session has not begun yet
  std::unique_ptr<Timer> patience;
};

ProxyManagerEntry::ProxyManagerEntry(Loop& loop, Clock& clock, IdpVerifier& verifier, SessionDirectory& sessions,
                                     ClientEntry& clients, Admission& admission, UnbegunSessions& unbegun)
    : loop_(loop),
      clock_(clock),
      verifier_(verifier),
      sessions_(sessions),
      clients_(clients),
      admission_(admission),
      unbegun_(unbegun) {}

ProxyManagerEntry::~ProxyManagerEntry() = default;

// ---- The stream ----------------------------------------------------------------------------------------------------

void ProxyManagerEntry::Enter(Admission::Candidate candidate, std::string bearer) {
  if (closed_) return candidate.Refuse(Unavailable("gateway shutdown"));
  const auto asked = verifier_.MayWait(bearer) ? Admission::Asked::kIssuer : Admission::Asked::kStore;
  std::string bearer_hash = Sha256(bearer);
  admission_.Ask<Identity>(
      std::move(candidate), asked,
      [this, bearer = std::move(bearer)] { return verifier_.Verify(bearer, clock_.Now()); },
      [this, bearer_hash = std::move(bearer_hash)](Admission::Candidate back, absl::StatusOr<Identity> identity) {
        if (absl::IsUnauthenticated(identity.status())) return back.Refuse(Unauthenticated("invalid authentication"));
        if (!identity.ok()) return back.Refuse(identity.status());
        const absl::Status let_in = admission_.LetIn(*back.connection, identity->user_id, bearer_hash);
        if (!let_in.ok()) return back.Refuse(let_in);
        OnIdentified(std::move(back), *identity);
      });
}

void ProxyManagerEntry::OnIdentified(Admission::Candidate candidate, const Identity& identity) {
  const auto known = users_.find(identity.user_id);
  if (closed_) return candidate.Refuse(Unavailable("gateway shutdown"));
  if (known == users_.end() && users_.size() >= limits::kProxyManagersMax) {
    return candidate.Refuse(ResourceExhausted("more than {} users have a proxy manager", limits::kProxyManagersMax));
  }
  std::unique_ptr<User>& user = users_[identity.user_id];
  if (user == nullptr) user = std::make_unique<User>();
  user->id = identity.user_id;
  if (user->seat != nullptr) {
    user->seat->SendAway(Aborted("a newer proxy manager of this user came"));
    loop_.DestroyLater(std::move(user->seat));
  }
  user->seat = std::make_unique<Seat>(*this, user->id, std::move(candidate.stream));
  user->seat->Start();
}

void ProxyManagerEntry::OnReady(const std::string& user_id) {
  User& user = *users_.at(user_id);
  user.state.metadata = KeptMetadata(user.seat->metadata());
  user.state.connected_at = clock_.Now();
  if (user.session_id.empty()) user.state.status = rest::ProxyState::Status::kReady;
  Publish(user);
  if (user.ordered) StartSession(user);
}

void ProxyManagerEntry::OnSeatLeft(const std::string& user_id) {
  User& user = *users_.at(user_id);
  loop_.DestroyLater(std::move(user.seat));
  if (!user.session_id.empty()) return;
  user.state.status = rest::ProxyState::Status::kDisconnected;
  Publish(user);
}

void ProxyManagerEntry::Close() {
  closed_ = true;
  for (auto& [id, user] : users_) {
    if (user->seat != nullptr) user->seat->SendAway(Unavailable("gateway shutdown"));
  }
}

// ---- What REST asks for --------------------------------------------------------------------------------------------

void ProxyManagerEntry::Connect(rest::ProxyOrder order, Done done) {
  loop_.Post(
      [this, order = std::move(order), done = std::move(done)]() mutable { Order(std::move(order), std::move(done)); });
}

void ProxyManagerEntry::Order(rest::ProxyOrder order, Done done) {
  const auto found = users_.find(order.identity.user_id);
  const bool is_here = found != users_.end() && (found->second->seat != nullptr || !found->second->session_id.empty());
  if (!is_here) return done(NotFound("the user's proxy manager is not there"));
  User& user = *found->second;
  if (user.done != nullptr) return done(FailedPrecondition("another request is going on"));
  user.state.order = std::move(order);
  user.done = std::move(done);
  user.ordered = true;
  user.patience = loop_.After(limits::kProxyManagerAnswerTime, [this, &user] {
    user.ordered = false;
    Answer(user, DeadlineExceeded("the proxy manager did not answer in time"));
  });
  // It comes back at once when its session is over.
  if (user.seat == nullptr) {
    EndSession(user);
  } else if (user.seat->ready()) {
    StartSession(user);
  }
}

void ProxyManagerEntry::StartSession(User& user) {
  user.ordered = false;
  user.session_id = NewUuid();
  user.ends_when_open = false;
  const rest::ProxyOrder& order = user.state.order;
  Packet open(packet::kAgentSessionOpen,
              {{spec::kSessionId, user.session_id},
               {spec::kRequestPort, order.port},
               {spec::kJitTimeout, fmt::format("{}s", absl::ToInt64Seconds(order.access_duration))}});
  Metadata metadata{{std::string(header::kOrigin), "client-proxymanager"},
                    {std::string(header::kVerb), "connect"},
                    {std::string(header::kConnectionName), order.connection}};
  auto stream = std::make_unique<ProxyStream>(
      loop_, user.seat->TakeStream(), std::move(metadata), std::move(open),
      ProxyStream::Hooks{
          .opened = [this, id = user.id, session = user.session_id] { OnOpened(id, session); },
          .ended = [this, id = user.id, session = user.session_id](
                       bool began, const absl::Status& status) { OnEnded(id, session, began, status); }});
  loop_.DestroyLater(std::move(user.seat));  // it may be what called
  clients_.EnterOwn({std::move(stream)}, OwnCommand{.session_id = user.session_id, .identity = order.identity});
}

void ProxyManagerEntry::OnOpened(const std::string& user_id, const std::string& session_id) {
  User& user = *users_.at(user_id);
  if (user.session_id != session_id) return;
  if (user.ends_when_open) {
    EndSession(user);
    return;
  }
  user.state.status = rest::ProxyState::Status::kConnected;
  user.state.metadata["session"] = session_id;
  Publish(user);
  Answer(user, absl::OkStatus());
}

void ProxyManagerEntry::OnEnded(const std::string& user_id, const std::string& session_id, bool began,
                                const absl::Status& status) {
  User& user = *users_.at(user_id);
  // One that began ends itself.
  if (!began && sessions_.Find(session_id) == nullptr) {
    unbegun_.EndStored(session_id, {StatusText(status), Ending::kInterruptedCode});
  }
  if (user.session_id != session_id) return;
  user.session_id.clear();
  user.state.status = rest::ProxyState::Status::kDisconnected;
  user.state.metadata.erase("session");
  Publish(user);
  if (!user.ordered) Answer(user, status.ok() ? FailedPrecondition("the session was closed") : status);
}

void ProxyManagerEntry::Answer(User& user, const absl::Status& status) {
  user.patience.reset();
  if (auto done = std::exchange(user.done, nullptr); done != nullptr) done(status);
}

// False: there is none.
bool ProxyManagerEntry::EndSession(User& user) {
  if (user.session_id.empty()) return false;
  if (Session* session = sessions_.Find(user.session_id); session != nullptr) {
    // A process that hears this comes back at once.
    session->Finish({.reason = "its user disconnected it", .exit_code = 0, .status = Cancelled("context canceled")});
  } else {
    user.ends_when_open = true;
  }
  return true;
}

void ProxyManagerEntry::Disconnect(std::string_view user_id, Done done) {
  loop_.Post([this, id = std::string(user_id), done = std::move(done)]() mutable {
    const auto found = users_.find(id);
    const bool was_there = found != users_.end() && EndSession(*found->second);
    done(was_there ? absl::OkStatus() : NotFound("there is no session"));
  });
}

void ProxyManagerEntry::Publish(const User& user) {
  absl::MutexLock lock(&mu_);
  states_[user.id] = user.state;
}

std::optional<rest::ProxyState> ProxyManagerEntry::State(std::string_view user_id) const {
  absl::MutexLock lock(&mu_);
  const auto found = states_.find(user_id);
  if (found == states_.end()) return std::nullopt;
  return found->second;
}

}  // namespace hoop
