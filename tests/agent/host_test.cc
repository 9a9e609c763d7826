#include "agent/connectors/host.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <thread>

#include "base/limits/agent.h"
#include "base/limits/session.h"
#include "base/limits/wire.h"
#include "hoop/host_service.h"
#include "tests/agent/scripted_gateway.h"
#include "tests/support/status_matchers.h"

namespace hoop {
namespace {

constexpr std::string_view kSession = "sid-1";

Packet Write(std::string_view connection_id, std::string_view bytes) {
  return Packet(packet::kAgentTcpWrite, {{spec::kSessionId, kSession}, {spec::kConnectionId, connection_id}}, bytes);
}
Packet Fin(std::string_view connection_id) {
  Packet packet = Write(connection_id, "");
  packet.AppendSpec(spec::kFin, "");
  return packet;
}
Packet Input(std::string_view bytes, bool more = false) {
  Packet packet(packet::kAgentExecWriteStdin, {{spec::kSessionId, kSession}}, bytes);
  if (more) packet.AppendSpec(spec::kMore, "");
  return packet;
}

// A service that writes down what it hears and keeps its streams for the test.
class Service final : public HostService {
 public:
  struct Seen {
    HostCall call;
    std::unique_ptr<HostStream> stream;
    int descriptor = -1;
    std::string data;
    bool finished = false;
    int writable = 0;
    std::optional<absl::Status> closed;
  };

  absl::StatusOr<std::unique_ptr<HostStreamEvents>> Open(std::unique_ptr<HostStream> stream) override {
    if (!refusal.ok()) return refusal;
    auto seen = std::make_unique<Seen>();
    seen->call = stream->call();
    if (takes_descriptor) seen->descriptor = stream->TakeDescriptor().value();
    seen->stream = std::move(stream);
    Seen& mine = *seen;
    absl::MutexLock lock(&mu_);
    seen_.push_back(std::move(seen));
    if (takes_descriptor) return nullptr;
    return std::make_unique<Events>(*this, mine);
  }

  Seen& Wait(size_t index = 0) {
    WaitUntil([&] { return seen_.size() > index; });
    absl::MutexLock lock(&mu_);
    return *seen_.at(index);
  }
  bool WaitUntil(const std::function<bool()>& happened) {
    absl::MutexLock lock(&mu_);
    return mu_.AwaitWithTimeout(absl::Condition(&happened, &std::function<bool()>::operator()), kTestPatience);
  }

  bool takes_descriptor = false;
  absl::Status refusal;

 private:
  class Events final : public HostStreamEvents {
   public:
    Events(Service& service, Seen& seen) : service_(service), seen_(seen) {}
    void OnData(std::string_view bytes) override {
      absl::MutexLock lock(&service_.mu_);
      seen_.data += bytes;
    }
    void OnFinish() override {
      absl::MutexLock lock(&service_.mu_);
      seen_.finished = true;
    }
    void OnWritable() override {
      absl::MutexLock lock(&service_.mu_);
      ++seen_.writable;
    }
    void OnClosed(const absl::Status& why) override {
      absl::MutexLock lock(&service_.mu_);
      seen_.closed = why;
    }

   private:
    Service& service_;
    Seen& seen_;
  };

  absl::Mutex mu_;
  std::vector<std::unique_ptr<Seen>> seen_;
};

class Host : public ::testing::Test {
 protected:
  Host() {
    gateway->agent.OnLoop([this] { gateway->context.host_services["table"] = &service; });
  }
  // A byte stream of the service; `at` is the host's end.
  ScriptedGateway::Stream& Connect(std::string_view id, std::string_view token) {
    if (!std::exchange(open_, true)) {
      gateway->Open(kSession, NetworkParams("tcp", {{"HOST", "host:table"}, {"SECRET", "s3"}}));
      gateway->WaitFor(gateway->control(), packet::kClientSessionOpenOk);
    }
    return gateway->Connect(kSession, id, token);
  }
  void Exec(std::vector<std::string> command, std::vector<std::string> arguments = {}) {
    AgentConnectionParams params = ExecParams(std::move(command));
    params.client_args = std::move(arguments);
    params.env_vars["envvar:LIMIT"] = Base64Encode("5");
    gateway->Open(kSession, params);
  }
  // Until nothing is taken any more; how many bytes were.
  size_t WriteAllItTakes(const Service::Seen& seen) {
    const std::string block(3 * limits::kSendQueueHighBytes, 'x');
    for (size_t sent = 0;;) {
      const size_t taken = seen.stream->Write(block).value();
      EXPECT_LE(taken, limits::kSendQueueHighBytes);
      if (taken == 0 || sent > 100 * block.size()) return sent;
      sent += taken;
      gateway->agent.OnLoop([] {});  // what the loop takes, it has taken
    }
  }
  ScriptedGateway::Stream& control() { return gateway->control(); }
  SeenPacket WaitForClose() { return gateway->WaitFor(control(), packet::kClientSessionClose); }

