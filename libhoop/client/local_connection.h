// One program at the local listener: its socket on one side, packets of its connection id on the other, back-pressure
// between them in both directions. Made by ConnectRun for each accepted socket.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "base/fifo.h"
#include "base/loop.h"
#include "client/connection_link.h"
#include "client/local_protocol.h"
#include "net/byte_stream.h"
#include "wire/capabilities.h"

namespace hoop {

// Owned by ConnectRun; loop thread. Who is full, who stops reading:
//   link above limits::kSendQueueHighBytes  -> the socket is not read
//   unwritten bytes above the link's bounds -> the link is not read
// Each direction ends by itself; the connection ends with both, or with the first error. Destroyed in the kFree phase.
class LocalConnection final : private ByteStream::Events, private PacketStream::Receiver {
 public:
  class Owner {
   public:
    virtual ~Owner() = default;
    // Last call. Not OK: it ended otherwise than by its two ends' wish.
    virtual void OnLocalEnd(LocalConnection& connection, const absl::Status& status) = 0;
    // Holds what one read returned until it is a packet: one for all connections of a loop.
    virtual std::string& read_buffer() = 0;
  };
  struct Plan {
    std::string session_id;
    std::string connection_id;
    LocalProtocol protocol;
    Capabilities granted;
  };

  // `own`: the stream of this connection where `streams` was granted, else null and `shared` is used.
  LocalConnection(Loop& loop, Owner& owner, Plan plan, std::unique_ptr<ByteStream> socket,
                  std::unique_ptr<PacketStream> own, SharedReading& shared);
  ~LocalConnection() override;

  void Start();

  const std::string& connection_id() const { return plan_.connection_id; }

  // Of a shared stream: a packet of this connection id, and room for more.
  void OnSharedPacket(Packet packet) { OnPacket(std::move(packet)); }
  void OnLinkDrained();

  // The session is gone: the program sees a reset. The owner is not told.
  void Abort();

 private:
  void OnReadable() override;
  void OnWritable() override { Flush(); }
  void OnPacket(Packet packet) override;
  void OnEnd(const absl::Status& status) override;
  void OnDrained() override { OnLinkDrained(); }

  bool SendBytes(std::string_view bytes);
  void SendRequest(std::string_view payload);
  void OnLocalFin();
  void OnPeerClose();
  void ReadOn();
  void FlushLater();
  void Flush();
  size_t WriteOnce(IoResult& result);
  void AfterWrite();
  void WatchStall();
  void BeginLinger();
  void Linger();
  void End(const absl::Status& status);

  Loop& loop_;
  Owner& owner_;
  const Plan plan_;
  const std::unique_ptr<ByteStream> socket_;
  OwnStreamLink* own_ = nullptr;  // link_, where it is one
  std::unique_ptr<ConnectionLink> link_;
  std::optional<PostgresRequests> postgres_;

  Fifo<Packet> unwritten_;
  size_t unwritten_bytes_ = 0;
  size_t front_offset_ = 0;  // of the first one's payload
  bool flush_planned_ = false;
  bool link_reading_ = true;

  bool socket_done_ = false;  // the program sends nothing more
  bool peer_done_ = false;    // the target sends nothing more
  bool peer_closed_ = false;  // the target is gone
  bool shut_down_ = false;    // the program was told that nothing more comes
  bool lingering_ = false;    // bytes that the program still sends are thrown away
  bool ended_ = false;
  uint64_t written_ = 0;  // of all, to notice a stall
  std::unique_ptr<Timer> stall_;
  std::unique_ptr<Timer> cancel_;  // a CancelRequest's answer
  std::unique_ptr<Timer> linger_;
};

}  // namespace hoop
