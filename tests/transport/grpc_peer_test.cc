// gRPC C++ from generated code as the independent peer: its client against our server, its server against our channel.
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <atomic>
#include <thread>

#include "absl/strings/string_view.h"
#include "base/encoding.h"
#include "base/status.h"
#include "tests/support/status_matchers.h"
#include "tests/transport/loopback_fixture.h"
#include "transport.grpc.pb.h"

namespace hoop::testing {
namespace {

std::string Bytes(size_t size) {
  std::string bytes(size, '\0');
  uint32_t state = 1;
  for (char& byte : bytes) byte = static_cast<char>((state = state * 1664525 + 1013904223) >> 24);
  return bytes;
}

// One stream of our server: answers each packet with itself; special types ask for something else.
struct EchoStream final : PacketStream::Receiver {
  explicit EchoStream(std::unique_ptr<PacketStream> owned) : stream(std::move(owned)) { stream->SetReceiver(this); }

  void OnPacket(Packet packet) override {
    if (packet.type() == "Metadata") {
      stream->Send(Packet("Metadata", {}, stream->metadata().Get(packet.payload())));
    } else if (packet.type() == "Fail") {
      stream->Finish(FailedPrecondition("{}", packet.payload()));
    } else if (packet.type() == "Drop") {
      stream.reset();
    } else {
      packet.AppendSpec("echo", "yes");
      stream->Send(std::move(packet));
    }
  }
  void OnPeerDone() override { stream->Finish(absl::OkStatus()); }
  void OnEnd(const absl::Status& status) override {
    absl::MutexLock lock(&mu);
    end = status;
    ended = true;
  }
  absl::Status AwaitEnd() {
    absl::MutexLock lock(&mu);
    mu.Await(absl::Condition(&ended));
    return end;
  }

  std::unique_ptr<PacketStream> stream;
  absl::Mutex mu;
  bool ended ABSL_GUARDED_BY(mu) = false;
  absl::Status end ABSL_GUARDED_BY(mu);
};

struct EchoServer final : GrpcServer::Delegate {
  void OnStream(std::unique_ptr<PacketStream> stream, GrpcConnection& connection) override {
    if (stream->metadata().Get("refuse") == "yes") {
      stream->Finish(Unauthenticated("invalid authentication"));
      return;  // what was said still goes out
    }
    connection.Authenticated();
    auto echo = std::make_unique<EchoStream>(std::move(stream));
    absl::MutexLock lock(&mu);
    streams.push_back(std::move(echo));
  }
  absl::StatusOr<std::string> OnUnary(std::string_view path, const Metadata&, std::string_view request) override {
    if (path == "HealthCheck") {
      protobuf::HealthCheckResponse response;
      response.set_status("OK");
      return response.SerializeAsString();
    }
    if (path == "PreConnect") {
      protobuf::PreConnectRequest parsed;
      if (!parsed.ParseFromString(std::string(request))) return Internal("cannot parse");
      return ResourceExhausted("no room for {}", parsed.name());
    }
    return Unimplemented("");
  }
  EchoStream& stream(size_t index) {
    absl::MutexLock lock(&mu);
    const auto is_there = [this, index]() ABSL_SHARED_LOCKS_REQUIRED(mu) { return streams.size() > index; };
    mu.Await(absl::Condition(&is_there));
    return *streams[index];
  }

  absl::Mutex mu;
  std::vector<std::unique_ptr<EchoStream>> streams ABSL_GUARDED_BY(mu);
};

class GrpcClientPeer : public ::testing::Test {
 protected:
  GrpcClientPeer() {
    grpc::ChannelArguments arguments;
    arguments.SetMaxReceiveMessageSize(20 << 20);
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    channel = grpc::CreateCustomChannel(server.address(), grpc::InsecureChannelCredentials(), arguments);
    stub = protobuf::Transport::NewStub(channel);
  }
  ~GrpcClientPeer() override {
    server.on.Do([this] {
      absl::MutexLock lock(&delegate.mu);
      for (auto& echo : delegate.streams) echo->stream.reset();
    });
  }

