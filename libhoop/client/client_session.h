// One session as its user's end sees it: dials, opens, keeps alive, tells how it ended. What the packets mean is the
// business of who owns it: ExecRun, ConnectRun.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/loop.h"
#include "hoop/client.h"
#include "transport/gateway_dialer.h"
#include "wire/capabilities.h"

namespace hoop {

// Who opens a session, with what; the same again for each new session of a reconnect.
struct SessionPlan {
  Metadata metadata;  // authorization, origin, verb, connection-name, facts of the machine
  SessionRequest request;
  std::string input;                // of a command: for reviewers
  bool keep_alive_at_once = false;  // commands; listeners wait for the open-ok, as real clients do
  bool is_ordered = false;          // the gateway opens the session, when REST asks for one
};

struct OpenedSession {
  std::string id;
  std::string connection_type;  // as said on the wire: postgres, tcp, command-line
  std::string command;          // "" from older agents
  std::string agent_version;
  std::string request_port;  // of an ordered one: where to listen
  Capabilities granted;
};

struct SessionEnding {
  absl::Status status;  // OK: the gateway closed the session with what follows; else why it is over
  std::string text;
  std::optional<int> exit_code;
  bool retry = false;  // a new session may work

  // As the program's own. `missing`: what no code, or none that is a number, means. A command that a signal ended has
  // minus one, which becomes 255.
  int ExitCode(int missing) const {
    if (!exit_code) return missing;
    return *exit_code >= 0 && *exit_code <= 255 ? *exit_code : 255;
  }
};

// Owned by who runs it; loop thread. Ends with OnSessionEnd, or by being destroyed, then nobody is told. It may be
// destroyed from inside OnSessionOpen, OnSessionPacket and OnSessionEnd.
class ClientSession final : private PacketStream::Receiver {
 public:
  class Delegate {
   public:
    virtual ~Delegate() = default;
    virtual void OnSessionOpen(const OpenedSession& session) = 0;  // once
    virtual void OnSessionPacket(Packet packet) = 0;               // of the open session, on the control stream
    virtual void OnSessionDrained() = 0;                           // the control stream takes more
    virtual void OnSessionNotice(const ClientEvent& event) = 0;
    virtual void OnSessionEnd(const SessionEnding& ending) = 0;  // once, last
  };

  // `plan` outlives the session.
  ClientSession(Loop& loop, GatewayDialer& dialer, const SessionPlan& plan, Delegate& delegate);
  ~ClientSession() override;

  void Start();

  // The control stream of the open session.
  void Send(Packet packet) { control_->Send(std::move(packet)); }
  size_t queued_bytes() const { return control_->queued_bytes(); }
  void SetReading(bool reading) { control_->SetReading(reading); }

  // A data stream for one local connection; only where `streams` was granted.
  std::unique_ptr<PacketStream> OpenStream(std::string_view connection_id);

  // The spec of the session's open: commands send it with their input again.
  Packet BuildOpen(std::string_view type, std::string_view payload) const;

 private:
  void OnPacket(Packet packet) override;
  void OnEnd(const absl::Status& status) override;
  void OnDrained() override { delegate_.OnSessionDrained(); }

  void OnDialled(absl::StatusOr<std::unique_ptr<GatewayChannel>> channel);
  void SendOpen();
  void OnOpenOk(const Packet& packet);
  void OnWaitingApproval(const Packet& packet);
  void OnAgentOffline();
  void OnClose(const Packet& packet);
  void KeepAlive();
  void End(SessionEnding ending);

  Loop& loop_;
  GatewayDialer& dialer_;
  const SessionPlan& plan_;
  Delegate& delegate_;

  std::unique_ptr<Dialing> dialing_;
  std::unique_ptr<GatewayChannel> channel_;
  std::unique_ptr<PacketStream> control_;  // after channel_: destroyed before it
  std::string id_;                         // of the open session
  bool ended_ = false;
  int offline_count_ = 0;
  std::unique_ptr<Timer> keep_alive_;
  std::unique_ptr<Timer> patience_;  // for the gateway's first word, or until the open is sent again
};

}  // namespace hoop
