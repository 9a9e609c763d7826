// HTTP/2 with gRPC calls over one byte stream, at either end, on libnghttp2.
// GrpcServer and GrpcChannel own sessions; ByteStream's events drive one, it drives its GrpcCalls.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "base/loop.h"
#include "base/pace.h"
#include "net/byte_stream.h"
#include "transport/frame_budget.h"
#include "transport/frame_scanner.h"
#include "transport/grpc_call.h"
#include "wire/metadata.h"

struct nghttp2_session;

namespace hoop {

struct Http2Buffers;

// One connection. Owned by its GrpcServer or GrpcChannel; lives on one loop. Ends in the kSend phase of a turn, when
// the peer is gone, the protocol is broken, Break was called or a drain is done: all calls are told, then the
// delegate. Destroyed through Loop::DestroyLater, because call-backs of libnghttp2 may be on the stack.
class Http2Session final : private ByteStream::Events {
 public:
  enum class Role { kListening, kDialling };

  // Outlives the session, or leaves by DropDelegate.
  class Delegate {
   public:
    // Listening: the head of a call is complete: POST, application/grpc, uncompressed, a path of our service.
    // Give it a sink, or Finish it.
    virtual void OnCall(Http2Session& session, GrpcCall& call) = 0;
    // It was decided to end the connection, by Break or because the peer broke the protocol: nothing more is read.
    // Once, from inside of what led to it; not called when the delegate has left or the peer has. Calls end later.
    virtual void OnBreak(const absl::Status& /*reason*/) {}
    // The connection is over. Once, last.
    virtual void OnSessionClosed(Http2Session& session, const absl::Status& reason) = 0;

   protected:
    ~Delegate() = default;
  };

  Http2Session(Role role, Loop& loop, std::unique_ptr<ByteStream> bytes, std::shared_ptr<Http2Buffers> buffers,
               Delegate& delegate);
  ~Http2Session() override;
  Http2Session(const Http2Session&) = delete;
  Http2Session& operator=(const Http2Session&) = delete;

  // Dialling: opens a call. Null when the connection is over or drained.
  GrpcCall* StartCall(const RequestHead& head, const Metadata& metadata);
  // Why StartCall answered null. While nothing is wrong with the connection as a whole, `cause`.
  absl::Status WhyUnavailable(std::string_view cause = "closed") const;
  bool accepts_calls() const { return bytes_ != nullptr && broken_.ok() && !goaway_seen_; }

  // The peer is known: wide limits from now on.
  void Trust();
  bool trusted() const { return trusted_; }

  // Listening: the peer shall open nothing new; the session ends after its last call.
  void StartDrain();

  // Ends the connection at the end of this turn; GOAWAY goes out if the socket takes it. The first reason counts.
  void Break(const absl::Status& reason);
  // The delegate leaves: its own calls (SetOwnedSink) are dropped, all others end with `reason` later in this turn.
  void DropDelegate(const absl::Status& reason);

  void SetPingInterval(absl::Duration interval);

  const std::string& peer() const { return peer_; }
  // As ByteStream says; "" once the connection is over.
  std::string VerifiedSubject() const { return bytes_ == nullptr ? std::string() : bytes_->VerifiedSubject(); }
  Loop& loop() const { return loop_; }
  Role role() const { return role_; }
  size_t call_count() const { return call_count_; }
  size_t held_bytes() const { return held_bytes_; }

  // --- For GrpcCall ---

  nghttp2_session* h2() const { return h2_; }
  void MarkDirty();
  void NotifyLater(GrpcCall& call);
  void DeliverSoon(GrpcCall& call);
  void RemoveCall(GrpcCall& call);
  void CountMessage();
  void CountHeld(size_t before, size_t after);
  void GiveBack(GrpcCall& call, size_t bytes);
  void GiveBackOfClosed(size_t bytes);
  bool GrowWindow(GrpcCall& call, size_t window);
  // It leaves: libnghttp2 ends the connection for what the peer sent, unless somebody did before. Who dials tries
  // again.
  void OnOurGoAway(uint32_t error);
  // The ping's number; 0 when too many are unanswered.
  uint64_t PingFor(GrpcCall* call);