  // Sends one packet and returns the answer.
  protobuf::Packet RoundTrip(const protobuf::Packet& packet) {
    protobuf::Packet answer;
    EXPECT_TRUE(stream->Write(packet));
    EXPECT_TRUE(stream->Read(&answer));
    return answer;
  }
  static protobuf::Packet Make(const std::string& type, const std::string& payload) {
    protobuf::Packet packet;
    packet.set_type(type);
    packet.set_payload(payload);
    return packet;
  }

  EchoServer delegate;
  LoopbackServer server{delegate};
  std::shared_ptr<grpc::Channel> channel;
  std::unique_ptr<protobuf::Transport::Stub> stub;
  grpc::ClientContext context;
  std::unique_ptr<grpc::ClientReaderWriter<protobuf::Packet, protobuf::Packet>> stream;
};

TEST_F(GrpcClientPeer, GetsUnaryAnswersAndStatuses) {
  protobuf::HealthCheckResponse health;
  EXPECT_TRUE(stub->HealthCheck(&context, {}, &health).ok());
  EXPECT_EQ(health.status(), "OK");

  grpc::ClientContext second;
  protobuf::PreConnectRequest request;
  request.set_name("pg%\xC3\xBC");
  protobuf::PreConnectResponse response;
  const grpc::Status status = stub->PreConnect(&second, request, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(status.error_message(), "no room for pg%\xC3\xBC");
}

TEST_F(GrpcClientPeer, GetsEveryPacketBackByteForByte) {
  stream = stub->Connect(&context);
  for (const size_t size :
       {size_t{0}, size_t{1}, size_t{2047}, size_t{2048}, size_t{65535}, size_t{3} << 20, size_t{16} << 20}) {
    const size_t payload_size = std::min<size_t>(size, (16 << 20) - 100);
    protobuf::Packet packet = Make("Echo", Bytes(payload_size));
    (*packet.mutable_spec())["empty"] = "";
    const protobuf::Packet answer = RoundTrip(packet);
    EXPECT_EQ(answer.payload().size(), payload_size);
    EXPECT_TRUE(answer.payload() == packet.payload());
    EXPECT_EQ(answer.spec().at("echo"), "yes");
    EXPECT_EQ(answer.spec().count("empty"), 1u);
  }
  // An empty message is a packet without fields.
  EXPECT_EQ(RoundTrip(protobuf::Packet()).spec().at("echo"), "yes");
  EXPECT_TRUE(stream->WritesDone());
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_OK(delegate.stream(0).AwaitEnd());
}

TEST_F(GrpcClientPeer, SendsBigAndBinaryMetadata) {
  const std::string token = "Bearer " + HexEncode(Bytes(20 * 1024));
  context.AddMetadata("authorization", token);
  context.AddMetadata("origin", "client");
  context.AddMetadata("old_name", "old");
  context.AddMetadata("key-bin", std::string("\0\1\xff", 3));
  stream = stub->Connect(&context);
  EXPECT_EQ(RoundTrip(Make("Metadata", "authorization")).payload(), token);
  EXPECT_EQ(RoundTrip(Make("Metadata", "old-name")).payload(), "old");
  EXPECT_EQ(RoundTrip(Make("Metadata", "key-bin")).payload(), std::string("\0\1\xff", 3));
  stream->WritesDone();
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(GrpcClientPeer, IsRefusedBeforeAnyPacket) {
  context.AddMetadata("refuse", "yes");
  stream = stub->Connect(&context);
  protobuf::Packet packet;
  EXPECT_FALSE(stream->Read(&packet));
  const grpc::Status status = stream->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(status.error_message(), "invalid authentication");
}

TEST_F(GrpcClientPeer, SeesTheStatusOfAStreamThatItStillWrites) {
  stream = stub->Connect(&context);
  protobuf::Packet packet;
  RoundTrip(Make("Echo", ""));
  stream->Write(Make("Fail", "agent is offline"));
  EXPECT_FALSE(stream->Read(&packet));
  const grpc::Status status = stream->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(status.error_message(), "agent is offline");
  EXPECT_OK(delegate.stream(0).AwaitEnd());
}

TEST_F(GrpcClientPeer, NeverSeesCancelledWhenAStreamIsDropped) {
  stream = stub->Connect(&context);
  protobuf::Packet packet;
  stream->Write(Make("Drop", ""));
  EXPECT_FALSE(stream->Read(&packet));
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::INTERNAL);
}

TEST_F(GrpcClientPeer, CancelsItsStream) {
  stream = stub->Connect(&context);
  RoundTrip(Make("Echo", "x"));
  context.TryCancel();
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::CANCELLED);
  EXPECT_STATUS(delegate.stream(0).AwaitEnd(), absl::StatusCode::kCancelled, "CANCEL");
}

// A call with bytes that generated code would not send. Returns the status.
grpc::Status CallWithBytes(const std::shared_ptr<grpc::Channel>& channel, const std::string& method,
                           const std::string& message) {
  grpc::GenericStub generic(channel);
  grpc::ClientContext context;
  grpc::CompletionQueue queue;
  const auto await = [&queue] {
    void* tag = nullptr;
    bool ok = false;
    queue.Next(&tag, &ok);
    return ok;
  };
  const auto call = generic.PrepareCall(&context, method, &queue);
  call->StartCall(nullptr);
  await();
  const grpc::Slice slice(message);
  call->Write(grpc::ByteBuffer(&slice, 1), nullptr);
  await();
  call->WritesDone(nullptr);
  await();
  grpc::Status status;
  call->Finish(&status, nullptr);
  await();
  return status;
}

TEST_F(GrpcClientPeer, IsToldWhatIsWrongWithItsMessage) {
  const std::string invalid_text("\x12\x02\xff\xfe", 4);
  grpc::Status status = CallWithBytes(channel, "/protobuf.Transport/Connect", invalid_text);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INTERNAL);
  EXPECT_EQ(status.error_message(),
            "grpc: failed to unmarshal the received message: string field contains invalid UTF-8");

