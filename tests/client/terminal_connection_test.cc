#include "client/terminal_connection.h"

#include <gtest/gtest.h>

#include <deque>

#include "absl/synchronization/mutex.h"
#include "base/limits/client.h"
#include "base/limits/wire.h"
#include "base/status.h"
#include "client/connect_run.h"
#include "net/event_loop.h"
#include "tests/client/fake_gateway.h"
#include "tests/client/fake_socket.h"
#include "tests/support/status_matchers.h"

namespace hoop {
namespace {

constexpr char kNew[] = "1;streams,chunks,ping";

// A terminal whose keys and screen the test holds.
class FakeTerminal final : public ClientTerminal, public ClientInput, public ClientOutput {
 public:
  absl::Status Begin() override {
    ++begun;
    return begin_status;
  }
  void End() override {
    ++ended;
    shown_at_end = Shown();
    absl::MutexLock lock(&mu_);
    read_at_end = !stopped_;
  }
  TerminalSize Size() override { return size; }
  ClientInput& input() override { return *this; }
  ClientOutput& output() override { return *this; }

  absl::StatusOr<size_t> Read(char* buffer, size_t room) override {
    absl::MutexLock lock(&mu_);
    mu_.Await(absl::Condition(
        +[](FakeTerminal* self) { return self->stopped_ || !self->keys_.empty(); }, this));
    if (keys_.empty()) return 0;
    const size_t count = keys_.front().copy(buffer, room, position_);
    position_ += count;
    if (position_ == keys_.front().size()) {
      keys_.pop_front();
      position_ = 0;
    }
    return count;
  }
  void Stop() override {
    absl::MutexLock lock(&mu_);
    stopped_ = true;
  }
  absl::Status Write(Channel, std::string_view bytes) override {
    absl::MutexLock lock(&mu_);
    mu_.Await(absl::Condition(
        +[](FakeTerminal* self) { return !self->screen_stopped_; }, this));
    shown_ += bytes;
    return write_status;
  }

  void Type(std::string keys) {
    absl::MutexLock lock(&mu_);
    keys_.push_back(std::move(keys));
  }
  void SetScreenStopped(bool stopped) {
    absl::MutexLock lock(&mu_);
    screen_stopped_ = stopped;
  }
  std::string Shown() {
    absl::MutexLock lock(&mu_);
    return shown_;
  }

  TerminalSize size{.rows = 24, .columns = 80};
  absl::Status begin_status, write_status;
  int begun = 0, ended = 0;
  bool read_at_end = false;
  std::string shown_at_end;

 private:
  absl::Mutex mu_;
  std::deque<std::string> keys_;
  size_t position_ = 0;  // in the first of them
  bool stopped_ = false;
  bool screen_stopped_ = false;
  std::string shown_;
};

// A real loop, since keys and screen are on threads; the gateway answers by a script.
class TerminalConnectionTest : public ::testing::Test {
 protected:
  // What the gateway does with each packet of the open session.
  using Script = std::function<void(const Packet&)>;

  absl::StatusOr<SessionResult> Run(std::string_view caps, Script script, ListenOptions options = {}) {
    gateway_.on_stream = [this, caps, script](FarStream& stream) {
      stream.on_packet = [this, caps, script](const Packet& packet) {
        if (packet.type() == packet::kAgentSessionOpen) return gateway_.SendOpenOk(type_, caps);
        if (packet.type() != packet::kKeepAlive) script(packet);
      };
    };
    SessionPlan plan;
    plan.request.connection = "bash";
    absl::StatusOr<SessionResult> result = Internal("no result");
    ConnectRun run(
        loop_, gateway_, plan, options,
        {.listen = [this](const Address& address,
                          ConnectRun::Accepted accepted) { return door_.Listen(address, std::move(accepted)); },
         .terminal = has_terminal_ ? &terminal_ : nullptr,
         .events = events_},
        [&](absl::StatusOr<SessionResult> done) {
          result = std::move(done);
          loop_.Stop();
        });
    run_ = &run;
    run.Start();
    loop_.Run();
    return result;
  }
  void Say(std::string_view bytes, std::string_view type = packet::kClientWriteStdout) {
    gateway_.control().Send(Packet(type, {{spec::kSessionId, kTestSession}}, bytes));
  }
  // The types and payloads that came, keepalives not counted.
  std::vector<std::string> Sent() {
    std::vector<std::string> sent;
    for (const Packet& packet : gateway_.control().packets) {
      if (packet.type() != packet::kKeepAlive) sent.push_back(fmt::format("{} {}", packet.type(), packet.payload()));
    }
    return sent;
  }