  Service service;  // outlives the agent
  std::unique_ptr<ScriptedGateway> gateway = std::make_unique<ScriptedGateway>();
  bool open_ = false;
};

// Those of the host take nothing but memory, so that there can be as many.
TEST_F(Host, AnAgentRunsAsManySessionsAsItsBound) {
  const AgentConnectionParams params = NetworkParams("tcp", {{"HOST", "host:table"}});
  for (size_t i = 0; i < limits::kAgentSessionsMax; ++i) gateway->Open(fmt::format("sid-{}", i), params);
  const auto is_open = [&](const std::string& session) {
    return gateway->WaitUntil([&] {
      return std::any_of(control().seen.rbegin(), control().seen.rend(), [&](const SeenPacket& packet) {
        return packet.type == packet::kClientSessionOpenOk && packet.Get(spec::kSessionId) == session;
      });
    });
  };
  ASSERT_TRUE(is_open(fmt::format("sid-{}", limits::kAgentSessionsMax - 1)));
  EXPECT_EQ(gateway->Count(control(), packet::kClientSessionClose), 0u);
  gateway->Open("one-more", params);
  const SeenPacket refusal = WaitForClose();
  EXPECT_EQ(refusal.Get(spec::kSessionId), "one-more");
  EXPECT_EQ(refusal.payload, "this agent runs too many sessions, try again");
  gateway->Send(control(), Packet(packet::kAgentSessionClose, {{spec::kSessionId, "sid-0"}}));
  gateway->Open("in-its-place", params);
  EXPECT_TRUE(is_open("in-its-place"));
}

TEST_F(Host, AByteStreamCarriesBytesBothWays) {
  ScriptedGateway::Stream& stream = Connect("000001", "t1");
  Service::Seen& seen = service.Wait();
  EXPECT_EQ(seen.call.service, "table");
  EXPECT_EQ(seen.call.session_id, kSession);
  EXPECT_EQ(seen.call.connection_id, "000001");
  EXPECT_EQ(seen.call.variables["SECRET"], "s3");
  EXPECT_FALSE(seen.call.is_command);
  EXPECT_EQ(*seen.stream->Write("banner"), 6u);
  EXPECT_EQ(gateway->WaitForBytes(stream, packet::kClientTcpWrite, 6), "banner");
  gateway->Send(stream, Write("000001", "ques"));
  gateway->Send(stream, Write("000001", "tion"));
  EXPECT_TRUE(service.WaitUntil([&] { return seen.data == "question"; }));
  EXPECT_STATUS(seen.stream->WriteError("x"), absl::StatusCode::kFailedPrecondition, "no error output");
}

TEST_F(Host, AByteStreamHalfClosesInEitherDirection) {
  ScriptedGateway::Stream& first = Connect("000001", "t1");
  Service::Seen& one = service.Wait(0);
  gateway->Send(first, Write("000001", "all I say"));
  gateway->Send(first, Fin("000001"));
  EXPECT_TRUE(service.WaitUntil([&] { return one.finished && one.data == "all I say"; }));
  ASSERT_OK(one.stream->Write("the answer").status());
  one.stream->FinishWriting();
  gateway->WaitFor(first, packet::kClientConnectionClose);
  EXPECT_EQ(gateway->WaitForBytes(first, packet::kClientTcpWrite, 10), "the answer");
  EXPECT_TRUE(service.WaitUntil([&] { return one.closed == absl::OkStatus(); }));
  EXPECT_STATUS(one.stream->Write("late").status(), absl::StatusCode::kUnavailable, "");

  ScriptedGateway::Stream& second = Connect("000002", "t2");
  Service::Seen& two = service.Wait(1);
  two.stream->FinishWriting();
  EXPECT_EQ(gateway->WaitFor(second, packet::kClientTcpWrite).Get(spec::kFin), "");
  EXPECT_STATUS(two.stream->Write("late").status(), absl::StatusCode::kFailedPrecondition, "");
  gateway->Send(second, Write("000002", "still heard"));
  gateway->Send(second, Fin("000002"));
  gateway->WaitFor(second, packet::kClientConnectionClose);
  EXPECT_TRUE(service.WaitUntil([&] { return two.data == "still heard" && two.closed.has_value(); }));
}

TEST_F(Host, AWriteTakesWhatFitsAndSaysWhenThereIsRoom) {
  ScriptedGateway::Stream& stream = Connect("000001", "t1");
  Service::Seen& seen = service.Wait();
  gateway->SetReading(stream, false);
  const size_t sent = WriteAllItTakes(seen);
  EXPECT_LE(sent, 4 * limits::kSendQueueHighBytes);
  const int before = seen.writable;
  gateway->SetReading(stream, true);
  EXPECT_TRUE(service.WaitUntil([&] { return seen.writable > before; }));
  EXPECT_EQ(gateway->WaitForBytes(stream, packet::kClientTcpWrite, sent).size(), sent);
  gateway->agent.OnLoop([] {});
  const int told = seen.writable;
  ASSERT_OK(seen.stream->Write("more").status());
  EXPECT_EQ(gateway->WaitForBytes(stream, packet::kClientTcpWrite, sent + 4).size(), sent + 4);
  gateway->agent.OnLoop([&] { EXPECT_EQ(seen.writable, told) << "it is told to who waits"; });
}

TEST_F(Host, TheEndWaitsForWhatTheLineHasNoRoomFor) {
  ScriptedGateway::Stream& stream = Connect("000001", "t1");
  Service::Seen& seen = service.Wait();
  gateway->SetReading(stream, false);
  const size_t sent = WriteAllItTakes(seen);
  seen.stream->End(0, "that was all");
  gateway->agent.OnLoop([] {});
  gateway->SetReading(stream, true);
  EXPECT_EQ(gateway->WaitFor(stream, packet::kClientConnectionClose).payload, "that was all");
  EXPECT_EQ(gateway->WaitForBytes(stream, packet::kClientTcpWrite, sent).size(), sent);
}

TEST_F(Host, AServiceThatReadsNothingHoldsBackItsConnectionOnly) {
  ScriptedGateway::Stream& stuck = Connect("000001", "t1");
  ScriptedGateway::Stream& live = Connect("000002", "t2");
  Service::Seen& silent = service.Wait(0);
  Service::Seen& heard = service.Wait(1);
  silent.stream->SetReading(false);
  gateway->agent.OnLoop([] {});
  const std::string block(limits::kChunkBytesMax, 'x');
  for (int i = 0; i < 64; ++i) gateway->Send(stuck, Write("000001", block));
  gateway->Send(live, Write("000002", "hello"));
  EXPECT_TRUE(service.WaitUntil([&] { return heard.data == "hello"; }));
  EXPECT_EQ(silent.data, "");
  size_t waiting = 0;
  gateway->agent.OnLoop([&] { waiting = stuck.stream->queued_bytes(); });
  EXPECT_GT(waiting, 2 * limits::kSendQueueHighBytes);
  silent.stream->SetReading(true);
  EXPECT_TRUE(service.WaitUntil([&] { return silent.data.size() == 64 * block.size(); }));
}

TEST_F(Host, EndAndItsReasonComeBehindWhatWasWritten) {
  ScriptedGateway::Stream& stream = Connect("000001", "t1");
  Service::Seen& seen = service.Wait();
  ASSERT_OK(seen.stream->Write("bye").status());
  seen.stream->End(3, "closed for today");
  seen.stream->End(0, "only the first counts");
  EXPECT_EQ(gateway->WaitFor(stream, packet::kClientConnectionClose).payload, "closed for today");
  EXPECT_EQ(gateway->WaitForBytes(stream, packet::kClientTcpWrite, 3), "bye");
}

TEST_F(Host, AClosingUserIsHeardToTheEnd) {
  ScriptedGateway::Stream& stream = Connect("000001", "t1");
  Service::Seen& seen = service.Wait();
  gateway->Send(stream, Write("000001", "last words"));
  gateway->Send(stream,
                Packet(packet::kAgentConnectionClose, {{spec::kSessionId, kSession}, {spec::kConnectionId, "000001"}}));
  EXPECT_TRUE(service.WaitUntil([&] { return seen.closed == absl::OkStatus(); }));
  EXPECT_EQ(seen.data, "last words");
  EXPECT_TRUE(seen.finished);
}

TEST_F(Host, AKilledSessionClosesTheStream) {
  Connect("000001", "t1");
  Service::Seen& seen = service.Wait();
  gateway->Send(control(), Packet(packet::kAgentSessionClose, {{spec::kSessionId, kSession}}));
  EXPECT_TRUE(service.WaitUntil([&] { return seen.closed.has_value(); }));
  EXPECT_STATUS(*seen.closed, absl::StatusCode::kUnavailable, "");
}

TEST_F(Host, AStreamMayOutliveItsAgent) {
  Connect("000001", "t1");
  Service::Seen& seen = service.Wait();
  gateway.reset();
  ASSERT_TRUE(seen.closed.has_value());
  EXPECT_STATUS(seen.stream->Write("anybody?").status(), absl::StatusCode::kUnavailable, "");
  seen.stream->SetReading(false);
  seen.stream->End(0, "");
}

TEST_F(Host, ThreadsOfTheHostMayWrite) {
  ScriptedGateway::Stream& stream = Connect("000001", "t1");
  Service::Seen& seen = service.Wait();
  std::vector<std::thread> writers;
  for (int i = 0; i < 4; ++i) {
    writers.emplace_back([&] {
      for (int line = 0; line < 100; ++line) EXPECT_EQ(*seen.stream->Write("0123456789"), 10u);
    });
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(gateway->WaitForBytes(stream, packet::kClientTcpWrite, 4000).size(), 4000u);
}

TEST_F(Host, ACommandHasArgumentsInputBothOutputsAndACode) {
  Exec({"host:table", "--limit", "$LIMIT"}, {"users"});
  gateway->WaitFor(control(), packet::kClientSessionOpenOk);
  gateway->Send(control(), Input("select", true));
  Service::Seen& seen = service.Wait();
  EXPECT_TRUE(seen.call.is_command);
  EXPECT_EQ(seen.call.arguments, (std::vector<std::string>{"--limit", "5", "users"}));
  EXPECT_TRUE(service.WaitUntil([&] { return seen.data == "select"; }));
  EXPECT_FALSE(seen.finished);
  gateway->Send(control(), Input(" all"));
  EXPECT_TRUE(service.WaitUntil([&] { return seen.finished && seen.data == "select all"; }));
  ASSERT_OK(seen.stream->Write("one row\n").status());
  ASSERT_OK(seen.stream->WriteError("of many\n").status());
  ASSERT_OK(seen.stream->Write("two rows\n").status());
  seen.stream->End(3, "stopped early");
  const SeenPacket close = WaitForClose();
  EXPECT_EQ(close.Get(spec::kExitCode), "3");
  EXPECT_EQ(close.payload, "stopped early");
  EXPECT_EQ(ScriptedGateway::Joined(control(), packet::kClientWriteStdout), "one row\ntwo rows\n");
  EXPECT_EQ(ScriptedGateway::Joined(control(), packet::kClientWriteStderr), "of many\n");
  EXPECT_TRUE(service.WaitUntil([&] { return seen.closed == absl::OkStatus(); }));
}

TEST_F(Host, ADroppedStreamIsAFailure) {
  Exec({"host:table"});
  gateway->Send(control(), Input(""));
  service.Wait().stream.reset();
  const SeenPacket close = WaitForClose();
  EXPECT_EQ(close.Get(spec::kExitCode), "1");
  EXPECT_EQ(close.payload, "the service dropped this stream");
}

TEST_F(Host, ARefusalOfTheServiceReachesTheUser) {
  service.refusal = FailedPrecondition("the table is locked");
  Exec({"host:table"});
  gateway->Send(control(), Input(""));
  const SeenPacket close = WaitForClose();
  EXPECT_EQ(close.Get(spec::kExitCode), "254");
  EXPECT_EQ(close.payload, "the table is locked");
}

TEST_F(Host, ADescriptorCarriesAByteStream) {
  service.takes_descriptor = true;
  ScriptedGateway::Stream& stream = Connect("000001", "t1");
  Service::Seen& seen = service.Wait();
  Descriptor socket(seen.descriptor);
  seen.stream.reset();  // the socket is all that is needed
  gateway->Send(stream, Write("000001", "question"));
  gateway->Send(stream, Fin("000001"));
  EXPECT_EQ(ReadAll(socket.get()), "question");
  ASSERT_EQ(::send(socket.get(), "answer", 6, MSG_NOSIGNAL), 6);
  socket.Reset();
  gateway->WaitFor(stream, packet::kClientConnectionClose);
  EXPECT_EQ(gateway->WaitForBytes(stream, packet::kClientTcpWrite, 6), "answer");
}

TEST_F(Host, ADescriptorServesACommandWithErrorOutputAndCode) {
  service.takes_descriptor = true;
  Exec({"host:table"});
  gateway->Send(control(), Input("all of it"));
  Service::Seen& seen = service.Wait();
  Descriptor socket(seen.descriptor);
  EXPECT_EQ(ReadAll(socket.get()), "all of it");
  EXPECT_STATUS(seen.stream->Write("by the wrong way").status(), absl::StatusCode::kFailedPrecondition, "");
  ASSERT_EQ(::send(socket.get(), "out", 3, MSG_NOSIGNAL), 3);
  seen.stream->End(4, "enough");
  ASSERT_OK(seen.stream->WriteError("err").status());
  socket.Reset();
  const SeenPacket close = WaitForClose();
  EXPECT_EQ(close.Get(spec::kExitCode), "4");
  EXPECT_EQ(close.payload, "enough");
  EXPECT_EQ(ScriptedGateway::Joined(control(), packet::kClientWriteStdout), "out");
  EXPECT_EQ(ScriptedGateway::Joined(control(), packet::kClientWriteStderr), "err");
}

TEST_F(Host, ASocketThatIsDroppedEndsACommandInOrder) {
  service.takes_descriptor = true;
  Exec({"host:table"});
  gateway->Send(control(), Input("nobody reads this"));
  Service::Seen& seen = service.Wait();
  seen.stream.reset();
  ::close(seen.descriptor);
  EXPECT_EQ(WaitForClose().Get(spec::kExitCode), "0");
}

TEST_F(Host, ADescriptorIsTakenInsideOpenOnly) {
  Connect("000001", "t1");
  Service::Seen& seen = service.Wait();
  gateway->agent.OnLoop([] {});  // Open has returned
  EXPECT_STATUS(seen.stream->TakeDescriptor().status(), absl::StatusCode::kFailedPrecondition, "");
}

TEST_F(Host, AServiceThatTheHostDoesNotHaveIsRefused) {
  gateway->Open(kSession, NetworkParams("tcp", {{"HOST", "host:chairs"}, {"PORT", "0"}}));
  const SeenPacket close = WaitForClose();
  EXPECT_EQ(close.Get(spec::kExitCode), "254");
  EXPECT_EQ(close.payload, "connection net: the program around this agent serves no \"chairs\"");
}

TEST_F(Host, ATerminalIsRefused) {
  AgentConnectionParams params = ExecParams({"host:table"});
  params.client_verb = "connect";
  gateway->Open(kSession, params);
  EXPECT_EQ(WaitForClose().payload,
            "connection bash: served by the program around its agent, which takes \"hoop exec\" only");
}

TEST_F(Host, ExecOnAByteStreamIsRefused) {
  AgentConnectionParams params = NetworkParams("tcp", {{"HOST", "host:table"}});
  params.client_verb = "exec";
  gateway->Open(kSession, params);
  EXPECT_EQ(WaitForClose().payload,
            "connection net: served by the program around its agent, which takes \"hoop connect\" only");
}

TEST_F(Host, AnOldGatewayClosesWholeConnections) {
  gateway = std::make_unique<ScriptedGateway>("");
  gateway->agent.OnLoop([this] { gateway->context.host_services["table"] = &service; });
  gateway->Open(kSession, NetworkParams("tcp", {{"HOST", "host:table"}}));
  gateway->WaitFor(control(), packet::kClientSessionOpenOk);
  gateway->Send(control(), Write("1", "question"));
  Service::Seen& seen = service.Wait();
  EXPECT_TRUE(service.WaitUntil([&] { return seen.data == "question"; }));
  ASSERT_OK(seen.stream->Write("answer").status());
  seen.stream->FinishWriting();
  EXPECT_EQ(gateway->WaitFor(control(), packet::kClientConnectionClose).Get(spec::kConnectionId), "1");
  EXPECT_EQ(ScriptedGateway::Joined(control(), packet::kClientTcpWrite), "answer");
}

}  // namespace
}  // namespace hoop