  status = CallWithBytes(channel, "/protobuf.Transport/Connect", std::string((17 << 20) + 1, 'x'));
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(status.error_message(), "grpc: received message larger than max (17825793 vs. 17825792)");

  status = CallWithBytes(channel, "/protobuf.Transport/Nothing", "");
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNIMPLEMENTED);
  EXPECT_EQ(status.error_message(), "unknown method Nothing for service protobuf.Transport");

  status = CallWithBytes(channel, "/other.Service/Connect", "");
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNIMPLEMENTED);
  EXPECT_EQ(status.error_message(), "unknown service other.Service");

  // The connection is as good as before.
  stream = stub->Connect(&context);
  RoundTrip(Make("Echo", ""));
}

TEST_F(GrpcClientPeer, IsToldThatWeDoNotUncompress) {
  context.set_compression_algorithm(GRPC_COMPRESS_GZIP);
  stream = stub->Connect(&context);
  protobuf::Packet packet;
  EXPECT_FALSE(stream->Read(&packet));
  const grpc::Status status = stream->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNIMPLEMENTED);
  EXPECT_EQ(status.error_message(), "grpc: Decompressor is not installed for grpc-encoding \"gzip\"");
}

TEST_F(GrpcClientPeer, LosesTheServer) {
  stream = stub->Connect(&context);
  RoundTrip(Make("Echo", "x"));
  server.on.Do([this] { server.server.reset(); });
  protobuf::Packet packet;
  EXPECT_FALSE(stream->Read(&packet));
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(GrpcClientPeer, RunsIntoItsDeadline) {
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(50));
  stream = stub->Connect(&context);
  protobuf::Packet packet;
  EXPECT_FALSE(stream->Read(&packet));
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
}

