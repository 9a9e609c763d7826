// The near ends of what a command reads and writes, pipes or a terminal, on the agent's loop. Used by the connectors
// that run commands.
#pragma once

#include <deque>
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

// Writes packets' payloads to a command as fast as it reads, then closes. Owned by its target; loop thread only.
// What the command does not want is dropped. Blocks SIGPIPE for the loop's thread: a pipe has no other way.
class PipeWriter final {
 public:
  // `on_progress` is called when bytes left, never from inside a call.
  PipeWriter(EventLoop& loop, absl::AnyInvocable<void()> on_progress);

  // Takes packets before it has its pipe; they wait.
  void Open(Descriptor pipe);
  void Add(Packet packet);
  // Closes the pipe behind what was added.
  void Finish();
  // Closes it now; nothing is taken any more.
  void Close();

  size_t queued_bytes() const { return queued_bytes_; }

 private:
  void OnWritable();
  void Write();

  EventLoop& loop_;
  absl::AnyInvocable<void()> on_progress_;
  Descriptor pipe_;
  std::deque<Packet> waiting_;
  size_t offset_ = 0;  // of the first one's payload
  size_t queued_bytes_ = 0;
  bool blocked_ = false;
  bool finished_ = false;
  bool closed_ = false;
  std::unique_ptr<Watch> watch_;  // ends before its descriptor closes
};

}  // namespace hoop
