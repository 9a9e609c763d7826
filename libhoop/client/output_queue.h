// Hands what a command says to a ClientOutput, which may block, on a thread of its own. Used by ExecRun and
// TerminalConnection.
#pragma once

#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "base/loop.h"
#include "base/worker.h"
#include "hoop/client.h"

namespace hoop {

// Owned by its user and destroyed when the loop turns no more; the destructor waits for a Write that is under way.
class OutputQueue final {
 public:
  // `progress` is called on the loop whenever bytes were written, or with the first error; nothing is written then.
  OutputQueue(Loop& loop, ClientOutput& output, absl::AnyInvocable<void(const absl::Status&)> progress);

  void Add(ClientOutput::Channel channel, std::string_view bytes);

  // Taken and not yet written.
  size_t queued_bytes() const { return queued_bytes_; }

 private:
  struct Piece {
    ClientOutput::Channel channel;
    std::string bytes;
  };

  void WriteNext();
  void OnWritten(size_t bytes, const absl::Status& status);

  Loop& loop_;
  ClientOutput& output_;
  absl::AnyInvocable<void(const absl::Status&)> progress_;
  std::vector<Piece> waiting_;  // neighbours of one channel are one piece
  size_t queued_bytes_ = 0;
  bool writing_ = false;
  bool failed_ = false;
  Worker worker_;
};

}  // namespace hoop
