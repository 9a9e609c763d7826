#include "client/connect_run.h"

#include <gtest/gtest.h>

#include <deque>

#include "base/limits/agent.h"
#include "base/limits/client.h"
#include "base/limits/http2.h"
#include "base/limits/session.h"
#include "base/status.h"
#include "protocol/postgres/messages.h"
#include "tests/client/fake_gateway.h"
#include "tests/client/fake_socket.h"
#include "tests/fakes/manual_loop.h"
#include "tests/support/status_matchers.h"

namespace hoop {
namespace {

constexpr char kNew[] = "1;streams,chunks,ping";

// One that no session of these tests uses.
class UnusedTerminal final : public ClientTerminal, public ClientInput, public ClientOutput {
 public:
  absl::Status Begin() override { return Internal("not expected"); }
  void End() override {}
  TerminalSize Size() override { return {}; }
  ClientInput& input() override { return *this; }
  ClientOutput& output() override { return *this; }
  absl::StatusOr<size_t> Read(char*, size_t) override { return 0; }
  void Stop() override {}
  absl::Status Write(Channel, std::string_view) override { return absl::OkStatus(); }
};

class ConnectRunTest : public ::testing::Test {
 protected:
  void Start(ListenOptions options = {}) {
    SessionPlan plan;
    plan.request.connection = "db";
    plan.request.duration = duration_;
    run_ = std::make_unique<ConnectRun>(
        loop_, gateway_, plan, options,
        ConnectRun::Ports{
            .listen = [this](const Address& address,
                             ConnectRun::Accepted accepted) { return door_.Listen(address, std::move(accepted)); },
            .terminal = terminal_,
            .events = events_},
        [this](absl::StatusOr<SessionResult> result) { result_ = std::move(result); });
    run_->Start();
    loop_.TurnUntilIdle();
  }
  void Open(std::string_view type, std::string_view caps, ListenOptions options = {}) {
    Start(options);
    gateway_.SendOpenOk(type, caps);
    loop_.TurnUntilIdle();
  }
  // As a program that can ask what the connection speaks.
  void StartAsking(const std::string& protocol, ListenOptions options = {}) {
    options.protocol = [this, protocol] {
      ++asked_;
      return protocol;
    };
    Start(options);
  }
  void Enter(SocketScript& script) {
    door_.Enter(script);
    loop_.TurnUntilIdle();
  }
  void Say(SocketScript& script, std::string_view bytes) {
    script.Say(bytes);
    loop_.TurnUntilIdle();
  }
  SocketScript& Program() { return programs_.emplace_back(); }
  // From the target to the program of a connection id.
  void Answer(FarStream& stream, std::string_view type, std::string_view id, std::string_view bytes) {
    stream.Send(Packet(type, {{spec::kSessionId, kTestSession}, {spec::kConnectionId, id}}, bytes));
    loop_.TurnUntilIdle();
  }
  void CloseTarget(FarStream& stream, std::string_view id) { Answer(stream, packet::kClientConnectionClose, id, ""); }

