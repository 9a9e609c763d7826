// A connected byte stream on a loop: TCP and Unix sockets here; TLS (tls_stream.h) is another one of the same face.
#pragma once

#include <sys/uio.h>

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "base/loop.h"

namespace hoop {

class EventLoop;

// What one non-blocking read or write did.
struct IoResult {
  enum class Kind { kBytes, kWouldBlock, kEnd, kError };
  Kind kind = Kind::kWouldBlock;
  size_t bytes = 0;     // kBytes: how many
  absl::Status status;  // kError: why
};

// Owned by one user; lives on one loop. Destroying it closes; what Write took still goes out.
class ByteStream {
 public:
  // Outlives the stream or is replaced. Each call answers one Want.
  class Events {
   public:
    virtual ~Events() = default;
    virtual void OnReadable() = 0;
    virtual void OnWritable() = 0;
  };

  virtual ~ByteStream() = default;

  virtual void SetEvents(Events* events) = 0;

  // One OnReadable / OnWritable when it can be done. Asked again after each call.
  virtual void WantRead() = 0;
  virtual void StopRead() = 0;
  virtual void WantWrite() = 0;

  // Never blocks. kEnd: the peer finished its direction. A read that filled the buffer may have left more.
  // What Write did not take begins the next Write: TLS has encrypted it already.
  virtual IoResult Read(char* buffer, size_t size) = 0;
  virtual IoResult Write(const iovec* pieces, int count) = 0;

  // Sends no more; what was written goes out first.
  virtual void ShutdownWrite() = 0;
  // The next close sends a reset (RST) instead of an orderly end: how an aborted target connection looks.
  virtual void ResetOnClose() = 0;

  // The peer proved who it is: limits that front/ puts on strangers end here. Nothing to do for other streams.
  virtual void Trust() {}

  // "CN=agent-7": the subject of a certificate by which the peer proved who it is. Empty: there was none.
  virtual std::string VerifiedSubject() const { return {}; }

  // "203.0.113.9:5555", "unix:/path": for logs and records.
  virtual const std::string& peer() const = 0;
};

// A peer() on this machine: 127.0.0.0/8, ::1, a Unix socket.
bool IsLocalPeer(std::string_view peer);

// Takes over a connected socket: makes it non-blocking, close-on-exec and TCP_NODELAY.
std::unique_ptr<ByteStream> AdoptSocket(EventLoop& loop, int descriptor, std::string peer);

}  // namespace hoop