  EventLoop loop_{Clock::System()};
  FakeGateway gateway_{loop_};
  FakeDoor door_;
  FakeTerminal terminal_;
  KeptEvents events_;
  ConnectRun* run_ = nullptr;
  bool has_terminal_ = true;
  std::string type_ = "command-line";
  std::unique_ptr<Timer> timer_;
};

TEST_F(TerminalConnectionTest, KeysGoOutAndOutputComesIn) {
  terminal_.Type("exit 7\r");
  const auto result = Run(kNew, [this](const Packet& packet) {
    if (packet.payload() != "exit 7\r") return;
    EXPECT_EQ(packet.type(), packet::kAgentTerminalWriteStdin);
    Say("exit 7\r\n");
    Say("not for a terminal", packet::kClientWriteStderr);
    gateway_.SendClose("failed executing command, reason=exit status 7", "7");
  });
  ASSERT_OK(result);
  EXPECT_EQ(result->exit_code, 7);
  EXPECT_EQ(terminal_.Shown(), "exit 7\r\n");
  EXPECT_EQ(terminal_.begun, 1);
  EXPECT_EQ(terminal_.ended, 1);
  EXPECT_FALSE(terminal_.read_at_end) << "what is typed then is for the next program";
  EXPECT_EQ(terminal_.shown_at_end, "exit 7\r\n") << "what was said last is on the screen before it is given back";
  ASSERT_NE(events_.Last(ClientEvent::Kind::kConnected), nullptr);
  EXPECT_EQ(events_.Last(ClientEvent::Kind::kConnected)->Get("connection_type"), "command-line");
  EXPECT_EQ(door_.opened, 0);
}

TEST_F(TerminalConnectionTest, OurAgentsGetTheSizeBeforeTheStart) {
  EXPECT_OK(Run(kNew, [this](const Packet& packet) {
    if (packet.type() != packet::kAgentTerminalWriteStdin) return;
    Say("$ ");
    gateway_.SendClose("", "0");
  }));
  EXPECT_EQ(Sent(), (std::vector<std::string>{"AgentSessionOpen ", "AgentTerminalResizeTTY 24,80,0,0",
                                              "AgentTerminalWriteStdin \n"}));
  for (const Packet& packet : gateway_.control().packets) EXPECT_EQ(packet.spec_size(), 0u);
}

TEST_F(TerminalConnectionTest, OldAgentsGetTheSizeBehindItAndAgainWithTheFirstOutput) {
  int sizes = 0;
  EXPECT_OK(Run("", [&](const Packet& packet) {
    if (packet.type() == packet::kAgentTerminalWriteStdin) Say("$ ");
    if (packet.type() == packet::kAgentTerminalResize && ++sizes == 2) gateway_.SendClose("", "0");
  }));
  EXPECT_EQ(Sent(), (std::vector<std::string>{"AgentSessionOpen ", "AgentTerminalWriteStdin \n",
                                              "AgentTerminalResizeTTY 24,80,0,0", "AgentTerminalResizeTTY 24,80,0,0"}));
}

TEST_F(TerminalConnectionTest, AnotherSizeIsSaid) {
  EXPECT_OK(Run(kNew, [this](const Packet& packet) {
    if (packet.type() == packet::kAgentTerminalWriteStdin) {
      terminal_.size = {.rows = 50, .columns = 132};
      run_->OnTerminalResized();
    }
    if (packet.payload() == "50,132,0,0") gateway_.SendClose("", "0");
  }));
}

TEST_F(TerminalConnectionTest, ApplicationIsACommandLineOf2024) {
  type_ = "application";
  EXPECT_OK(Run("", [this](const Packet&) { gateway_.SendClose("", "0"); }));
  EXPECT_EQ(terminal_.ended, 1);
}

TEST_F(TerminalConnectionTest, WithoutATerminalTheSessionIsClosedAgain) {
  has_terminal_ = false;
  EXPECT_STATUS(Run(kNew, [](const Packet&) {}), absl::StatusCode::kFailedPrecondition, "needs a terminal");
  EXPECT_EQ(gateway_.open_channels, 0);
}

TEST_F(TerminalConnectionTest, ATerminalThatCannotBeTakenClosesTheSessionAgain) {
  terminal_.begin_status = FailedPrecondition("could not allocate a tty");
  EXPECT_STATUS(Run(kNew, [](const Packet&) {}), absl::StatusCode::kFailedPrecondition, "could not allocate a tty");
  EXPECT_EQ(terminal_.ended, 0) << "it was not taken";
  EXPECT_EQ(gateway_.open_channels, 0);
}

TEST_F(TerminalConnectionTest, ALostGatewayGivesTheTerminalBackAndIsNotTriedAgain) {
  EXPECT_STATUS(Run(kNew,
                    [this](const Packet& packet) {
                      if (packet.type() != packet::kAgentTerminalWriteStdin) return;
                      Say("half a li");
                      gateway_.control().Finish(Unavailable("gone"));
                    }),
                absl::StatusCode::kUnavailable, "gone");
  EXPECT_EQ(terminal_.ended, 1);
  EXPECT_EQ(terminal_.shown_at_end, "half a li");
  EXPECT_EQ(gateway_.dials, 1);
  EXPECT_EQ(events_.Count(ClientEvent::Kind::kDisconnected), 0u);
}

TEST_F(TerminalConnectionTest, ATerminalThatHungUpEndsTheSession) {
  terminal_.Stop();
  EXPECT_STATUS(Run(kNew, [](const Packet&) {}), absl::StatusCode::kAborted, "the terminal hung up");
  EXPECT_EQ(terminal_.ended, 1);
}

TEST_F(TerminalConnectionTest, AScreenThatTakesNothingEndsTheSession) {
  terminal_.write_status = DataLoss("EIO");
  EXPECT_STATUS(Run(kNew,
                    [this](const Packet& packet) {
                      if (packet.type() == packet::kAgentTerminalWriteStdin) Say("x");
                    }),
                absl::StatusCode::kDataLoss, "EIO");
  EXPECT_EQ(terminal_.ended, 1);
}

TEST_F(TerminalConnectionTest, CancelGivesTheTerminalBackWhateverIsStillToBeShown) {
  terminal_.SetScreenStopped(true);
  EXPECT_STATUS(Run(kNew,
                    [this](const Packet& packet) {
                      if (packet.type() != packet::kAgentTerminalWriteStdin) return;
                      Say("never shown");
                      loop_.Post([this] {
                        run_->Cancel();
                        EXPECT_EQ(terminal_.ended, 1);
                        terminal_.SetScreenStopped(false);
                      });
                    }),
                absl::StatusCode::kCancelled, "cancelled");
}

TEST_F(TerminalConnectionTest, AScreenThatStandsStillHoldsTheSessionBack) {
  terminal_.SetScreenStopped(true);
  const std::string chunk(limits::kChunkBytesMax, 'x');
  size_t said = 0;
  std::function<void()> fill = [&] {
    // As long as the client reads; then its window is full.
    if (said < 64 && gateway_.control().queued_bytes() < 8 * chunk.size()) {
      Say(chunk);
      ++said;
      timer_ = loop_.After(absl::ZeroDuration(), [&] { fill(); });
      return;
    }
    EXPECT_LT(said, 64u) << "somebody takes it all";
    terminal_.SetScreenStopped(false);
    gateway_.SendClose("", "0");
  };
  EXPECT_OK(Run(kNew, [&](const Packet& packet) {
    if (packet.type() == packet::kAgentTerminalWriteStdin) fill();
  }));
  EXPECT_EQ(terminal_.Shown().size(), said * chunk.size());
}

TEST_F(TerminalConnectionTest, TenMegabytesPastedArriveWhole) {
  std::string pasted(10 * limits::kMiB, '\0');
  for (size_t i = 0; i < pasted.size(); ++i) pasted[i] = static_cast<char>(i * 7 + i / 251);
  terminal_.Type(pasted);
  size_t arrived = 0;
  bool begun = false, same = true;
  EXPECT_OK(Run("", [&](const Packet& packet) {
    if (packet.type() != packet::kAgentTerminalWriteStdin) return;
    if (!std::exchange(begun, true)) return;  // starts the command
    same = same && pasted.compare(arrived, packet.payload().size(), packet.payload()) == 0;
    EXPECT_LE(packet.payload().size(), limits::kOldReadBytesMax) << "as old agents want it";
    arrived += packet.payload().size();
    if (arrived == pasted.size()) gateway_.SendClose("", "0");
  }));
  EXPECT_EQ(arrived, pasted.size());
  EXPECT_TRUE(same);
}

TEST_F(TerminalConnectionTest, APortThatIsTakenCostsNoSession) {
  door_.status = FailedPrecondition("listen on 127.0.0.1:5433: Address already in use");
  EXPECT_STATUS(Run(kNew, [](const Packet&) {}, {.port = 5433}), absl::StatusCode::kFailedPrecondition,
                "already in use");
  EXPECT_EQ(gateway_.dials, 0);
}

}  // namespace
}  // namespace hoop
