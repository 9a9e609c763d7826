// One gRPC call on an Http2Session: takes messages out of DATA frames and puts messages in, within the windows.
// Faces (transport/call_packet_stream.h, the unary calls of server and channel) sit on it as CallSink.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "base/limits/http2.h"
#include "base/loop.h"
#include "transport/grpc_text.h"
#include "transport/message_queue.h"
#include "wire/metadata.h"

namespace hoop {

class CallHead;
class GrpcCall;
class Http2Session;
class OutputBatch;

// Who uses a call. The two know each other; whichever ends first lets the other go.
class CallSink {
 public:
  virtual ~CallSink();
  CallSink(const CallSink&) = delete;
  CallSink& operator=(const CallSink&) = delete;

  // A whole message, with room for what a relay appends.
  virtual void OnMessage(std::string message) = 0;
  // The peer sends no more messages. Before OnEnd, at most once.
  virtual void OnPeerDone() {}
  // Once, last: call() is null already.
  virtual void OnEnd(const absl::Status& status) = 0;
  // The queue fell below the low mark after it had been above the high one.
  virtual void OnDrained() {}
  // The answer to GrpcCall::Ping.
  virtual void OnPong() {}

 protected:
  CallSink() = default;
  GrpcCall* call() const { return call_; }

 private:
  friend class GrpcCall;
  GrpcCall* call_ = nullptr;
};

// What opens a call. A value.
struct RequestHead {
  std::string path;  // "/protobuf.Transport/Connect"
  std::string authority;
  std::string user_agent;
  bool tls = false;
  absl::Duration timeout = absl::InfiniteDuration();
};

// Owned by its session, which destroys it in a kFree phase after its end. Loop thread only.
class GrpcCall final {
 public:
  GrpcCall(Http2Session& session, int32_t id);
  ~GrpcCall();
  GrpcCall(const GrpcCall&) = delete;
  GrpcCall& operator=(const GrpcCall&) = delete;

  // --- For faces ---

  Http2Session& session() const { return session_; }
  void SetSink(CallSink& sink, bool reading);
  // A sink that nobody else owns goes with the call.
  void SetOwnedSink(std::unique_ptr<CallSink> sink);
  void SetReading(bool reading);
  void SendMessage(std::string message);
  size_t queued_bytes() const { return outgoing_.size_bytes(); }
  // Listening: ends with `status` after what was sent. Dialling: half close.
  void Finish(const absl::Status& status);
  // Our side gives up: the peer gets `status` or a reset, the sink OnEnd(status).
  void Fail(const absl::Status& status);
  // Fails with DeadlineExceeded when it has not ended by then.
  void SetDeadline(absl::Duration timeout);
  // False: too many are under way; this one is not answered.
  bool Ping();

  // --- For the session ---

  int32_t id() const { return id_; }
  CallHead& head();
  bool has_owned_sink() const { return owned_sink_ != nullptr; }
  // Its sink hears nothing any more; it stays until the call goes, because it may be on the stack.
  void DropOwnedSink();

  // The block in head() is complete. Listening: false when it was refused here.
  bool OnRequestHead();
  void DropHead();
  void OnResponseHead(bool end);
  std::string TakePath() { return std::move(path_); }
  Metadata TakeMetadata() { return std::move(metadata_); }
  void OnData(const char* bytes, size_t size);
  void OnPeerEnd();
  void OnFinalHeadSent();
  void OnClosed(uint32_t error);
  void OnConnectionLost(const absl::Status& reason);
  // Gives libnghttp2 the request; false when the connection takes no more.
  bool SubmitRequest(const RequestHead& head, const Metadata& metadata);
  void OnPong() { ++pongs_; }
  // The connection holds too much: this call ends, in whatever state it is.
  void GiveUp(const absl::Status& status);

  // What libnghttp2 may put into the next DATA frame: -1 for nothing yet.
  ptrdiff_t OfferData(size_t room, uint32_t& flags);
  void MoveData(OutputBatch& batch, size_t size);

  // After libnghttp2 has returned: tells the sink what happened.
  void TellNews();
  // What waited while the reader was away.
  void Deliver();
  // A message larger than half the window must come in early, or both sides wait for ever.
  void TakeEarly();

  // What comes reaches somebody: the answer is not complete yet.
  bool is_heard() const { return receiving() && !(finished_ && listening()); }
  size_t unread_bytes() const { return unread_; }
  size_t held_bytes() const { return counted_held_; }
  absl::Duration last_progress() const { return last_progress_; }

 private:
  friend class Http2Session;  // links of its list
  friend class CallSink;      // leaves

  // The sink leaves: a finished answer still goes out, everything else is reset.
  void Abandon();
  // Takes bytes up to the end of a prefix or message, and says how many.
  size_t Fill(const char* bytes, size_t size);
  // Looks at what Fill filled: judges a prefix, hands on a message.
  void Settle();
  void CompleteMessage();
  // What came is no message.
  void Refuse(const absl::Status& status);
  void GiveBack(size_t bytes);
  void UpdateHeld();
  void DropIncoming();
  bool receiving() const { return sink_ != nullptr && !ended_; }
  bool has_waiting() const { return !waiting_.empty(); }
  // Nothing comes any more. What waits is dropped, unless it is still worth reading.
  void End(const absl::Status& status, bool after_waiting = false);
  void Reset(uint32_t error);
  bool listening() const;
  void SubmitAnswer(std::string_view http_status);
  void SubmitTrailers();
  void Resume();

  Http2Session& session_;
  GrpcCall *previous_ = nullptr, *next_ = nullptr;
  CallSink* sink_ = nullptr;
  std::unique_ptr<CallSink> owned_sink_;
  std::unique_ptr<CallHead> head_;  // while a header block comes in
  std::string path_;                // until the face took them
  Metadata metadata_;

  // Incoming.
  std::string message_;        // the one that is not complete yet
  std::string waiting_;        // came while nobody reads: as bytes, because a message costs more than it says
  size_t waiting_offset_ = 0;  // what of it was delivered
  size_t counted_held_ = 0;    // as the session counts this call, both directions
  uint32_t message_size_ = 0;
  uint32_t unread_ = 0;   // bytes of the stream window that were not given back
  uint32_t drained_ = 0;  // bytes given back since the window last grew
  uint32_t window_ = limits::kStreamWindowBytes;
  GrpcPrefix prefix_;
  uint8_t prefix_size_ = 0;
  uint8_t pongs_ = 0;  // to tell

  // Outgoing.
  MessageQueue outgoing_;
  absl::Status status_;  // of Finish

  absl::Status end_;  // what OnEnd will say, once ended_
  absl::Duration last_progress_;
  std::unique_ptr<Timer> deadline_;
  int32_t id_ = 0;
  bool reading_ : 1 = true;
  bool head_sent_ : 1 = false;   // or submitted
  bool head_seen_ : 1 = false;   // dialling: of the answer
  bool finished_ : 1 = false;    // Finish was called
  bool final_sent_ : 1 = false;  // trailers left
  bool deferred_ : 1 = false;    // libnghttp2 waits for Resume
  bool above_high_ : 1 = false;
  bool drained_news_ : 1 = false;
  bool peer_done_ : 1 = false;
  bool peer_done_told_ : 1 = false;
  bool ended_ : 1 = false;
  bool stream_closed_ : 1 = false;  // libnghttp2 has forgotten it
  bool listed_ : 1 = true;          // in the session's list
  bool in_notices_ : 1 = false;
  bool in_deliveries_ : 1 = false;
};

}  // namespace hoop