 private:
  struct Callbacks;  // libnghttp2's C call-backs: http2_callbacks.cc
  // Tasks of the loop hold it; it forgets the session that is destroyed.
  struct Anchor {
    Http2Session* session;
  };
  struct PendingPing {
    uint64_t id;
    GrpcCall* call;  // null: nobody asked but the session
  };

  // http2_session.cc
  void SubmitSettings();
  GrpcCall& AddCall(int32_t id);
  void EndMostStalledCall();
  void Notify();
  void Deliver();
  void OnGoAway(uint32_t error, int32_t last_stream, std::string_view words);
  void OnPong(uint64_t id);
  void KeepAlive();
  void DecideEnd(const absl::Status& reason);
  void CloseNow();
  void EndCalls();

  // http2_session_io.cc
  void OnReadable() override;
  void OnWritable() override;
  bool CountFrames(char* bytes, size_t size);
  void ForgiveEarlyReset(const FrameScanner::Head& head);
  void Receive(const char* bytes, size_t size);
  void CountHead(size_t cost);
  void GoOn();
  void HandleRest();
  size_t Handle(const char* bytes, size_t size);
  void CountWasted();
  bool Obeys(const char* limit);
  void SizeNextRead(size_t size);
  void Flush();
  bool SendPending();
  bool SendBatch();
  bool CanWrite(const IoResult& result);
  bool AddDataFrame(GrpcCall& call, const uint8_t* head, size_t size, size_t padding);

  const Role role_;
  Loop& loop_;
  const std::string peer_;
  const std::shared_ptr<Http2Buffers> buffers_;  // shared: the session may outlive its owner by the rest of a turn
  const std::shared_ptr<Anchor> anchor_;
  Delegate* delegate_;
  std::unique_ptr<ByteStream> bytes_;  // null once closed
  nghttp2_session* h2_ = nullptr;

  GrpcCall* calls_ = nullptr;  // a list of our own: deleting libnghttp2's session closes no stream
  size_t call_count_ = 0;
  size_t held_bytes_ = 0;                           // of all calls, both directions
  std::vector<GrpcCall*> notices_;                  // have something to tell when libnghttp2 has returned
  std::vector<GrpcCall*> deliveries_;               // their reader came back
  std::vector<std::unique_ptr<GrpcCall>> retired_;  // the stack may still point there: destroyed in kFree

  std::string pending_;  // what the socket did not take
  size_t pending_offset_ = 0;
  absl::Status write_failed_;  // reading goes on until the peer's last words are in

  Pace heads_;              // at which the peer may open streams
  size_t read_bytes_;       // the next read at most
  size_t frames_cost_ = 0;  // of the last read, see limits::kHttp2TurnCost
  size_t inside_cost_ = 0;  // of the messages and headers of this turn
  size_t turn_bytes_ = 0;   // of the last read, for one turn
  size_t slice_bytes_;      // of them, handled before their cost is looked at
  std::string rest_;        // of the last read, for the next turns
  size_t rest_handled_ = 0;
  FrameScanner scanner_;
  uint32_t last_opened_ = 0;  // a stream of the peer
  FrameBudget budget_;
  uint64_t data_begun_ = 0, data_used_ = 0, data_wasted_ = 0;  // DATA frames; all that are whole were one of the two
  absl::Status broken_;
  std::string goaway_;  // what the peer said
  std::vector<PendingPing> pings_;
  uint64_t last_ping_ = 0;
  uint64_t drain_ping_ = 0;  // its answer: the peer knows of the drain
  absl::Duration ping_interval_ = absl::ZeroDuration();
  int pings_unanswered_ = 0;
  bool trusted_ = false;
  bool goaway_seen_ = false;
  bool insecure_ = false;  // the peer refused us at its door: trying again does not help
  bool dirty_ = false;
  bool busy_ = false;  // Receive, Flush or Deliver is on the stack and notifies when it is done
  std::unique_ptr<Timer> ping_timer_, preface_timer_, delivery_timer_, pause_;
};

}  // namespace hoop
