// Reads a ClientInput, which may block, on a thread of its own. Used by ExecRun and TerminalConnection.
#pragma once

#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "base/loop.h"
#include "base/worker.h"
#include "hoop/client.h"

namespace hoop {

// Owned by its user and destroyed when the loop turns no more; the destructor stops the input first.
class InputReader final {
 public:
  struct Chunk {
    std::string bytes;
    bool end = false;  // of the input
  };
  using Done = absl::AnyInvocable<void(absl::StatusOr<Chunk>)>;

  InputReader(Loop& loop, ClientInput& input) : loop_(loop), input_(input), worker_("hoop-input", 1) {}
  ~InputReader() { input_.Stop(); }

  // Reads until the end or until there are `bytes` of them, then calls `done` once on the loop. One call at a time.
  void Read(size_t bytes, Done done);
  // The same with what one read returns: for input that somebody types.
  void ReadSome(size_t bytes_max, Done done);

 private:
  void Start(size_t bytes, bool some, Done done);
  absl::StatusOr<Chunk> ReadUpTo(size_t bytes, bool some);

  Loop& loop_;
  ClientInput& input_;
  Worker worker_;
};

}  // namespace hoop
