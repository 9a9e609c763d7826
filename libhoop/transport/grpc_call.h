// One gRPC call on an Http2Session: takes messages out of DATA frames and puts them in, within the windows.
// Faces (transport/call_packet_stream.h, unary calls) sit on it as CallSink.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "base/loop.h"
#include "transport/message_queue.h"
#include "wire/metadata.h"

namespace hoop {

class GrpcCall;
class Http2Session;

// Who uses a call. The two know each other: whichever ends first lets the other go.
class CallSink {
 public:
  virtual ~CallSink();
  CallSink(const CallSink&) = delete;
  CallSink& operator=(const CallSink&) = delete;

  // A whole message, with room for what a relay appends.
  virtual void OnMessage(std::string message) = 0;
  // The peer sends no more messages. Before OnEnd, at most once.
  virtual void OnPeerDone() {}
  // Once, last; the call is gone when this comes.
  virtual void OnEnd(const absl::Status& status) = 0;
  virtual void OnDrained() {}

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
  const Metadata* metadata = nullptr;
};

// Owned by its session, which destroys it in the kFree phase after its end was told. Loop thread only.
class GrpcCall final {
 public:
  GrpcCall(Http2Session& session, int32_t id);
  ~GrpcCall();
  GrpcCall(const GrpcCall&) = delete;
  GrpcCall& operator=(const GrpcCall&) = delete;

  Http2Session& session() const { return session_; }
  const std::string& path() const { return path_; }
  Metadata TakeMetadata() { return std::move(metadata_); }

  // Reading starts with the sink.
  void SetSink(CallSink& sink, bool reading);
  // A sink that nobody else owns: it goes with the call.
  void OwnSink(std::unique_ptr<CallSink> sink);
  void SetReading(bool reading);

  void SendMessage(std::string message);
  size_t queued_bytes() const { return outgoing_.size_bytes(); }
  // Listening: status after what was sent. Dialling: half close.
  void Finish(const absl::Status& status);
  // Our side gives up: the peer gets `status` (or a reset), the sink OnEnd(status).
  void Fail(const absl::Status& status);
  // The sink leaves: a finished answer still goes out, everything else is reset.
  void Abandon();

 private:
  friend class Http2Session;
  friend struct Http2SessionCallbacks;

  Http2Session& session_;
  GrpcCall *previous_ = nullptr, *next_ = nullptr;
  const int32_t id_;
  std::string path_;
  Metadata metadata_;
  MessageQueue outgoing_;
};

}  // namespace hoop
