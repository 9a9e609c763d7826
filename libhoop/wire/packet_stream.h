// A two-way flow of packets, whatever carries it: HTTP/2 (transport/), memory (transport/memory_stream.h).
// The seam between those who move bytes and those who decide: session, agent and client see only this.
#pragma once

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "wire/metadata.h"
#include "wire/packet.h"

namespace hoop {

// Owned by who uses it; lives on one loop, all calls and call-backs there. Destroying it (also from inside a
// call-back) resets a stream that has not ended; no call-back comes afterwards.
class PacketStream {
 public:
  // Who receives. Outlives the stream, or is replaced before it ends.
  class Receiver {
   public:
    virtual ~Receiver() = default;
    virtual void OnPacket(Packet packet) = 0;
    // The peer sends nothing more, but still reads. At most once.
    virtual void OnPeerDone() {}
    // Nothing comes any more and nothing can be sent. Once, last. Dialling side: the final status (OK: a clean end).
    // Listening side: why the stream is over (OK: both directions were finished; Cancelled: the peer left).
    virtual void OnEnd(const absl::Status& status) = 0;
    // queued_bytes() fell below limits::kSendQueueLowBytes after it had been above kSendQueueHighBytes.
    virtual void OnDrained() {}
  };

  virtual ~PacketStream() = default;

  // What the dialling side sent when it opened the stream.
  virtual const Metadata& metadata() const = 0;
  // The same, not kept any longer: tokens are large, and streams live long.
  virtual Metadata TakeMetadata() { return metadata(); }

  // Packets that arrive before a receiver is there wait (and hold back the peer).
  virtual void SetReceiver(Receiver* receiver) = 0;

  // Queues `packet`; it leaves in the kSend phase of this turn or when the peer drains. Ignored after Finish.
  // Nobody is stopped here: who reads from elsewhere for this stream looks at queued_bytes().
  virtual void Send(Packet packet) = 0;

  // Bytes that Send took and that have not left this process.
  virtual size_t queued_bytes() const = 0;

  // false: no further OnPacket, the peer is held back by its window. Starts as true.
  virtual void SetReading(bool reading) = 0;

  // Asks the connection for a sign of life. `answered` is called at most once, and never after the stream is
  // destroyed. What has no wire below it answers at once.
  virtual void Ping(absl::AnyInvocable<void()> answered) { answered(); }

  // After what was sent: listening side ends the stream with `status`; dialling side half-closes (status ignored).
  virtual void Finish(const absl::Status& status) = 0;
};

}  // namespace hoop