  std::deque<SocketScript> programs_;  // outlive the run's sockets
  ManualClock clock_;
  ManualLoop loop_{clock_};
  FakeGateway gateway_{loop_};
  FakeDoor door_;
  KeptEvents events_;
  UnusedTerminal unused_;
  ClientTerminal* terminal_ = nullptr;
  int asked_ = 0;
  std::optional<absl::Duration> duration_;
  std::optional<absl::StatusOr<SessionResult>> result_;
  std::unique_ptr<ConnectRun> run_;
};

TEST_F(ConnectRunTest, SaysWhereItListens) {
  Open("postgres", kNew);
  const ClientEvent* ready = events_.Last(ClientEvent::Kind::kReady);
  ASSERT_NE(ready, nullptr);
  EXPECT_EQ(ready->Get("host"), "127.0.0.1");
  EXPECT_EQ(ready->Get("port"), "5433");
  EXPECT_EQ(ready->Get("user"), "noop");
}

TEST_F(ConnectRunTest, PortOfChoiceAndAnyFreeOne) {
  Open("tcp", kNew, {.port = 0});
  EXPECT_EQ(events_.Last(ClientEvent::Kind::kReady)->Get("port"), "40000");
}

TEST_F(ConnectRunTest, PortInUseEndsIt) {
  door_.status = FailedPrecondition("listen 127.0.0.1:5433: Address already in use");
  Open("postgres", kNew);
  ASSERT_TRUE(result_);
  EXPECT_STATUS(*result_, absl::StatusCode::kFailedPrecondition, "in use");
  EXPECT_EQ(gateway_.open_channels, 0);
}

TEST_F(ConnectRunTest, TerminalsWithoutOneAndUnknownTypesSayWhatToDo) {
  Open("command-line", kNew);
  ASSERT_TRUE(result_);
  EXPECT_STATUS(*result_, absl::StatusCode::kFailedPrecondition, "hoop exec db");
  result_.reset();
  Open("mysql", kNew);
  ASSERT_TRUE(result_);
  EXPECT_STATUS(*result_, absl::StatusCode::kUnimplemented, "mysql");
  EXPECT_EQ(door_.opened, 0);
}

TEST_F(ConnectRunTest, ATakenDefaultPortIsFoundBeforeASessionIsOpened) {
  door_.status = FailedPrecondition("listen on 127.0.0.1:5433: Address already in use");
  door_.taken = 5433;
  terminal_ = &unused_;
  StartAsking("postgres");
  ASSERT_TRUE(result_);
  EXPECT_STATUS(*result_, absl::StatusCode::kFailedPrecondition, "127.0.0.1:5433");
  EXPECT_EQ(gateway_.dials, 0);
}

TEST_F(ConnectRunTest, ATakenPortIsInNobodysWayWhoNeedsAnother) {
  door_.status = FailedPrecondition("listen on 127.0.0.1:5433: Address already in use");
  door_.taken = 5433;
  terminal_ = &unused_;
  StartAsking("tcp");
  EXPECT_EQ(asked_, 1);
  gateway_.SendOpenOk("tcp", kNew);
  loop_.TurnUntilIdle();
  ASSERT_FALSE(result_);
  EXPECT_EQ(events_.Last(ClientEvent::Kind::kReady)->Get("port"), "8999");
}

TEST_F(ConnectRunTest, ACommandLineWithoutATerminalIsRefusedBeforeASessionIsOpened) {
  StartAsking("command-line", {.port = 0});
  ASSERT_TRUE(result_);
  EXPECT_STATUS(*result_, absl::StatusCode::kFailedPrecondition, "could not allocate a tty");
  EXPECT_EQ(gateway_.dials, 0);
  EXPECT_FALSE(door_.open) << "the port is given back";
}

TEST_F(ConnectRunTest, WhatConnectionsSpeakIsAskedOnlyWhenSomethingIsInTheWay) {
  terminal_ = &unused_;
  StartAsking("postgres");
  EXPECT_EQ(asked_, 0);
  EXPECT_FALSE(door_.open) << "which port it needs is not known yet";
  terminal_ = nullptr;
  StartAsking("postgres");
  EXPECT_EQ(asked_, 1);
  EXPECT_TRUE(door_.open);
}

TEST_F(ConnectRunTest, WhoCannotLearnWhatAConnectionSpeaksOpensTheSession) {
  StartAsking("");
  EXPECT_EQ(asked_, 1);
  EXPECT_EQ(gateway_.dials, 1);
  EXPECT_FALSE(result_);
}

TEST_F(ConnectRunTest, EachProgramHasAStreamAndAnIdOfItsOwn) {
  Open("tcp", kNew);
  SocketScript& one = Program();
  SocketScript& two = Program();
  Enter(one);
  Enter(two);
  Say(one, "from one");
  Say(two, "from two");
  FarStream* first = gateway_.DataStream("000001");
  FarStream* second = gateway_.DataStream("000002");
  ASSERT_TRUE(first != nullptr && second != nullptr);
  EXPECT_TRUE(first->packets.at(0).Spec(spec::kTcpServerConnect).has_value());
  EXPECT_EQ(first->Payloads(packet::kAgentTcpWrite), "from one");
  EXPECT_EQ(second->Payloads(packet::kAgentTcpWrite), "from two");
  EXPECT_EQ(first->Last(packet::kAgentTcpWrite)->SpecText(spec::kConnectionId), "000001");
  Answer(*second, packet::kClientTcpWrite, "000002", "to two");
  EXPECT_EQ(two.written, "to two");
  EXPECT_EQ(one.written, "");
}

TEST_F(ConnectRunTest, OneFinishedProgramEndsNoOther) {
  Open("postgres", kNew);
  SocketScript& one = Program();
  SocketScript& two = Program();
  Enter(one);
  Enter(two);
  one.Break();
  loop_.TurnUntilIdle();
  EXPECT_TRUE(one.closed);
  EXPECT_EQ(gateway_.DataStream("000001")->Count(packet::kAgentConnectionClose), 1u);
  EXPECT_NE(events_.Last(ClientEvent::Kind::kLocalClosed)->Get("error"), "");
  // What the target still says to the first one is dropped.
  Answer(*gateway_.DataStream("000001"), packet::kClientPostgresWrite, "000001", "late");
  Answer(*gateway_.DataStream("000002"), packet::kClientPostgresWrite, "000002", "rows");
  EXPECT_EQ(two.written, "rows");
  EXPECT_FALSE(result_);
}

TEST_F(ConnectRunTest, HalfClosedProgramsStillGetTheirAnswer) {
  Open("tcp", kNew);
  SocketScript& one = Program();
  Enter(one);
  one.Say("question");
  one.SayEnd();
  loop_.TurnUntilIdle();
  FarStream& stream = *gateway_.DataStream("000001");
  EXPECT_TRUE(stream.packets.back().Spec(spec::kFin).has_value());
  EXPECT_EQ(stream.packets.back().type(), packet::kAgentTcpWrite);
  EXPECT_FALSE(one.closed);
  Answer(stream, packet::kClientTcpWrite, "000001", "answer");
  CloseTarget(stream, "000001");
  EXPECT_EQ(one.written, "answer");
  EXPECT_TRUE(one.shut_down);
  EXPECT_TRUE(one.closed);
  EXPECT_EQ(events_.Last(ClientEvent::Kind::kLocalClosed)->Get("error"), "");
}

TEST_F(ConnectRunTest, HalfClosedTargetsStillGetInput) {
  Open("tcp", kNew);
  SocketScript& one = Program();
  Enter(one);
  FarStream& stream = *gateway_.DataStream("000001");
  stream.Send(Packet(packet::kClientTcpWrite, {{spec::kConnectionId, "000001"}, {spec::kFin, "1"}}));
  loop_.TurnUntilIdle();
  EXPECT_TRUE(one.shut_down);
  EXPECT_FALSE(one.closed);
  Say(one, "more");
  EXPECT_EQ(stream.Payloads(packet::kAgentTcpWrite), "more");
  one.SayEnd();
  loop_.TurnUntilIdle();
  EXPECT_TRUE(one.closed);
  EXPECT_EQ(stream.Count(packet::kAgentConnectionClose), 1u);
}

TEST_F(ConnectRunTest, ProgramsThatAreToldOfTheEndMayFinishSpeaking) {
  Open("postgres", kNew);
  SocketScript& one = Program();
  Enter(one);
  FarStream& stream = *gateway_.DataStream("000001");
  Answer(stream, packet::kClientPostgresWrite, "000001", "FATAL");
  CloseTarget(stream, "000001");
  EXPECT_EQ(one.written, "FATAL");
  EXPECT_TRUE(one.shut_down);
  EXPECT_FALSE(one.closed);  // closing now might reset what it has not read yet
  Say(one, "Terminate");
  one.SayEnd();
  loop_.TurnUntilIdle();
  EXPECT_TRUE(one.closed);
  EXPECT_FALSE(one.reset);
  EXPECT_EQ(stream.Payloads(packet::kAgentPostgresWrite), "");
}

TEST_F(ConnectRunTest, TheGraceOfAClosedTargetEnds) {
  Open("postgres", kNew);
  SocketScript& one = Program();
  Enter(one);
  CloseTarget(*gateway_.DataStream("000001"), "000001");
  EXPECT_FALSE(one.closed);
  loop_.Advance(limits::kCloseGraceTime);
  EXPECT_TRUE(one.closed);
}

TEST_F(ConnectRunTest, AStreamThatEndsWithoutACloseResetsItsProgramOnly) {
  Open("tcp", kNew);
  SocketScript& one = Program();
  SocketScript& two = Program();
  Enter(one);
  Enter(two);
  gateway_.DataStream("000001")->Finish(PermissionDenied("stream refused"));
  loop_.TurnUntilIdle();
  EXPECT_TRUE(one.closed && one.reset);
  EXPECT_FALSE(two.closed);
  EXPECT_FALSE(result_);
}

TEST_F(ConnectRunTest, AStoppedReaderStopsItsOwnStreamOnly) {
  Open("tcp", kNew);
  SocketScript& stopped = Program();
  SocketScript& other = Program();
  stopped.room = 1000;
  Enter(stopped);
  Enter(other);
  FarStream& first = *gateway_.DataStream("000001");
  const std::string piece(64 * limits::kKiB, 'x');
  for (int i = 0; i < 64; ++i) {
    Answer(first, packet::kClientTcpWrite, "000001", piece);
    Answer(*gateway_.DataStream("000002"), packet::kClientTcpWrite, "000002", piece);
  }
  EXPECT_EQ(other.written.size(), 64 * piece.size());
  EXPECT_EQ(stopped.written.size(), 1000u);
  // No more than the mark, a window and the packet that crossed it wait on this side.
  EXPECT_GT(first.queued_bytes(),
            64 * piece.size() - limits::kSendQueueHighBytes - limits::kStreamWindowBytesMax - 4 * piece.size());
  for (int i = 0; i < 100 && stopped.written.size() < 64 * piece.size(); ++i) {
    stopped.Take(64 * limits::kKiB);
    loop_.TurnUntilIdle();
  }
  EXPECT_EQ(stopped.written.size(), 64 * piece.size());
}

TEST_F(ConnectRunTest, AStoppedTargetStopsTheReadingOfItsProgramOnly) {
  Open("tcp", kNew);
  SocketScript& one = Program();
  SocketScript& two = Program();
  Enter(one);
  Enter(two);
  FarStream& first = *gateway_.DataStream("000001");
  first.SetReading(false);
  one.incoming.assign(8 * limits::kMiB, 'u');
  for (int i = 0; i < 200; ++i) {
    one.Wake();
    loop_.TurnUntilIdle();
  }
  EXPECT_FALSE(one.wants_read);
  EXPECT_GT(one.incoming.size(), 7 * limits::kMiB);
  Say(two, "works");
  EXPECT_EQ(gateway_.DataStream("000002")->Payloads(packet::kAgentTcpWrite), "works");
  first.SetReading(true);
  for (int i = 0; i < 200; ++i) {
    loop_.TurnUntilIdle();
    one.Wake();
  }
  loop_.TurnUntilIdle();
  EXPECT_EQ(first.Payloads(packet::kAgentTcpWrite).size(), 8 * limits::kMiB);
}

// ---- Cancelling ----------------------------------------------------------------------------------------------------

TEST_F(ConnectRunTest, CancelRequestsAreForwardedAndEndWithTheTarget) {
  Open("postgres", kNew);
  SocketScript& cancel = Program();
  Enter(cancel);
  const std::string request = postgres::BuildCancelRequest({.process_id = 77, .key = "abcd"});
  Say(cancel, request);
  FarStream& stream = *gateway_.DataStream("000001");
  EXPECT_EQ(stream.Payloads(packet::kAgentPostgresWrite), request);
  EXPECT_FALSE(cancel.shut_down);
  CloseTarget(stream, "000001");
  EXPECT_TRUE(cancel.shut_down);
}

TEST_F(ConnectRunTest, CancelRequestsDoNotWaitForSilentAgents) {
  Open("postgres", "");
  SocketScript& cancel = Program();
  Enter(cancel);
  Say(cancel, postgres::BuildCancelRequest({.process_id = 77, .key = "abcd"}));
  EXPECT_FALSE(cancel.shut_down);
  loop_.Advance(limits::kCancelAnswerTime);
  EXPECT_TRUE(cancel.shut_down);
}

TEST_F(ConnectRunTest, AProgramThatBeginsWithTlsIsToldHowNotTo) {
  Open("postgres", kNew);
  SocketScript& program = Program();
  Enter(program);
  Say(program, std::string_view("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11));
  ASSERT_TRUE(program.closed);
  EXPECT_NE(events_.Last(ClientEvent::Kind::kLocalClosed)->Get("error").find("sslmode=disable"), std::string::npos);
  EXPECT_FALSE(result_);
}

// ---- Old peers -----------------------------------------------------------------------------------------------------

TEST_F(ConnectRunTest, OldPeersGetEverythingOnOneStream) {
  Open("tcp", "");
  SocketScript& one = Program();
  SocketScript& two = Program();
  Enter(one);
  Enter(two);
  Say(one, "a");
  Say(two, "b");
  EXPECT_EQ(gateway_.streams.size(), 1u);
  FarStream& control = gateway_.control();
  EXPECT_EQ(control.Last(packet::kAgentTcpWrite)->SpecText(spec::kConnectionId), "000002");
  Answer(control, packet::kClientTcpWrite, "000001", "to one");
  EXPECT_EQ(one.written, "to one");
  Answer(control, packet::kClientTcpWrite, "000009", "to nobody");
  one.SayEnd();
  loop_.TurnUntilIdle();
  EXPECT_TRUE(one.closed);
  EXPECT_EQ(control.Count(packet::kAgentConnectionClose), 1u);
  EXPECT_FALSE(control.packets.back().Spec(spec::kFin).has_value());
  Answer(control, packet::kClientTcpWrite, "000002", "still");
  EXPECT_EQ(two.written, "still");
}

TEST_F(ConnectRunTest, OldPeersGetOnePostgresMessagePerPacket) {
  Open("postgres", "");
  SocketScript& one = Program();
  Enter(one);
  postgres::StartupMessage startup;
  startup.parameters = {{"user", "noop"}};
  const std::string start = postgres::BuildStartup(startup),
                    query = postgres::BuildMessage('Q', std::string("select 1\0", 9));
  Say(one, start + query.substr(0, 3));
  Say(one, query.substr(3) + query);
  FarStream& control = gateway_.control();
  ASSERT_EQ(control.Count(packet::kAgentPostgresWrite), 3u);
  EXPECT_EQ(control.Payloads(packet::kAgentPostgresWrite), start + query + query);
  EXPECT_EQ(control.Last(packet::kAgentPostgresWrite)->payload(), query);
}

TEST_F(ConnectRunTest, OldPeersGetNothingThatIsNotPostgres) {
  Open("postgres", "");
  SocketScript& one = Program();
  Enter(one);
  Say(one, "GET / HTTP/1.1\r\n\r\n");
  EXPECT_TRUE(one.closed);
  EXPECT_EQ(gateway_.control().Count(packet::kAgentPostgresWrite), 0u);
  EXPECT_NE(events_.Last(ClientEvent::Kind::kLocalClosed)->Get("error"), "");
  EXPECT_FALSE(result_);
}

TEST_F(ConnectRunTest, OnASharedStreamAStalledReaderIsEndedAndNotItsNeighbours) {
  Open("tcp", "");
  SocketScript& stalled = Program();
  SocketScript& other = Program();
  stalled.room = 0;
  Enter(stalled);
  Enter(other);
  FarStream& control = gateway_.control();
  const std::string piece(64 * limits::kKiB, 'x');
  for (int i = 0; i < 40; ++i) Answer(control, packet::kClientTcpWrite, "000001", piece);
  Answer(control, packet::kClientTcpWrite, "000002", "late");
  EXPECT_EQ(other.written, "");  // behind the stalled one, on the same stream
  loop_.Advance(limits::kSharedStreamStallTime);
  EXPECT_TRUE(stalled.closed && stalled.reset);
  EXPECT_EQ(other.written, "late");
  EXPECT_FALSE(other.closed);
  EXPECT_FALSE(result_);
}

// ---- The end and the next session ----------------------------------------------------------------------------------

TEST_F(ConnectRunTest, AKilledSessionEndsIt) {
  Open("postgres", kNew);
  SocketScript& one = Program();
  Enter(one);
  gateway_.SendClose("session killed by admin", "");
  loop_.TurnUntilIdle();
  ASSERT_TRUE(result_);
  ASSERT_OK(*result_);
  EXPECT_EQ((*result_)->text, "session killed by admin");
  EXPECT_EQ((*result_)->exit_code, 1);
  EXPECT_TRUE(one.closed);
  EXPECT_FALSE(door_.open);
}

TEST_F(ConnectRunTest, ARefusedFirstSessionIsNotTriedAgain) {
  gateway_.dial_status = Unavailable("connect 127.0.0.1:1: refused");
  Start();
  ASSERT_TRUE(result_);
  EXPECT_STATUS(*result_, absl::StatusCode::kUnavailable, "refused");
}

TEST_F(ConnectRunTest, ALostAgentIsTriedAgainOnTheSamePort) {
  Open("postgres", kNew);
  SocketScript& old_program = Program();
  SocketScript& early = Program();
  SocketScript& late = Program();
  Enter(old_program);
  gateway_.SendClose("agent has disconnected", "1", /*retry=*/true);
  loop_.TurnUntilIdle();
  EXPECT_TRUE(old_program.closed && old_program.reset);
  EXPECT_TRUE(door_.open);
  EXPECT_EQ(events_.Count(ClientEvent::Kind::kDisconnected), 1u);
  Enter(early);  // waits for the next session
  EXPECT_FALSE(early.closed);
  loop_.Advance(limits::kReconnectBackoffMin);
  EXPECT_EQ(gateway_.dials, 2);
  gateway_.SendOpenOk("postgres", kNew);
  loop_.TurnUntilIdle();
  EXPECT_EQ(door_.opened, 1);
  EXPECT_NE(gateway_.DataStream("000002"), nullptr);
  Enter(late);
  EXPECT_NE(gateway_.DataStream("000003"), nullptr);
  EXPECT_FALSE(result_);
}

TEST_F(ConnectRunTest, TheNextSessionHasTheTimeThatIsLeft) {
  duration_ = absl::Minutes(10);
  Open("tcp", kNew);
  EXPECT_EQ(gateway_.control().packets.at(0).SpecText(spec::kJitTimeout), "600s");
  loop_.Advance(absl::Minutes(4));
  gateway_.SendClose("agent has disconnected", "1", /*retry=*/true);
  loop_.TurnUntilIdle();
  loop_.Advance(limits::kReconnectBackoffMin);
  const int left = std::stoi(std::string(gateway_.control().packets.at(0).SpecText(spec::kJitTimeout)));
  EXPECT_LE(left, 360);
  EXPECT_GE(left, 358);
}

TEST_F(ConnectRunTest, NoSessionIsTriedAgainWhenItsTimeIsOver) {
  duration_ = absl::Minutes(1);
  Open("tcp", kNew);
  gateway_.SendClose("agent has disconnected", "1", /*retry=*/true);
  loop_.TurnUntilIdle();
  gateway_.dial_status = Unavailable("connect 127.0.0.1:1: refused");
  for (int i = 0; i < 80 && !result_; ++i) loop_.Advance(absl::Seconds(1));
  ASSERT_TRUE(result_);
  EXPECT_STATUS(*result_, absl::StatusCode::kAborted, "reached connection duration");
}

TEST_F(ConnectRunTest, LossesOfOldGatewaysAreKnownByTheirWords) {
  for (const absl::Status& loss : {Unknown("agent has disconnected"), Unknown("gateway shutdown"),
                                   FailedPrecondition("rpc error: code = FailedPrecondition desc = agent is offline"),
                                   FailedPrecondition("agent not found for connection db")}) {
    Open("tcp", "");
    gateway_.control().Finish(loss);
    loop_.TurnUntilIdle();
    EXPECT_FALSE(result_) << loss;
    EXPECT_EQ(events_.Count(ClientEvent::Kind::kDisconnected), 1u) << loss;
    events_.events.clear();
  }
  for (const absl::Status& refusal : {Unknown("session killed by the user"), Cancelled("context canceled")}) {
    Open("tcp", "");
    gateway_.control().Finish(refusal);
    loop_.TurnUntilIdle();
    ASSERT_TRUE(result_) << refusal;
    result_.reset();
  }
}
TEST_F(ConnectRunTest, ABrokenTransportIsTriedAgainForFiveMinutes) {
  Open("tcp", kNew);
  gateway_.dial_status = Unavailable("connect 127.0.0.1:1: refused");
  gateway_.control().Finish(Unavailable("connection lost"));
  loop_.TurnUntilIdle();
  for (absl::Duration waited; waited < limits::kReconnectTimeMax - absl::Seconds(10); waited += absl::Seconds(1)) {
    loop_.Advance(absl::Seconds(1));
    ASSERT_FALSE(result_) << waited;
  }
  // Back-off: never more often than every half of the first step, in the end every four to eight seconds.
  EXPECT_GT(gateway_.dials, 30);
  EXPECT_LT(gateway_.dials, 100);
  EXPECT_EQ(events_.Count(ClientEvent::Kind::kDisconnected), 1u);
  loop_.Advance(absl::Seconds(10));
  loop_.Advance(absl::Seconds(10));
  ASSERT_TRUE(result_);
  EXPECT_STATUS(*result_, absl::StatusCode::kUnavailable, "refused");
  EXPECT_FALSE(door_.open);
}

TEST_F(ConnectRunTest, ARefusalWhileTryingAgainEndsIt) {
  Open("tcp", kNew);
  gateway_.control().Finish(Unavailable("connection lost"));
  loop_.TurnUntilIdle();
  loop_.Advance(limits::kReconnectBackoffMin);
  gateway_.control().Finish(PermissionDenied("no longer for you"));
  loop_.TurnUntilIdle();
  ASSERT_TRUE(result_);
  EXPECT_STATUS(*result_, absl::StatusCode::kPermissionDenied, "no longer");
}

TEST_F(ConnectRunTest, FewProgramsWaitForTheNextSession) {
  Open("tcp", kNew);
  gateway_.dial_status = Unavailable("refused");
  gateway_.control().Finish(Unavailable("connection lost"));
  loop_.TurnUntilIdle();
  auto& programs = programs_;
  for (size_t i = 0; i <= limits::kLocalWaitingMax; ++i) door_.Enter(Program());
  EXPECT_FALSE(programs[limits::kLocalWaitingMax - 1].closed);
  EXPECT_TRUE(programs[limits::kLocalWaitingMax].closed);
}

TEST_F(ConnectRunTest, TurnsProgramsAwayAboveTheBound) {
  Open("tcp", "");
  auto& programs = programs_;
  for (size_t i = 0; i <= limits::kConnectionIdsMax; ++i) door_.Enter(Program());
  loop_.TurnUntilIdle();
  EXPECT_FALSE(programs[limits::kConnectionIdsMax - 1].closed);
  EXPECT_TRUE(programs[limits::kConnectionIdsMax].closed);
  programs[0].Break();
  loop_.TurnUntilIdle();
  SocketScript& next = Program();
  Enter(next);
  EXPECT_FALSE(next.closed);
}

TEST_F(ConnectRunTest, CancelClosesEverything) {
  Open("tcp", kNew);
  SocketScript& one = Program();
  Enter(one);
  run_->Cancel();
  loop_.TurnUntilIdle();
  ASSERT_TRUE(result_);
  EXPECT_STATUS(*result_, absl::StatusCode::kCancelled, "");
  EXPECT_TRUE(one.closed);
  EXPECT_FALSE(door_.open);
  EXPECT_EQ(gateway_.open_channels, 0);
}

}  // namespace
}  // namespace hoop
