// A socket to a target joined to a line, with back-pressure both ways: the target is not read while the line is full,
// the line is not read while the target takes nothing. Used by the tcp and postgres connectors.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "agent/line.h"
#include "base/fifo.h"
#include "net/byte_stream.h"
#include "net/event_loop.h"
#include "wire/packet.h"

namespace hoop {

// Owned by its target; loop thread only. Destroying it closes the socket.
class TargetSocket final : private ByteStream::Events {
 public:
  // Outlives the socket. Call-backs must not destroy it: its owner is freed at the end of the turn.
  class Events {
   public:
    virtual ~Events() = default;
    virtual void OnTargetBytes(std::string_view bytes) = 0;
    // The target sends nothing more; it may still read.
    virtual void OnTargetEnd() = 0;
    // Both directions are over.
    virtual void OnTargetBroken(const absl::Status& why) = 0;
  };

  TargetSocket(EventLoop& loop, std::unique_ptr<ByteStream> stream, Line& line, Events& events);
  ~TargetSocket() override;

  // Leaves at the end of the turn, or when the target reads.
  void Write(Packet packet);  // its payload, without a copy
  void Write(std::string bytes);
  // After what was written; nothing may be written later.
  void FinishWriting();
  // Once everything that was written has left, or limits::kCloseGraceTime has passed. Reads nothing more.
  void CloseWhenWritten(absl::AnyInvocable<void()> closed);

  // Ends the waiting of a line that was not read during the dial; what came early was written before.
  void StartLine();
  // The line takes more again.
  void OnLineDrained();

 private:
  struct Piece {
    Packet packet;     // its payload, or
    std::string text;  // these bytes
    size_t written = 0;

    std::string_view left() const { return (text.empty() ? packet.payload() : std::string_view(text)).substr(written); }
  };

  void OnReadable() override;
  void OnWritable() override { Flush(); }
  void Push(Piece piece);
  void FlushLater();
  void Flush();
  void Written(size_t bytes);
  void AfterFlush();
  void WriteBroke(const absl::Status& why);
  void Break(const absl::Status& why);

  EventLoop& loop_;
  const std::unique_ptr<ByteStream> stream_;
  Line& line_;
  Events& events_;
  bool reading_ = true;      // false: the line is full
  bool read_ended_ = false;  // or nobody is interested any more
  bool finishing_ = false;   // the writing side closes after what is queued
  bool finished_ = false;
  bool broken_ = false;
  absl::Status write_error_;  // what the target said before is still read, limits::kCloseGraceTime at most
  bool flush_is_due_ = false;
  bool wants_write_ = false;
  bool holds_line_ = false;
  Fifo<Piece> unsent_;
  size_t unsent_bytes_ = 0;
  absl::AnyInvocable<void()> closed_;
  std::unique_ptr<Timer> close_timer_;
  // Tells the end of the turn that the socket is gone.
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace hoop
