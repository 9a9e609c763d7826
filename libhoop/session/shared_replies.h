// What waits for the client of one session out of an agent's stream that other sessions share (agents of before our
// capabilities): too much of it stops the reading of that stream, for everybody, and a client that takes nothing then
// loses its session. Owned by Session, fed by its flows.
#pragma once

#include <cstddef>
#include <memory>

#include "absl/time/time.h"
#include "base/loop.h"

namespace hoop {

class Session;

// Loop thread only. Outlives the flows.
class SharedReplies final {
 public:
  explicit SharedReplies(Session& session) : session_(session) {}
  ~SharedReplies() { End(); }

  // A flow that shares the agent's stream holds `now` bytes where it held `before`; the client's control stream, which
  // flows share, is looked at here.
  void Count(size_t before, size_t now) { counted_bytes_ += now - before; }

  // Holds the agent's stream, or goes on reading it.
  void Update();

  // The session takes nothing more from its agent.
  void End();

 private:
  size_t bytes() const;
  void Hold();
  void Release();
  void Watch();
  void LookAgain();

  Session& session_;
  size_t counted_bytes_ = 0;
  bool holding_ = false;
  bool ended_ = false;
  size_t least_bytes_ = 0;        // since it is held
  absl::Duration progress_at_;    // when there were fewer than before
  std::unique_ptr<Timer> watch_;  // while it is held: not every queue tells when it has drained
};

}  // namespace hoop
