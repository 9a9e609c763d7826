// The user's terminal at the near end of an open session: keys and sizes out, the command's output in. Made by
// ConnectRun for connections that are command lines.
#pragma once

#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "base/loop.h"
#include "client/client_session.h"
#include "client/input_reader.h"
#include "client/output_queue.h"

namespace hoop {

// Owned by ConnectRun; loop thread; destroyed when the loop turns no more. Bytes pass as they are, in both directions:
// what a key or a sequence means is the business of the two terminals.
class TerminalConnection final {
 public:
  // `lost` is called at most once: the user's terminal hung up or takes no output.
  TerminalConnection(Loop& loop, ClientSession& session, const Capabilities& granted, ClientTerminal& terminal,
                     absl::AnyInvocable<void(const absl::Status&)> lost);

  // Takes the terminal and starts the command. A status: it cannot be taken.
  absl::Status Start();

  void OnPacket(const Packet& packet);
  void OnSessionDrained() { ReadMore(); }
  void OnResized();

  // The session is over: nothing is sent any more.
  void Detach() { session_ = nullptr; }
  // Calls `written` once everything the command said was written.
  void WhenWritten(absl::AnyInvocable<void()> written);
  // Gives the terminal back, whatever is still to be written.
  void Stop();

 private:
  void SendStart();
  void SendSize();
  void ReadMore();
  void OnInput(absl::StatusOr<InputReader::Chunk> chunk);
  void OnOutputProgress(const absl::Status& status);
  void Lose(const absl::Status& status);

  ClientSession* session_;  // null: it is over
  const bool knows_chunks_;
  ClientTerminal& terminal_;
  absl::AnyInvocable<void(const absl::Status&)> lost_;
  absl::AnyInvocable<void()> written_;
  bool begun_ = false;
  bool said_something_ = false;  // the command did
  bool reading_input_ = false;
  bool reading_session_ = true;
  InputReader input_;
  OutputQueue output_;
};

}  // namespace hoop
