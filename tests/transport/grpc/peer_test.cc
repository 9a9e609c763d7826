// gRPC C++ from generated code as the independent peer: its client against our server.
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include "base/encoding.h"
#include "base/limits/wire.h"
#include "tests/support/status_matchers.h"
#include "tests/transport/echo_server.h"
#include "tests/transport/loopback_fixture.h"
#include "transport.grpc.pb.h"

namespace hoop::testing {
namespace {

class GrpcClientPeer : public ::testing::Test {
 protected:
  GrpcClientPeer() {
    delegate.go_away = [this] { server.GoAway(); };
    Dial({});
  }
  ~GrpcClientPeer() override {
    server.on.Do([this] { delegate.DropStreams(); });
  }

  void Dial(grpc::ChannelArguments arguments) {
    arguments.SetMaxReceiveMessageSize(20 << 20);
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    channel = grpc::CreateCustomChannel(server.address(), grpc::InsecureChannelCredentials(), arguments);
    stub = protobuf::Transport::NewStub(channel);
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
    protobuf::Packet packet = Make("Echo", TestBytes(payload_size));
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
  const std::string token = "Bearer " + HexEncode(TestBytes(20 * 1024));
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
  EXPECT_EQ(status.error_code(), grpc::StatusCode::ABORTED);
  EXPECT_EQ(status.error_message(), "agent is offline");
  EXPECT_TRUE(
      status.error_details().ends_with("ErrorInfo\x12\x09\x0a\x07"
                                       "details"))
      << HexEncode(status.error_details());
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

TEST_F(GrpcClientPeer, HalfClosesAndStillReads) {
  stream = stub->Connect(&context);
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(stream->Write(Make("Echo", std::to_string(i))));
  EXPECT_TRUE(stream->WritesDone());
  protobuf::Packet packet;
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(stream->Read(&packet));
    EXPECT_EQ(packet.payload(), std::to_string(i));
  }
  EXPECT_FALSE(stream->Read(&packet));
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(GrpcClientPeer, IsRefusedWithTooManyHeaders) {
  context.AddMetadata("authorization", std::string(limits::kHeaderBlockBytesMax, 't'));
  protobuf::HealthCheckResponse health;
  const grpc::Status status = stub->HealthCheck(&context, {}, &health);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED) << status.error_message();
  grpc::ClientContext second;
  EXPECT_TRUE(stub->HealthCheck(&second, {}, &health).ok());
}

TEST_F(GrpcClientPeer, KeepsItsConnectionAliveByPings) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 1);  // gRPC sends them as often as it can
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 10'000);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  Dial(arguments);
  stream = stub->Connect(&context);
  for (int i = 0; i < 200; ++i) RoundTrip(Make("Echo", "x"));
  stream->WritesDone();
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(GrpcClientPeer, GoesOnAfterGoAwayAndReconnects) {
  stream = stub->Connect(&context);
  RoundTrip(Make("GoAway", ""));
  grpc::ClientContext second;
  second.set_wait_for_ready(true);
  const auto next = stub->Connect(&second);
  protobuf::Packet answer;
  EXPECT_TRUE(next->Write(Make("Echo", "new")));
  EXPECT_TRUE(next->Read(&answer));
  EXPECT_EQ(RoundTrip(Make("Echo", "old")).payload(), "old");
  stream->WritesDone();
  next->WritesDone();
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_TRUE(next->Finish().ok());
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

}  // namespace
}  // namespace hoop::testing
