// What waits for the client of one session out of an agent's stream that other sessions share (agents of before our
// capabilities): too much of it stops the reading of that stream, for everybody, and a client that takes nothing then
// loses its session. Owned by Session, fed by its flows.
#pragma once

#include <cstddef>
#include <memory>

#include "absl/time/time.h"
#include "base/loop.h"
#include "session/agent_leg.h"
#include "wire/packet_stream.h"

namespace hoop {

// Loop thread only. Outlives the flows.
class SharedReplies final {
 public:
  // The session, as it is seen from here.
  class Owner {
   public:
    // Null: gone.
    virtual PacketStream* client_control() = 0;
    virtual AgentLeg* agent() = 0;
    // Each flow counts again what it holds: some may have left since.
    virtual void CountSharedReplies() = 0;
    // What the client has to take, on all its streams.
    virtual size_t client_queued_bytes() const = 0;
    // The client took nothing for too long.
    virtual void OnStalled() = 0;

   protected:
    ~Owner() = default;
  };

  SharedReplies(Loop& loop, Owner& owner) : loop_(loop), owner_(owner) {}
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

  Loop& loop_;
  Owner& owner_;
  size_t counted_bytes_ = 0;
  bool holding_ = false;
  bool ended_ = false;
  size_t least_bytes_ = 0;        // since it is held
  absl::Duration progress_at_;    // when there were fewer than before
  std::unique_ptr<Timer> watch_;  // while it is held: not every queue tells when it has drained
};

}  // namespace hoop
