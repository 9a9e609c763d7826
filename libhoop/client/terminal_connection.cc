#include "client/terminal_connection.h"

#include <utility>

#include "base/limits/client.h"
#include "base/limits/session.h"
#include "base/limits/wire.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "wire/packet_types.h"

namespace hoop {

TerminalConnection::TerminalConnection(Loop& loop, ClientSession& session, const Capabilities& granted,
                                       ClientTerminal& terminal, absl::AnyInvocable<void(const absl::Status&)> lost)
    : session_(&session),
      knows_chunks_(granted.chunks),
      terminal_(terminal),
      lost_(std::move(lost)),
      input_(loop, terminal.input()),
      output_(loop, terminal.output(), [this](const absl::Status& status) { OnOutputProgress(status); }) {}

absl::Status TerminalConnection::Start() {
  HOOP_RETURN_IF_ERROR(terminal_.Begin());
  begun_ = true;
  // Our agent keeps a size for the command that it will start; those of 2024 lose it, so they get it behind.
  if (knows_chunks_) {
    SendSize();
    SendStart();
  } else {
    SendStart();
    SendSize();
  }
  ReadMore();
  return absl::OkStatus();
}

// The first packet starts the command; agents throw its byte away.
void TerminalConnection::SendStart() { session_->Send(Packet(packet::kAgentTerminalWriteStdin, {}, "\n")); }

void TerminalConnection::SendSize() {
  session_->Send(Packet(packet::kAgentTerminalResize, {}, TerminalSizeText(terminal_.Size())));
}

void TerminalConnection::OnResized() {
  if (session_ != nullptr && begun_) SendSize();
}

void TerminalConnection::ReadMore() {
  if (session_ == nullptr || !begun_ || reading_input_) return;
  if (session_->queued_bytes() > limits::kSendQueueHighBytes) return;  // goes on when the session drained
  reading_input_ = true;
  input_.ReadSome(knows_chunks_ ? limits::kChunkBytesMax : limits::kOldReadBytesMax,
                  [this](absl::StatusOr<InputReader::Chunk> chunk) { OnInput(std::move(chunk)); });
}

void TerminalConnection::OnInput(absl::StatusOr<InputReader::Chunk> chunk) {
  reading_input_ = false;
  if (session_ == nullptr || !begun_) return;
  if (!chunk.ok()) return Lose(chunk.status());
  if (!chunk->bytes.empty()) session_->Send(Packet(packet::kAgentTerminalWriteStdin, {}, chunk->bytes));
  if (chunk->end) return Lose(Aborted("the terminal hung up"));
  ReadMore();
}

void TerminalConnection::OnPacket(const Packet& packet) {
  if (packet.type() != packet::kClientWriteStdout) return;
  // The command is there for sure: agents of 2024 lose sizes that come before.
  if (!std::exchange(said_something_, true) && !knows_chunks_) SendSize();
  output_.Add(ClientOutput::Channel::kStdout, packet.payload());
  if (reading_session_ && output_.queued_bytes() > limits::kTerminalOutputHighBytes) {
    reading_session_ = false;
    session_->SetReading(false);
  }
}

void TerminalConnection::OnOutputProgress(const absl::Status& status) {
  if (!status.ok()) return Lose(status);
  if (!reading_session_ && session_ != nullptr && output_.queued_bytes() <= limits::kTerminalOutputLowBytes) {
    reading_session_ = true;
    session_->SetReading(true);
  }
  if (written_ && output_.queued_bytes() == 0) std::exchange(written_, nullptr)();
}

void TerminalConnection::WhenWritten(absl::AnyInvocable<void()> written) {
  if (output_.queued_bytes() == 0) return written();
  written_ = std::move(written);
}

void TerminalConnection::Stop() {
  if (!std::exchange(begun_, false)) return;
  terminal_.input().Stop();  // what is typed from now on is for the next program
  terminal_.End();
}

void TerminalConnection::Lose(const absl::Status& status) {
  if (lost_) std::exchange(lost_, nullptr)(status);
}

}  // namespace hoop
