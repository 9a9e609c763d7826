#include "client/exec_run.h"

#include <utility>

#include "base/limits/client.h"
#include "base/limits/session.h"
#include "base/limits/wire.h"
#include "base/status.h"
#include "wire/packet_types.h"
#include "wire/spec_keys.h"

namespace hoop {
namespace {

constexpr int kAgentFailureExitCode = 254;  // also what a missing code means, in both eras

// A packet of this size holds it, with room for arguments and variables.
constexpr size_t kWholeInputBytesMax = limits::kMessageSendBytesMax - 256 * limits::kKiB;

}  // namespace

ExecRun::ExecRun(Loop& loop, GatewayDialer& dialer, SessionPlan plan, Ports ports, Done done)
    : loop_(loop),
      dialer_(dialer),
      plan_(std::move(plan)),
      events_(ports.events),
      done_(std::move(done)),
      input_(loop, ports.input),
      output_(loop, ports.output, [this](const absl::Status& status) { OnOutputProgress(status); }) {}

ExecRun::~ExecRun() = default;

void ExecRun::Start() {
  input_.Read(kWholeInputBytesMax + 1, [this](absl::StatusOr<InputReader::Chunk> head) { OnHead(std::move(head)); });
}

void ExecRun::Cancel() {
  session_.reset();
  Finish(Cancelled("cancelled"));
}

void ExecRun::OnHead(absl::StatusOr<InputReader::Chunk> head) {
  if (done_ == nullptr) return;  // cancelled
  if (!head.ok()) return Finish(head.status());
  input_ended_ = head->end;
  (input_ended_ ? plan_.input : head_) = std::move(head->bytes);
  session_ = std::make_unique<ClientSession>(loop_, dialer_, plan_, *this);
  if (session_->BuildOpen(packet::kAgentSessionOpen, plan_.input).size() > limits::kMessageSendBytesMax) {
    return Finish(InvalidArgument("arguments and variables are too large to send"));
  }
  session_->Start();
}

void ExecRun::OnSessionOpen(const OpenedSession& session) {
  events_.OnEvent(
      {.kind = ClientEvent::Kind::kRunning, .data = {{"session_id", session.id}, {"command", session.command}}});
  if (!input_ended_ && !session.granted.chunks) {
    session_.reset();
    return Finish(ResourceExhausted("input is larger than {} bytes: the gateway or the agent takes it whole only",
                                    kWholeInputBytesMax));
  }
  session_id_ = session.id;
  if (input_ended_) {
    return session_->Send(session_->BuildOpen(packet::kAgentExecWriteStdin, plan_.input));
  }
  SendInput(std::exchange(head_, {}));
  ReadMore();
}

// In pieces of what one read would have returned.
void ExecRun::SendInput(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::string_view piece = bytes.substr(0, limits::kChunkBytesMax);
    session_->Send(Packet(packet::kAgentExecWriteStdin, {{spec::kSessionId, session_id_}, {spec::kMore, ""}}, piece));
    bytes.remove_prefix(piece.size());
  }
}

void ExecRun::ReadMore() {
  if (reading_input_ || input_ended_ || session_ == nullptr) return;
  if (session_->queued_bytes() > limits::kSendQueueHighBytes) return;  // goes on in OnSessionDrained
  reading_input_ = true;
  input_.Read(limits::kChunkBytesMax, [this](absl::StatusOr<InputReader::Chunk> chunk) { OnMore(std::move(chunk)); });
}

void ExecRun::OnMore(absl::StatusOr<InputReader::Chunk> chunk) {
  reading_input_ = false;
  if (session_ == nullptr || result_) return;
  if (!chunk.ok()) {
    session_.reset();
    return Finish(chunk.status());
  }
  SendInput(chunk->bytes);
  input_ended_ = chunk->end;
  if (!input_ended_) return ReadMore();
  session_->Send(Packet(packet::kAgentExecWriteStdin, {{spec::kSessionId, session_id_}}));  // the last one
}

void ExecRun::OnSessionPacket(Packet packet) {
  if (packet.type() == packet::kClientWriteStdout) {
    output_.Add(ClientOutput::Channel::kStdout, packet.payload());
  } else if (packet.type() == packet::kClientWriteStderr) {
    output_.Add(ClientOutput::Channel::kStderr, packet.payload());
  }
  if (reading_session_ && output_.queued_bytes() > limits::kExecOutputHighBytes) {
    reading_session_ = false;
    session_->SetReading(false);
  }
}

void ExecRun::OnSessionDrained() {
  if (!session_id_.empty()) ReadMore();
}

void ExecRun::OnOutputProgress(const absl::Status& status) {
  if (!status.ok()) {
    session_.reset();
    return Finish(status);
  }
  if (!reading_session_ && session_ != nullptr && output_.queued_bytes() <= limits::kExecOutputLowBytes) {
    reading_session_ = true;
    session_->SetReading(true);
  }
  FinishWhenWritten();
}

void ExecRun::OnSessionEnd(const SessionEnding& ending) {
  if (ending.retry && ending.status.ok() && session_id_.empty()) {
    result_ = Unavailable("{}", ending.text);  // it did not begin: what real gateways say by a status
  } else if (ending.status.ok()) {
    result_ = SessionResult{ending.ExitCode(kAgentFailureExitCode), ending.text};
  } else {
    result_ = ending.status;
  }
  reading_session_ = true;  // nothing more is read: the stream is over
  FinishWhenWritten();
}

void ExecRun::FinishWhenWritten() {
  if (result_ && output_.queued_bytes() == 0) Finish(*std::move(result_));
}

void ExecRun::Finish(absl::StatusOr<SessionResult> result) {
  if (done_ == nullptr) return;
  std::exchange(done_, nullptr)(std::move(result));
}

}  // namespace hoop
