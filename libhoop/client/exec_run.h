// One command from its input to its exit code. Made and run by Client::Exec.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "client/client_session.h"
#include "client/input_reader.h"
#include "client/output_queue.h"

namespace hoop {

// Owned by who runs the loop; loop thread; destroyed when the loop turns no more. Input that fits one packet goes as
// real clients send it: with the open, for reviewers, and again behind the open-ok. More is streamed, where the agent
// takes `chunks`; the first piece waits in memory until the session is open.
class ExecRun final : public ClientSession::Delegate {
 public:
  struct Ports {
    ClientInput& input;
    ClientOutput& output;
    ClientEvents& events;
  };
  using Done = absl::AnyInvocable<void(absl::StatusOr<SessionResult>)>;

  // `done` is called once, when everything the command said was written.
  ExecRun(Loop& loop, GatewayDialer& dialer, SessionPlan plan, Ports ports, Done done);
  ~ExecRun() override;

  void Start();
  // Ends with Cancelled, at once.
  void Cancel();

 private:
  void OnSessionOpen(const OpenedSession& session) override;
  void OnSessionPacket(Packet packet) override;
  void OnSessionDrained() override;
  void OnSessionNotice(const ClientEvent& event) override { events_.OnEvent(event); }
  void OnSessionEnd(const SessionEnding& ending) override;

  void OnHead(absl::StatusOr<InputReader::Chunk> head);
  void SendInput(std::string_view bytes);
  void ReadMore();
  void OnMore(absl::StatusOr<InputReader::Chunk> chunk);
  void OnOutputProgress(const absl::Status& status);
  void Finish(absl::StatusOr<SessionResult> result);
  void FinishWhenWritten();

  Loop& loop_;
  GatewayDialer& dialer_;
  SessionPlan plan_;
  ClientEvents& events_;
  Done done_;

  InputReader input_;
  OutputQueue output_;
  std::string head_;  // of an input that does not fit one packet
  bool input_ended_ = false;
  bool reading_input_ = false;
  bool reading_session_ = true;
  std::string session_id_;  // of the open session
  std::unique_ptr<ClientSession> session_;
  std::optional<absl::StatusOr<SessionResult>> result_;  // waits for the output
};

}  // namespace hoop
