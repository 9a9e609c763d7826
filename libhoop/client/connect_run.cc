#include "client/connect_run.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/ids.h"
#include "base/limits/agent.h"
#include "base/limits/client.h"
#include "base/limits/session.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "wire/spec_keys.h"

namespace hoop {
namespace {

constexpr uint64_t kSixDigitsMax = 999999;
constexpr int kMissingExitCode = 1;               // as the command line of 2026
constexpr std::string_view kCredential = "noop";  // the agent puts the real one in its place

// Between half and all of `time`, so that the clients of a gateway do not come back all at once.
absl::Duration Jittered(absl::Duration time) {
  uint32_t random = 0;
  RandomBytes(&random, sizeof(random));
  return time * (0.5 + 0.5 * static_cast<double>(random) / static_cast<double>(UINT32_MAX));
}

// As gateways say it on the wire; those of 2024 have both.
bool IsCommandLine(std::string_view type) { return type == "command-line" || type == "application"; }

std::string ErrorText(const SessionEnding& ending) {
  return ending.status.ok() ? ending.text : StatusText(ending.status);
}

}  // namespace

ConnectRun::ConnectRun(Loop& loop, GatewayDialer& dialer, SessionPlan plan, ListenOptions options, Ports ports,
                       Done done)
    : loop_(loop),
      dialer_(dialer),
      plan_(std::move(plan)),
      options_(std::move(options)),
      listen_(std::move(ports.listen)),
      terminal_(ports.terminal),
      events_(ports.events),
      done_(std::move(done)) {}

ConnectRun::~ConnectRun() = default;

void ConnectRun::Start() {
  if (done_ == nullptr) return;
  absl::Status status;
  if (options_.port) status = OpenDoor(*options_.port);
  if (status.ok() && options_.protocol != nullptr) status = LookAhead();
  if (!status.ok()) return Finish(status);
  OpenSession();
}

// A session that could not be used must not be opened. What the connection speaks comes with the session otherwise, and
// that is soon enough while nothing is in the way of any of them.
absl::Status ConnectRun::LookAhead() {
  const std::span<const LocalProtocol> all = LocalProtocols();
  const bool ports_free =
      listener_ != nullptr ||
      std::all_of(all.begin(), all.end(), [this](const LocalProtocol& local) { return IsFree(local.default_port); });
  if (ports_free && terminal_ != nullptr) return absl::OkStatus();
  const std::string protocol = options_.protocol();
  if (protocol.empty()) return absl::OkStatus();
  HOOP_RETURN_IF_ERROR(CheckServed(protocol));
  const std::optional<LocalProtocol> local = FindLocalProtocol(protocol);
  return local && listener_ == nullptr ? OpenDoor(local->default_port) : absl::OkStatus();
}

absl::Status ConnectRun::CheckServed(std::string_view protocol) const {
  if (FindLocalProtocol(protocol)) return absl::OkStatus();
  if (!IsCommandLine(protocol)) {
    return Unimplemented("connection {} is of type {}, which has no local listener in this version",
                         plan_.request.connection, protocol);
  }
  if (terminal_ != nullptr) return absl::OkStatus();
  return FailedPrecondition(
      "could not allocate a tty: it is a command line, which needs a terminal: `hoop exec {}` runs one command",
      plan_.request.connection);
}

void ConnectRun::Cancel() {
  DropSession();
  Finish(Cancelled("cancelled"));
}

// ---- The session ---------------------------------------------------------------------------------------------------

void ConnectRun::OpenSession() {
  if (ends_at_ != absl::InfiniteDuration()) {
    const absl::Duration left = ends_at_ - loop_.Monotonic();
    if (left < absl::Seconds(1)) return Finish(Aborted("session ended, reached connection duration"));
    plan_.request.duration = left;
  }
  session_ = std::make_unique<ClientSession>(loop_, dialer_, plan_, *this);
  shared_ = std::make_unique<SharedReading>(*session_);
  session_->Start();
}

void ConnectRun::OnSessionOpen(const OpenedSession& session) {
  absl::Status status = CheckServed(session.connection_type);
  if (status.ok()) {
    protocol_ = FindLocalProtocol(session.connection_type);
    opened_ = session;
    if (const auto& asked = plan_.request.duration; asked && ends_at_ == absl::InfiniteDuration()) {
      ends_at_ = loop_.Monotonic() + *asked;
    }
    give_up_at_ = back_off_ = absl::ZeroDuration();
    events_.OnEvent({.kind = ClientEvent::Kind::kConnected,
                     .data = {{"session_id", session.id}, {"connection_type", session.connection_type}}});
    if (!protocol_) {
      status = OpenTerminal(session);
    } else if (listener_ == nullptr) {
      const absl::StatusOr<uint16_t> port = PortOf(session);
      status = port.ok() ? OpenDoor(*port) : port.status();
    }
  }
  if (!status.ok()) {
    DropSession();
    return Finish(status);
  }
  if (protocol_) SayReady();
}

void ConnectRun::SayReady() {
  const Address& address = listener_->address();
  ClientEvent ready{.kind = ClientEvent::Kind::kReady,
                    .data = {{"host", address.host}, {"port", std::to_string(address.port)}}};
  if (protocol_->is_postgres) {
    ready.data.emplace_back("user", kCredential);
    ready.data.emplace_back("password", kCredential);
  }
  events_.OnEvent(ready);
  for (auto& socket : std::exchange(waiting_, {})) Serve(std::move(socket));
}

void ConnectRun::OnSessionPacket(Packet packet) {
  if (terminal_connection_ != nullptr) return terminal_connection_->OnPacket(packet);
  const auto connection = connections_.find(packet.SpecText(spec::kConnectionId));
  if (connection != connections_.end()) connection->second->OnSharedPacket(std::move(packet));
}

void ConnectRun::OnSessionDrained() {
  if (terminal_connection_ != nullptr) return terminal_connection_->OnSessionDrained();
  for (auto& [id, connection] : connections_) connection->OnLinkDrained();
}

void ConnectRun::OnSessionEnd(const SessionEnding& ending) {
  const bool was_open = opened_.has_value();
  DropSession();
  const bool trying = give_up_at_ != absl::ZeroDuration();
  const bool may_try = terminal_connection_ == nullptr && !plan_.is_ordered && (was_open || trying) && ending.retry;
  if (may_try && TryAgain(ending)) return;
  absl::StatusOr<SessionResult> result = SessionResult{ending.ExitCode(kMissingExitCode), ending.text};
  if (!ending.status.ok()) result = ending.status;
  if (terminal_connection_ == nullptr) return Finish(std::move(result));
  // What the command said last comes before what is said of it.
  terminal_connection_->WhenWritten([this, result = std::move(result)] { Finish(result); });
}

// False: it was tried long enough.
bool ConnectRun::TryAgain(const SessionEnding& ending) {
  const absl::Duration now = loop_.Monotonic();
  if (give_up_at_ == absl::ZeroDuration()) {
    give_up_at_ = now + limits::kReconnectTimeMax;
    events_.OnEvent({.kind = ClientEvent::Kind::kDisconnected,
                     .message = fmt::format("session lost ({}), trying again for {} minutes", ErrorText(ending),
                                            absl::ToInt64Minutes(limits::kReconnectTimeMax)),
                     .data = {{"error", ErrorText(ending)}}});
  }
  if (now >= give_up_at_) return false;
  back_off_ = std::clamp(2 * back_off_, limits::kReconnectBackoffMin, limits::kReconnectBackoffMax);
  retry_ = loop_.After(Jittered(back_off_), [this] { OpenSession(); });
  return true;
}

// Programs of the old session see a reset; those that came meanwhile wait for the next one.
void ConnectRun::DropSession() {
  opened_.reset();
  retry_.reset();
  for (auto& [id, connection] : connections_) {
    connection->Abort();
    loop_.DestroyLater(std::move(connection));
  }
  connections_.clear();
  if (terminal_connection_ != nullptr) terminal_connection_->Detach();
  // Links of connections that are on their way out refer to these.
  if (shared_ != nullptr) loop_.DestroyLater(std::move(shared_));
  if (session_ != nullptr) loop_.DestroyLater(std::move(session_));
}

void ConnectRun::Finish(absl::StatusOr<SessionResult> result) {
  if (done_ == nullptr) return;
  waiting_.clear();
  if (listener_ != nullptr) loop_.DestroyLater(std::move(listener_));
  if (terminal_connection_ != nullptr) terminal_connection_->Stop();
  std::exchange(done_, nullptr)(std::move(result));
}

// ---- The terminal --------------------------------------------------------------------------------------------------

absl::Status ConnectRun::OpenTerminal(const OpenedSession& session) {
  if (listener_ != nullptr) loop_.DestroyLater(std::move(listener_));  // nobody needs a port for it
  terminal_connection_ = std::make_unique<TerminalConnection>(loop_, *session_, session.granted, *terminal_,
                                                              [this](const absl::Status& status) {
                                                                DropSession();
                                                                Finish(status);
                                                              });
  return terminal_connection_->Start();
}

void ConnectRun::OnTerminalResized() {
  if (terminal_connection_ != nullptr) terminal_connection_->OnResized();
}

// ---- The local door ------------------------------------------------------------------------------------------------

absl::StatusOr<uint16_t> ConnectRun::PortOf(const OpenedSession& session) const {
  if (!plan_.is_ordered) return protocol_->default_port;
  const std::string& text = session.request_port;
  uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) {
    return Internal("the gateway asks for the port \"{}\"", text);
  }
  return port;
}