TEST_F(GrpcClientPeer, OpensManyStreamsAtOnce) {
  constexpr int kStreams = 200;
  stream = stub->Connect(&context);  // proves who it is; only then comes the rest
  RoundTrip(Make("Echo", ""));
  std::vector<std::unique_ptr<grpc::ClientContext>> contexts;
  std::vector<decltype(stream)> streams;
  for (int i = 0; i < kStreams; ++i) {
    contexts.push_back(std::make_unique<grpc::ClientContext>());
    streams.push_back(stub->Connect(contexts.back().get()));
  }
  for (int round = 0; round < 3; ++round) {
    for (auto& one : streams) ASSERT_TRUE(one->Write(Make("Echo", "hello")));
    for (auto& one : streams) {
      protobuf::Packet answer;
      ASSERT_TRUE(one->Read(&answer));
      EXPECT_EQ(answer.payload(), "hello");
    }
  }
  for (auto& one : streams) {
    one->WritesDone();
    EXPECT_TRUE(one->Finish().ok());
  }
}

// --- A gRPC C++ server against our channel ---

class GrpcService final : public protobuf::Transport::Service {
 public:
  grpc::Status Connect(grpc::ServerContext* context,
                       grpc::ServerReaderWriter<protobuf::Packet, protobuf::Packet>* stream) override {
    protobuf::Packet packet;
    while (stream->Read(&packet)) {
      if (packet.type() == "Metadata") {
        const auto found = context->client_metadata().find(packet.payload());
        packet.set_payload(found == context->client_metadata().end()
                               ? std::string("none")
                               : std::string(found->second.data(), found->second.size()));
      } else if (packet.type() == "Fail") {
        return grpc::Status(grpc::StatusCode::ABORTED, packet.payload(), "details");
      }
      stream->Write(packet);
    }
    cancelled = context->IsCancelled();
    return grpc::Status::OK;
  }
  grpc::Status HealthCheck(grpc::ServerContext*, const protobuf::HealthCheckRequest*,
                           protobuf::HealthCheckResponse* response) override {
    response->set_status("OK");
    return grpc::Status::OK;
  }
  grpc::Status PreConnect(grpc::ServerContext* context, const protobuf::PreConnectRequest*,
                          protobuf::PreConnectResponse*) override {
    while (!context->IsCancelled()) std::this_thread::yield();
    return grpc::Status::OK;
  }
  std::atomic<bool> cancelled = false;
};

// What our stream hears, for a test thread to wait for.
struct Hearer final : PacketStream::Receiver {
  void OnPacket(Packet packet) override {
    absl::MutexLock lock(&mu);
    packets.push_back(std::move(packet));
  }
  void OnEnd(const absl::Status& status) override {
    absl::MutexLock lock(&mu);
    end = status;
    ended = true;
  }
  Packet Next() {
    absl::MutexLock lock(&mu);
    const auto there = [this]() ABSL_SHARED_LOCKS_REQUIRED(mu) { return !packets.empty() || ended; };
    mu.Await(absl::Condition(&there));
    if (packets.empty()) return Packet("ended");
    Packet packet = std::move(packets.front());
    packets.erase(packets.begin());
    return packet;
  }
  absl::Status AwaitEnd() {
    absl::MutexLock lock(&mu);
    mu.Await(absl::Condition(&ended));
    return end;
  }

  absl::Mutex mu;
  std::vector<Packet> packets ABSL_GUARDED_BY(mu);
  bool ended ABSL_GUARDED_BY(mu) = false;
  absl::Status end ABSL_GUARDED_BY(mu);
};

