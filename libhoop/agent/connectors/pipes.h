// The ends of a command's pipes on the agent's loop. Used by the exec connector.
#pragma once

#include <memory>
#include <string_view>

#include "absl/functional/any_invocable.h"
#include "net/descriptor.h"
#include "net/event_loop.h"
#include "wire/packet.h"

namespace hoop {

// Reads what a command writes, a piece per turn. Owned by its target; loop thread only. After `on_end` nothing comes.
class PipeReader final {
 public:
  PipeReader(EventLoop& loop, Descriptor pipe, absl::AnyInvocable<void(std::string_view)> on_bytes,
             absl::AnyInvocable<void()> on_end);

  void SetReading(bool reading);
  // Nobody who writes is left: an empty pipe is at its end, even when a stranger holds it open.
  void EndWhenEmpty();
  bool is_open() const { return pipe_.is_open(); }

 private:
  void OnReadable();
  void End();

  Descriptor pipe_;
  absl::AnyInvocable<void(std::string_view)> on_bytes_;
  absl::AnyInvocable<void()> on_end_;
  bool reading_ = true;
  bool end_when_empty_ = false;
  std::unique_ptr<Watch> watch_;  // ends before its descriptor closes
};

// Writes a packet's payload to a command as fast as it reads, then closes. Owned by its target; loop thread only.
// What the command does not want is dropped. Blocks SIGPIPE for the loop's thread: a pipe has no other way.
class PipeWriter final {
 public:
  PipeWriter(EventLoop& loop, Descriptor pipe, Packet input);

 private:
  void Write();

  Descriptor pipe_;
  Packet input_;
  std::string_view left_;
  std::unique_ptr<Watch> watch_;  // ends before its descriptor closes
};

}  // namespace hoop