bool ConnectRun::IsFree(uint16_t port) {
  return listen_(Address{options_.host, port}, [](std::unique_ptr<ByteStream>) {}).ok();
}

absl::Status ConnectRun::OpenDoor(uint16_t port) {
  const Address address{options_.host, port};
  HOOP_ASSIGN_OR_RETURN(
      listener_, listen_(address, [this](std::unique_ptr<ByteStream> socket) { OnAccepted(std::move(socket)); }));
  return absl::OkStatus();
}

void ConnectRun::OnAccepted(std::unique_ptr<ByteStream> socket) {
  if (opened_) return Serve(std::move(socket));
  if (waiting_.size() < limits::kLocalWaitingMax) waiting_.push_back(std::move(socket));
}

void ConnectRun::Serve(std::unique_ptr<ByteStream> socket) {
  if (connections_.size() >= limits::kConnectionIdsMax) {
    events_.OnEvent({.kind = ClientEvent::Kind::kLocalClosed,
                     .message = fmt::format("a program was turned away: {} connections are open", connections_.size()),
                     .data = {{"error", "too many connections"}}});
    return;
  }
  const std::string id = NextConnectionId();
  auto own = opened_->granted.streams ? session_->OpenStream(id) : nullptr;
  auto connection = std::make_unique<LocalConnection>(
      loop_, *this, LocalConnection::Plan{opened_->id, id, *protocol_, opened_->granted}, std::move(socket),
      std::move(own), *shared_);
  LocalConnection& started = *connection;
  connections_.emplace(id, std::move(connection));
  events_.OnEvent({.kind = ClientEvent::Kind::kLocalOpened, .data = {{"connection_id", id}}});
  started.Start();
}

// No id may be the beginning of another one: agents of 2024 close all that begin alike. So six digits, and behind a
// million a longer form that begins differently.
std::string ConnectRun::NextConnectionId() {
  const uint64_t number = ++last_connection_;
  return number <= kSixDigitsMax ? fmt::format("{:06}", number) : fmt::format("x{:015}", number);
}

void ConnectRun::OnLocalEnd(LocalConnection& connection, const absl::Status& status) {
  ClientEvent event{.kind = ClientEvent::Kind::kLocalClosed, .data = {{"connection_id", connection.connection_id()}}};
  if (!status.ok()) {
    event.message = fmt::format("local connection {}: {}", connection.connection_id(), StatusText(status));
    event.data.emplace_back("error", StatusText(status));
  }
  const auto found = connections_.find(connection.connection_id());
  if (found != connections_.end()) {
    loop_.DestroyLater(std::move(found->second));
    connections_.erase(found);
  }
  events_.OnEvent(event);
}

}  // namespace hoop
