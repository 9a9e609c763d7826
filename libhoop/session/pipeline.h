// The stages of a session in their order: requests run record, access, (review, guard); replies run (mask), record.
#pragma once

#include <memory>
#include <vector>

#include "session/stage.h"

namespace hoop {

// Owned by Session. Loop thread only.
class Pipeline final {
 public:
  // A packet's way through the stages, as far as it got.
  struct Outcome {
    enum class Kind { kForward, kHeld, kRefused };
    Kind kind = Kind::kForward;
    Packet packet;          // kForward, kHeld: what goes on, perhaps replaced
    size_t next_stage = 0;  // kHeld: where Continue begins
    absl::Status status;    // kRefused
  };

  void AddRequestStage(std::unique_ptr<Stage> stage) { requests_.push_back(std::move(stage)); }
  void AddReplyStage(std::unique_ptr<Stage> stage) { replies_.push_back(std::move(stage)); }

  // Runs `packet` through the stages of its direction from `first_stage` on. Replacing, holding and refusing are
  // themselves recorded.
  Outcome Run(Packet packet, PacketContext& context, size_t first_stage = 0);

 private:
  std::vector<std::unique_ptr<Stage>> requests_;
  std::vector<std::unique_ptr<Stage>> replies_;
};

}  // namespace hoop
