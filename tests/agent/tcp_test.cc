#include "agent/connectors/tcp.h"

#include <thread>

#include "base/limits/wire.h"
#include "tests/agent/scripted_gateway.h"
#include "tests/agent/socket_server.h"
#include "tests/support/status_matchers.h"

namespace hoop {
namespace {

constexpr std::string_view kSession = "sid-1";

Packet Write(std::string_view connection_id, std::string_view bytes) {
  return Packet(packet::kAgentTcpWrite, {{spec::kSessionId, kSession}, {spec::kConnectionId, connection_id}}, bytes);
}
Packet Close(std::string_view connection_id) {
  return Packet(packet::kAgentConnectionClose, {{spec::kSessionId, kSession}, {spec::kConnectionId, connection_id}});
}
Packet Fin(std::string_view connection_id) {
  Packet packet = Write(connection_id, "");
  packet.AppendSpec(spec::kFin, "");
  return packet;
}

class Tcp : public ::testing::Test {
 protected:
  void Open() {
    gateway->Open(kSession, NetworkParams("tcp", server.variables()));
    server.Accept();  // liveness
    EXPECT_EQ(gateway->WaitFor(gateway->control(), packet::kClientSessionOpenOk).Get(spec::kConnectionType), "tcp");
  }
  // Connection id and the server's end of it.
  std::pair<ScriptedGateway::Stream*, Descriptor> Connect(std::string_view id, std::string_view token) {
    ScriptedGateway::Stream& stream = gateway->Connect(kSession, id, token);
    Packet first = Write(id, "");
    first.AppendSpec(spec::kTcpServerConnect, "");
    gateway->Send(stream, std::move(first));
    return {&stream, server.Accept()};
  }
  bool WaitForEnd(ScriptedGateway::Stream& stream) {
    return gateway->WaitUntil([&] { return stream.end.has_value(); });
  }