class GrpcServerPeer : public ::testing::Test {
 protected:
  GrpcServerPeer() {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.SetMaxReceiveMessageSize(20 << 20);
    builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, 1 << 20);
    builder.RegisterService(&service);
    server = builder.BuildAndStart();
    ours = std::make_unique<LoopbackChannel>("127.0.0.1:" + std::to_string(port));
  }
  ~GrpcServerPeer() override {
    ours->on.Do([this] { stream.reset(); });
    ours.reset();
    server->Shutdown(std::chrono::system_clock::now());
  }
  void Open(Metadata metadata) {
    ours->on.Do([this, &metadata] {
      stream = ours->channel->OpenStream(std::move(metadata));
      stream->SetReceiver(&hearer);
    });
  }
  void Send(Packet packet) {
    ours->on.Do([this, &packet] { stream->Send(std::move(packet)); });
  }
  Packet RoundTrip(Packet packet) {
    Send(std::move(packet));
    return hearer.Next();
  }
  absl::StatusOr<std::string> Unary(const std::string& path, absl::Duration timeout) {
    absl::Notification answered;
    absl::StatusOr<std::string> answer;
    ours->on.Do([this, &path, &timeout, &answer, &answered] {
      ours->channel->CallUnary(
          path, {}, "",
          [&answer, &answered](absl::StatusOr<std::string> result) {
            answer = std::move(result);
            answered.Notify();
          },
          timeout);
    });
    answered.WaitForNotification();
    return answer;
  }

  GrpcService service;
  int port = 0;
  std::unique_ptr<grpc::Server> server;
  std::unique_ptr<LoopbackChannel> ours;
  Hearer hearer;
  std::unique_ptr<PacketStream> stream;
};

TEST_F(GrpcServerPeer, AnswersUnaryCalls) {
  const auto answer = Unary("HealthCheck", absl::Seconds(20));
  ASSERT_OK(answer);
  EXPECT_EQ(HexEncode(*answer), "0a024f4b");
  EXPECT_STATUS(Unary("Nothing", absl::Seconds(20)), absl::StatusCode::kUnimplemented, "");
  EXPECT_STATUS(Unary("PreConnect", absl::Milliseconds(50)), absl::StatusCode::kDeadlineExceeded, "");
}

TEST_F(GrpcServerPeer, GetsEveryPacketByteForByte) {
  const std::string token(40 * 1024, 'x');
  Open({{"authorization", token}, {"key-bin", std::string("\0\xff", 2)}});
  for (const size_t size : {0, 1, 2047, 2048, 65535, 3 << 20}) {
    const std::string payload = Bytes(size);
    const Packet answer = RoundTrip(Packet("Echo", {{"empty", ""}}, payload));
    EXPECT_TRUE(answer.payload() == payload) << size;
    EXPECT_EQ(answer.Spec("empty"), "");
  }
  EXPECT_EQ(RoundTrip(Packet("Metadata", {}, "authorization")).payload(), token);
  EXPECT_EQ(RoundTrip(Packet("Metadata", {}, "key-bin")).payload(), std::string("\0\xff", 2));
  EXPECT_TRUE(RoundTrip(Packet("Metadata", {}, "user-agent")).payload().starts_with("hoopagent/test"));
  ours->on.Do([this] { stream->Finish(absl::OkStatus()); });
  EXPECT_OK(hearer.AwaitEnd());
}

TEST_F(GrpcServerPeer, EndsTheStreamWithStatusAndDetails) {
  Open({});
  RoundTrip(Packet("Echo"));
  Send(Packet("Fail", {}, "100 % \n off"));
  const absl::Status status = hearer.AwaitEnd();
  EXPECT_STATUS(status, absl::StatusCode::kAborted, "100 % \n off");
  EXPECT_EQ(status.GetPayload("grpc-status-details-bin"), absl::Cord("details"));
}

TEST_F(GrpcServerPeer, IsToldThatWeCancel) {
  Open({});
  RoundTrip(Packet("Echo"));
  ours->on.Do([this] { stream.reset(); });
  while (!service.cancelled) std::this_thread::yield();
}

TEST_F(GrpcServerPeer, GoesAway) {
  Open({});
  RoundTrip(Packet("Echo"));
  std::thread shutdown([this] { server->Shutdown(std::chrono::system_clock::now()); });
  const absl::Status status = hearer.AwaitEnd();
  shutdown.join();
  EXPECT_STATUS(status, absl::StatusCode::kUnavailable, "");
  ours->on.Do([this] { EXPECT_FALSE(ours->channel->accepts_streams()); });
}

}  // namespace
}  // namespace hoop::testing
