// One `connect` to its end: a session, the programs or the terminal that use it, and, for programs, a new session when
// the gateway or the agent was lost. Made and run by Client::Connect.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "client/client_session.h"
#include "client/connection_link.h"
#include "client/local_connection.h"
#include "client/local_protocol.h"
#include "client/terminal_connection.h"
#include "net/listener.h"

namespace hoop {

// Owned by who runs the loop; loop thread; destroyed when the loop turns no more.
class ConnectRun final : public ClientSession::Delegate, public LocalConnection::Owner {
 public:
  using Accepted = absl::AnyInvocable<void(std::unique_ptr<ByteStream>)>;
  // How to listen: hoop::Listen, or a door that a test opens by hand.
  using ListenFunction =
      absl::AnyInvocable<absl::StatusOr<std::unique_ptr<Listener>>(const Address& address, Accepted accepted)>;
  using Done = absl::AnyInvocable<void(absl::StatusOr<SessionResult>)>;

  // What the user's machine offers.
  struct Ports {
    ListenFunction listen;
    ClientTerminal* terminal;  // null: there is none
    ClientEvents& events;
  };

  // `done` is called once, when local connections and the listener are closed, and the terminal is as it was.
  ConnectRun(Loop& loop, GatewayDialer& dialer, SessionPlan plan, ListenOptions options, Ports ports, Done done);
  ~ConnectRun() override;

  void Start();
  // Ends with Cancelled, at once.
  void Cancel();
  void OnTerminalResized();

 private:
  void OnSessionOpen(const OpenedSession& session) override;
  void OnSessionPacket(Packet packet) override;
  void OnSessionDrained() override;
  void OnSessionNotice(const ClientEvent& event) override { events_.OnEvent(event); }
  void OnSessionEnd(const SessionEnding& ending) override;
  void OnLocalEnd(LocalConnection& connection, const absl::Status& status) override;
  std::string& read_buffer() override { return read_buffer_; }

  absl::Status LookAhead();
  void OpenSession();
  absl::StatusOr<uint16_t> PortOf(const OpenedSession& session) const;
  bool IsFree(uint16_t port);
  absl::Status OpenDoor(uint16_t port);
  absl::Status CheckServed(std::string_view protocol) const;
  absl::Status OpenTerminal(const OpenedSession& session);
  void SayReady();
  void OnAccepted(std::unique_ptr<ByteStream> socket);
  void Serve(std::unique_ptr<ByteStream> socket);
  std::string NextConnectionId();
  bool TryAgain(const SessionEnding& ending);
  void DropSession();
  void Finish(absl::StatusOr<SessionResult> result);

  Loop& loop_;
  GatewayDialer& dialer_;
  SessionPlan plan_;  // the same for each session, but for the time that is left
  const ListenOptions options_;
  ListenFunction listen_;
  ClientTerminal* const terminal_;
  ClientEvents& events_;
  Done done_;

  std::string read_buffer_;
  std::unique_ptr<ClientSession> session_;
  std::unique_ptr<SharedReading> shared_;
  std::optional<LocalProtocol> protocol_;
  std::optional<OpenedSession> opened_;  // while the session is open
  std::map<std::string, std::unique_ptr<LocalConnection>, std::less<>> connections_;
  uint64_t last_connection_ = 0;
  std::deque<std::unique_ptr<ByteStream>> waiting_;  // accepted while no session is open
  std::unique_ptr<Listener> listener_;
  std::unique_ptr<TerminalConnection> terminal_connection_;  // of a command line, until the loop turns no more

  absl::Duration ends_at_ = absl::InfiniteDuration();  // by the duration that was asked for
  absl::Duration give_up_at_ = absl::ZeroDuration();   // while trying again
  absl::Duration back_off_ = absl::ZeroDuration();
  std::unique_ptr<Timer> retry_;
};

}  // namespace hoop
