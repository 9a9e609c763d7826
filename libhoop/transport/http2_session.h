// HTTP/2 with gRPC calls over one byte stream, at either end: the only user of libnghttp2.
// GrpcServer and GrpcChannel own sessions; a session drives GrpcCalls and is driven by ByteStream's events.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "base/loop.h"
#include "net/byte_stream.h"
#include "transport/frame_budget.h"
#include "transport/grpc_call.h"
#include "wire/metadata.h"

struct nghttp2_session;

namespace hoop {

struct Http2Buffers;  // transport/http2_buffers.h: what the sessions of a loop share for reading and writing

// One connection. Owned by its GrpcServer or GrpcChannel; lives on one loop. It ends itself (peer gone, protocol
// broken, Break) in the kSend phase of a turn: calls are told, then Delegate::OnSessionClosed. The owner destroys it
// through Loop::DestroyLater, because call-backs of libnghttp2 may be on the stack.
class Http2Session final : private ByteStream::Events {
 public:
  enum class Role { kListening, kDialling };

  // Outlives the session or is replaced by null.
  class Delegate {
   public:
    // Listening: the head of a call is complete and sound (POST, application/grpc, uncompressed, a path of the
    // service). Give it a sink, or refuse with Finish.
    virtual void OnCall(Http2Session& session, GrpcCall& call) = 0;
    // The connection is over and all calls were told. Once, last.
    virtual void OnSessionClosed(Http2Session& session, const absl::Status& reason) = 0;

   protected:
    ~Delegate() = default;
  };

  Http2Session(Role role, Loop& loop, std::unique_ptr<ByteStream> bytes, std::shared_ptr<Http2Buffers> buffers,
               Delegate& delegate);
  ~Http2Session() override;
  Http2Session(const Http2Session&) = delete;
  Http2Session& operator=(const Http2Session&) = delete;

  // Dialling: opens a stream. Null when the connection is over or drained. The call belongs to the session.
  GrpcCall* StartCall(const RequestHead& head);
  // false: over, or the peer sent GOAWAY.
  bool accepts_calls() const;

  // Listening: wide limits from now on.
  void Trust();
  bool trusted() const { return trusted_; }

  // Tells the peer to open no new streams; the session ends when the last stream did.
  void StartDrain();

  // Ends the connection at the end of this turn; GOAWAY goes out if the socket takes it. The first reason counts.
  void Break(const absl::Status& reason);
  // No further call to the delegate.
  void DropDelegate() { delegate_ = nullptr; }

  // Zero stops the pings.
  void SetPingInterval(absl::Duration interval);

  const std::string& peer() const { return peer_; }
  Loop& loop() const { return loop_; }
  Role role() const { return role_; }
  size_t call_count() const { return call_count_; }
  size_t held_bytes() const { return held_bytes_; }

 private:
  friend class GrpcCall;
  struct Callbacks;  // libnghttp2's C call-backs
  // Posted tasks hold it; it forgets the session when that is destroyed.
  struct Anchor {
    Http2Session* session;
  };

  // ByteStream::Events
  void OnReadable() override;
  void OnWritable() override;

  // Writing (http2_session_write.cc).
  void MarkDirty();
  void Flush();
  bool SendPending();
  bool SendBatch();
  void WriteError(const absl::Status& status);
  int AddDataFrame(GrpcCall& call, const uint8_t* frame_head, size_t size, size_t padding);

  // Reading and frames.
  void Receive(const char* bytes, size_t size);
  void OnPreface();
  void OnGoAway(uint32_t error, std::string_view debug);
  void OnPingAck();

  // Calls.
  GrpcCall& AddCall(int32_t id);
  void RemoveCall(GrpcCall& call);
  void AddHeld(GrpcCall& call, size_t bytes);
  void EndMostStalledCall();
  void NotifyLater(GrpcCall& call);
  void Notify();
  void DeliverSoon(GrpcCall& call);

  void Ping();
  void ContinueDrain();
  void CloseNow();

  const Role role_;
  Loop& loop_;
  const std::string peer_;
  const std::shared_ptr<Http2Buffers> buffers_;  // shared: this session may outlive the owner by the rest of a turn
  Delegate* delegate_;
  std::unique_ptr<ByteStream> bytes_;  // null once closed
  nghttp2_session* h2_ = nullptr;
  std::shared_ptr<Anchor> anchor_;

  GrpcCall* calls_ = nullptr;  // a list of our own: deleting the nghttp2 session tells nobody
  size_t call_count_ = 0;
  size_t held_bytes_ = 0;
  std::vector<GrpcCall*> notices_;                  // calls with something to tell once libnghttp2 has returned
  std::vector<GrpcCall*> deliveries_;               // calls whose reader came back
  std::vector<std::unique_ptr<GrpcCall>> retired_;  // iovecs or frames on the stack may still point there
  std::string pending_;                             // what the socket did not take
  size_t pending_offset_ = 0;

  FrameBudget budget_;
  absl::Status broken_;
  std::string goaway_;  // what the peer said when it drained us
  bool trusted_ = false;
  bool preface_seen_ = false;
  bool dirty_ = false;
  bool inside_ = false;  // libnghttp2 is on the stack
  bool goaway_seen_ = false;
  enum class Drain { kNone, kNoticed, kFinal } drain_ = Drain::kNone;
  int pings_unanswered_ = 0;
  absl::Duration ping_interval_ = absl::ZeroDuration();
  std::unique_ptr<Timer> ping_timer_, preface_timer_, delivery_timer_;
};

}  // namespace hoop