  SocketServer server;
  std::unique_ptr<ScriptedGateway> gateway = std::make_unique<ScriptedGateway>();
};

TEST_F(Tcp, CarriesBytesBothWays) {
  Open();
  auto [stream, socket] = Connect("000001", "t1");
  WriteAll(socket, "banner");
  EXPECT_EQ(gateway->WaitForBytes(*stream, packet::kClientTcpWrite, 6), "banner");
  gateway->Send(*stream, Write("000001", "question"));
  EXPECT_EQ(ReadAll(socket.get(), 8), "question");
  const SeenPacket packet = gateway->WaitFor(*stream, packet::kClientTcpWrite);
  EXPECT_EQ(packet.Get(spec::kSessionId), kSession);
  EXPECT_EQ(packet.Get(spec::kConnectionId), "000001");
}

TEST_F(Tcp, HalfClosesInEitherDirection) {
  Open();
  auto [stream, socket] = Connect("000001", "t1");
  gateway->Send(*stream, Write("000001", "all I say"));
  gateway->Send(*stream, Fin("000001"));
  EXPECT_EQ(ReadAll(socket.get()), "all I say");
  WriteAll(socket, "the answer");
  socket.Reset();
  EXPECT_EQ(gateway->WaitFor(*stream, packet::kClientConnectionClose).payload, "");
  EXPECT_EQ(gateway->WaitForBytes(*stream, packet::kClientTcpWrite, 10), "the answer");
  EXPECT_TRUE(WaitForEnd(*stream));

  auto [second, other] = Connect("000002", "t2");
  ::shutdown(other.get(), SHUT_WR);
  EXPECT_EQ(gateway->WaitFor(*second, packet::kClientTcpWrite).Get(spec::kFin), "");
  gateway->Send(*second, Write("000002", "still heard"));
  EXPECT_EQ(ReadAll(other.get(), 11), "still heard");
  gateway->Send(*second, Fin("000002"));
  gateway->WaitFor(*second, packet::kClientConnectionClose);
}

TEST_F(Tcp, ClosingAConnectionStillDeliversWhatWasSent) {
  Open();
  auto [stream, socket] = Connect("000001", "t1");
  gateway->Send(*stream, Write("000001", "last words"));
  gateway->Send(*stream, Close("000001"));
  EXPECT_EQ(ReadAll(socket.get()), "last words");
  EXPECT_TRUE(WaitForEnd(*stream));
  EXPECT_EQ(gateway->Count(*stream, packet::kClientConnectionClose), 0);
}

TEST_F(Tcp, AResetTargetClosesThatConnectionOnly) {
  Open();
  auto [first, socket] = Connect("000001", "t1");
  auto [second, other] = Connect("000002", "t2");
  const linger reset{1, 0};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
  socket.Reset();
  gateway->WaitFor(*first, packet::kClientConnectionClose);
  gateway->Send(*second, Write("000002", "alive"));
  EXPECT_EQ(ReadAll(other.get(), 5), "alive");
}

TEST_F(Tcp, ALostStreamEndsItsSocket) {
  Open();
  auto [stream, socket] = Connect("000001", "t1");
  gateway->End(*stream);
  EXPECT_EQ(ReadAll(socket.get()), "");
}

TEST_F(Tcp, ATargetThatStopsReadingHoldsBackItsConnectionOnly) {
  Open();
  auto [stuck, socket] = Connect("000001", "t1");
  auto [live, other] = Connect("000002", "t2");
  const std::string block(limits::kChunkBytesMax, 'x');
  constexpr size_t kBlocks = 512;  // 32 MiB: more than sockets and queues hold
  for (size_t i = 0; i < kBlocks; ++i) gateway->Send(*stuck, Write("000001", block));
  gateway->Send(*live, Write("000002", "hello"));
  EXPECT_EQ(ReadAll(other.get(), 5), "hello");
  size_t queued = 0;
  gateway->agent.OnLoop([&, stream = stuck] { queued = stream->stream->queued_bytes(); });
  EXPECT_GT(queued, 8 * limits::kMiB) << "the gateway is held back";
  EXPECT_EQ(ReadAll(socket.get(), kBlocks * block.size()).size(), kBlocks * block.size());
}

TEST_F(Tcp, AStoppedReaderHoldsItsTargetBackOnly) {
  Open();
  auto [stuck, socket] = Connect("000001", "t1");
  auto [live, other] = Connect("000002", "t2");
  gateway->SetReading(*stuck, false);
  std::thread flood([&socket] { WriteAll(socket, std::string(32 * limits::kMiB, 'y')); });
  WriteAll(other, "hello");
  EXPECT_EQ(gateway->WaitForBytes(*live, packet::kClientTcpWrite, 5), "hello");
  gateway->SetReading(*stuck, true);
  EXPECT_EQ(gateway->WaitForBytes(*stuck, packet::kClientTcpWrite, 32 * limits::kMiB).size(), 32 * limits::kMiB);
  flood.join();
}

TEST_F(Tcp, OpensOnlyIfTheTargetAnswers) {
  server.Close();
  gateway->Open(kSession, NetworkParams("tcp", server.variables()));
  const SeenPacket close = gateway->WaitFor(gateway->control(), packet::kClientSessionClose);
  EXPECT_TRUE(close.payload.starts_with("failed connecting to remote host=127.0.0.1, port=")) << close.payload;
  EXPECT_NE(close.payload.find("Connection refused"), std::string::npos);
  EXPECT_EQ(close.Get(spec::kExitCode), "254");
  EXPECT_EQ(gateway->Count(gateway->control(), packet::kClientSessionOpenOk), 0);
}

TEST_F(Tcp, ATargetThatIsGoneLaterClosesTheConnectionWithAReason) {
  Open();
  server.Close();
  ScriptedGateway::Stream& stream = gateway->Connect(kSession, "000001", "t1");
  EXPECT_TRUE(gateway->WaitFor(stream, packet::kClientConnectionClose)
                  .payload.starts_with("failed connecting to internal service, reason="));
  EXPECT_EQ(gateway->Count(gateway->control(), packet::kClientSessionClose), 0);
}

TEST_F(Tcp, SaysWhichSecretsAreMissing) {
  gateway->Open(kSession, NetworkParams("tcp", {{"HOST", "127.0.0.1"}}));
  EXPECT_EQ(gateway->WaitFor(gateway->control(), packet::kClientSessionClose).payload,
            "missing required secrets for tcp connection [PORT]");
}

TEST_F(Tcp, SharedStreamTellsConnectionsApartExactly) {
  gateway = std::make_unique<ScriptedGateway>("");
  Open();
  ScriptedGateway::Stream& control = gateway->control();
  gateway->Send(control, Write("1", "one"));
  Descriptor one = server.Accept();
  gateway->Send(control, Write("10", "ten"));
  Descriptor ten = server.Accept();
  EXPECT_EQ(ReadAll(one.get(), 3), "one");
  EXPECT_EQ(ReadAll(ten.get(), 3), "ten");
  gateway->Send(control, Close("1"));
  EXPECT_EQ(ReadAll(one.get()), "");
  gateway->Send(control, Write("1", "late"));  // dropped, not dialled again
  gateway->Send(control, Write("10", "more"));
  EXPECT_EQ(ReadAll(ten.get(), 4), "more");
  ten.Reset();
  const SeenPacket close = gateway->WaitFor(control, packet::kClientConnectionClose);
  EXPECT_EQ(close.Get(spec::kConnectionId), "10");
  EXPECT_EQ(close.payload, "");
  EXPECT_EQ(gateway->Count(control, packet::kClientConnectionClose), 1);
}

TEST_F(Tcp, SharedStreamEndsAConnectionThatMovesNothing) {
  gateway = std::make_unique<ScriptedGateway>("");
  Open();
  ScriptedGateway::Stream& control = gateway->control();
  gateway->Send(control, Write("000001", "x"));
  Descriptor stuck = server.Accept();
  const std::string block(limits::kChunkBytesMax, 'x');
  for (int i = 0; i < 512; ++i) gateway->Send(control, Write("000001", block));
  gateway->Send(control, Write("000002", "hello"));
  Descriptor live = server.Accept();
  EXPECT_EQ(ReadAll(live.get(), 5), "hello");
  EXPECT_EQ(gateway->WaitFor(control, packet::kClientConnectionClose).Get(spec::kConnectionId), "000001");
}

TEST_F(Tcp, AMissingConnectionIdEndsTheSession) {
  gateway = std::make_unique<ScriptedGateway>("");
  Open();
  gateway->Send(gateway->control(), Packet(packet::kAgentTcpWrite, {{spec::kSessionId, kSession}}, "x"));
  EXPECT_EQ(gateway->WaitFor(gateway->control(), packet::kClientSessionClose).payload, "tcp connection id not found");
}

TEST_F(Tcp, ClosingTheSessionClosesEverySocket) {
  Open();
  auto [first, socket] = Connect("000001", "t1");
  auto [second, other] = Connect("000002", "t2");
  gateway->Send(gateway->control(), Packet(packet::kAgentSessionClose, {{spec::kSessionId, kSession}}));
  EXPECT_EQ(ReadAll(socket.get()), "");
  EXPECT_EQ(ReadAll(other.get()), "");
}

}  // namespace
}  // namespace hoop
