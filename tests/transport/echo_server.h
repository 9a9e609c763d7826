// What our server does for independent peers, in process or as a program (tests/peers/echo_server.cc): answers each
// packet with itself; some types ask for something else. Servers of other languages do the same
// (tests/peers/README.md).
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "base/limits/session.h"
#include "base/status.h"
#include "transport/grpc_server.h"

namespace hoop::testing {

// Bytes that no text codec leaves alone, the same in every language.
inline std::string TestBytes(size_t size) {
  std::string bytes(size, '\0');
  uint32_t state = 1;
  for (char& byte : bytes) byte = static_cast<char>((state = state * 1664525 + 1013904223) >> 24);
  return bytes;
}

// A field of bytes, shorter than 128, as protobuf writes it.
inline std::string ShortField(int number, std::string_view bytes) {
  std::string field{static_cast<char>(number << 3 | 2), static_cast<char>(bytes.size())};
  return field.append(bytes);
}

// Aborted with a google.rpc.Status that holds one google.rpc.ErrorInfo.
inline absl::Status FailureWithDetails(std::string_view text) {
  absl::Status status = Aborted("{}", text);
  const std::string any =
      ShortField(1, "type.googleapis.com/google.rpc.ErrorInfo") + ShortField(2, ShortField(1, "details"));
  status.SetPayload("grpc-status-details-bin", absl::Cord("\x08\x0a" + ShortField(2, text) + ShortField(3, any)));
  return status;
}

class EchoServer;

// One stream. Owned by its server; loop thread, but for AwaitEnd.
class EchoStream final : public PacketStream::Receiver {
 public:
  EchoStream(EchoServer& server, std::unique_ptr<PacketStream> owned) : server_(server), stream(std::move(owned)) {
    stream->SetReceiver(this);
  }

  void OnPacket(Packet packet) override;
  void OnPeerDone() override {
    if (!hanging_) stream->Finish(absl::OkStatus());
  }
  void OnDrained() override { stream->SetReading(true); }
  void OnEnd(const absl::Status& status) override;
  absl::Status AwaitEnd() {
    absl::MutexLock lock(&mu_);
    mu_.Await(absl::Condition(&ended_));
    return end_;
  }

 private:
  EchoServer& server_;
  bool hanging_ = false;
  absl::Mutex mu_;
  bool ended_ ABSL_GUARDED_BY(mu_) = false;
  absl::Status end_ ABSL_GUARDED_BY(mu_);

 public:
  std::unique_ptr<PacketStream> stream;
};

// Outlives the GrpcServer that asks it. `go_away` is called on the loop for a packet that asks for it.
class EchoServer final : public GrpcServer::Delegate {
 public:
  void OnStream(std::unique_ptr<PacketStream> stream, GrpcConnection& connection) override {
    if (stream->metadata().Get("refuse") == "yes") {
      stream->Finish(Unauthenticated("invalid authentication"));
      return;  // what was said still goes out
    }
    connection.Authenticated("peer");
    auto echo = std::make_unique<EchoStream>(*this, std::move(stream));
    absl::MutexLock lock(&mu_);
    streams_.push_back(std::move(echo));
  }

  void OnUnary(std::unique_ptr<UnaryCall> call) override {
    if (call->method() == "HealthCheck") return call->Answer(ShortField(1, "OK"));
    // PreConnectRequest{name}: two bytes before it.
    if (call->method() == "PreConnect") {
      return call->Answer(ResourceExhausted("no room for {}", call->request().substr(2)));
    }
    call->Answer(Unimplemented(""));
  }

  // Any thread. Waits until there are that many.
  EchoStream& stream(size_t index) {
    absl::MutexLock lock(&mu_);
    const auto is_there = [this, index]() ABSL_SHARED_LOCKS_REQUIRED(mu_) { return streams_.size() > index; };
    mu_.Await(absl::Condition(&is_there));
    return *streams_[index];
  }
  // Loop thread.
  void DropStreams() {
    absl::MutexLock lock(&mu_);
    for (auto& echo : streams_) echo->stream.reset();
  }

  // For EchoStream: `answer` once a stream was cancelled.
  void WhenCancelled(std::function<void()> answer) {
    if (cancelled_) return answer();
    waiting_.push_back(std::move(answer));
  }
  void NoteCancelled() {
    cancelled_ = true;
    for (auto& answer : std::exchange(waiting_, {})) answer();
  }

  std::function<void()> go_away = [] {};

 private:
  bool cancelled_ = false;
  std::vector<std::function<void()>> waiting_;
  absl::Mutex mu_;
  std::vector<std::unique_ptr<EchoStream>> streams_ ABSL_GUARDED_BY(mu_);
};

inline void EchoStream::OnPacket(Packet packet) {
  const std::string type(packet.type());  // a copy: what is appended may move the packet
  packet.AppendSpec("echo", "yes");
  if (type == "Metadata") {
    stream->Send(Packet("Metadata", {}, stream->metadata().Get(packet.payload())));
  } else if (type == "Fail") {
    stream->Finish(FailureWithDetails(packet.payload()));
  } else if (type == "Drop") {
    stream.reset();
  } else if (type == "Hang") {
    hanging_ = true;
  } else if (type == "AwaitCancel") {
    auto answer = std::make_shared<Packet>(std::move(packet));
    server_.WhenCancelled([this, answer] { stream->Send(std::move(*answer)); });
  } else {
    if (type == "GoAway") server_.go_away();
    stream->Send(std::move(packet));
    if (stream->queued_bytes() > limits::kSendQueueHighBytes) stream->SetReading(false);
  }
}

inline void EchoStream::OnEnd(const absl::Status& status) {
  if (absl::IsCancelled(status)) server_.NoteCancelled();
  absl::MutexLock lock(&mu_);
  end_ = status;
  ended_ = true;
}

}  // namespace hoop::testing
