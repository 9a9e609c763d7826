#include "client/exec_run.h"

#include <gtest/gtest.h>

#include <atomic>

#include "absl/synchronization/notification.h"
#include "base/limits/wire.h"
#include "base/status.h"
#include "hoop/clock.h"
#include "net/event_loop.h"
#include "tests/client/fake_gateway.h"
#include "tests/support/status_matchers.h"

namespace hoop {
namespace {

class TestInput final : public ClientInput {
 public:
  explicit TestInput(std::string text) : text_(std::move(text)) {}
  absl::StatusOr<size_t> Read(char* buffer, size_t size) override {
    if (!error.ok()) return error;
    const size_t count = stopped ? 0 : std::min(size, text_.size() - position_);
    text_.copy(buffer, count, position_);
    position_ += count;
    return count;
  }
  void Stop() override { stopped = true; }
  absl::Status error;
  std::atomic<bool> stopped = false;

 private:
  const std::string text_;
  size_t position_ = 0;
};

class TestOutput final : public ClientOutput {
 public:
  absl::Status Write(Channel channel, std::string_view bytes) override {
    if (gate != nullptr) gate->WaitForNotification();
    (channel == Channel::kStdout ? out : err) += bytes;
    return error;
  }
  std::string out, err;
  absl::Status error;
  absl::Notification* gate = nullptr;
};

// A real loop, since input and output are on threads; the gateway answers by a script.
class ExecRunTest : public ::testing::Test {
 protected:
  // What the gateway does with the command's first input.
  void OnInput(std::string_view caps, std::function<void(FarStream&)> then) {
    gateway_.on_stream = [this, caps, then](FarStream& stream) {
      stream.on_packet = [this, caps, then, &stream](const Packet& packet) {
        if (packet.type() == packet::kAgentSessionOpen) gateway_.SendOpenOk("command-line", caps);
        const bool last = !packet.Spec(spec::kMore).has_value();
        if (packet.type() == packet::kAgentExecWriteStdin && last) then(stream);
      };
    };
  }
  void Say(std::string_view type, std::string_view bytes) {
    gateway_.control().Send(Packet(type, {{spec::kSessionId, kTestSession}}, bytes));
  }
  absl::StatusOr<SessionResult> Run(const std::string& input_text, bool cancel = false) {
    TestInput input(input_text);
    input.error = input_error_;
    SessionPlan plan;
    plan.request = {.connection = "bash", .args = {"-x"}};
    plan.keep_alive_at_once = true;
    absl::StatusOr<SessionResult> result = Internal("no result");
    ExecRun run(loop_, gateway_, plan, {input, output_, events_}, [&](absl::StatusOr<SessionResult> done) {
      result = std::move(done);
      loop_.Stop();
    });
    run.Start();
    if (cancel) loop_.Post([&run] { run.Cancel(); });
    loop_.Run();
    return result;
  }

  EventLoop loop_{Clock::System()};
  FakeGateway gateway_{loop_};
  TestOutput output_;
  KeptEvents events_;
  absl::Status input_error_;
  std::unique_ptr<Timer> timer_holder_;
};

TEST_F(ExecRunTest, KeepsOutputAndErrorsApartAndTakesTheExitCode) {
  OnInput("", [this](FarStream&) {
    Say(packet::kClientWriteStdout, "out1 ");
    Say(packet::kClientWriteStderr, "err");
    Say(packet::kClientWriteStdout, "out2");
    gateway_.SendClose("failed executing command, reason=exit status 3", "3");
  });
  const auto result = Run("script");
  ASSERT_OK(result);
  EXPECT_EQ(result->exit_code, 3);
  EXPECT_EQ(result->text, "failed executing command, reason=exit status 3");
  EXPECT_EQ(output_.out, "out1 out2");
  EXPECT_EQ(output_.err, "err");
  ASSERT_NE(events_.Last(ClientEvent::Kind::kRunning), nullptr);
  EXPECT_EQ(events_.Last(ClientEvent::Kind::kRunning)->Get("session_id"), kTestSession);
}

TEST_F(ExecRunTest, SendsInputWithTheOpenAndAgainAsRealClientsDo) {
  OnInput("", [this](FarStream& stream) {
    const Packet* input = stream.Last(packet::kAgentExecWriteStdin);
    EXPECT_EQ(input->payload(), "script");
    EXPECT_EQ(input->SpecText(spec::kSessionId), kTestSession);
    EXPECT_TRUE(input->Spec(spec::kTerminalArgs).has_value());
    EXPECT_EQ(stream.Payloads(packet::kAgentSessionOpen), "script");
    gateway_.SendClose("", "0");
  });
  EXPECT_EQ(Run("script")->exit_code, 0);
  EXPECT_GE(gateway_.control().Count(packet::kKeepAlive), 1u);
}

TEST_F(ExecRunTest, EmptyInputStillStartsTheCommand) {
  OnInput("", [this](FarStream&) { gateway_.SendClose("", "0"); });
  EXPECT_OK(Run(""));
}

TEST_F(ExecRunTest, SmallInputIsOnePacketForNewPeersToo) {
  OnInput("1;streams,chunks", [this](FarStream& stream) {
    EXPECT_EQ(stream.Payloads(packet::kAgentExecWriteStdin), "script");
    EXPECT_EQ(stream.Count(packet::kAgentExecWriteStdin), 1u);
    gateway_.SendClose("", "0");
  });
  EXPECT_OK(Run("script"));
}

TEST_F(ExecRunTest, StreamsInputThatDoesNotFitOneMessage) {
  const std::string large(limits::kMessageSendBytesMax + 12345, 'x');
  OnInput("1;streams,chunks", [&](FarStream& stream) {
    EXPECT_EQ(stream.Payloads(packet::kAgentSessionOpen), "");
    EXPECT_EQ(stream.Payloads(packet::kAgentExecWriteStdin).size(), large.size());
    for (const Packet& packet : stream.packets) EXPECT_LE(packet.payload().size(), limits::kChunkBytesMax);
    gateway_.SendClose("", "0");
  });
  EXPECT_OK(Run(large));
}

TEST_F(ExecRunTest, RefusesLargeInputForOldPeers) {
  OnInput("", [](FarStream&) { FAIL() << "input was sent"; });
  EXPECT_STATUS(Run(std::string(limits::kMessageSendBytesMax, 'x')), absl::StatusCode::kResourceExhausted, "larger");
}

TEST_F(ExecRunTest, MissingCodeIs254) {
  OnInput("", [this](FarStream&) { gateway_.SendClose("broken", ""); });
  EXPECT_EQ(Run("")->exit_code, 254);
}

TEST_F(ExecRunTest, KilledCommandIs255) {
  OnInput("", [this](FarStream&) { gateway_.SendClose("failed executing command, reason=signal: killed", "-1"); });
  EXPECT_EQ(Run("")->exit_code, 255);
}

TEST_F(ExecRunTest, RefusalIsAStatus) {
  gateway_.on_stream = [](FarStream& stream) {
    stream.on_packet = [&stream](const Packet&) { stream.Finish(PermissionDenied("not for you")); };
  };
  EXPECT_STATUS(Run(""), absl::StatusCode::kPermissionDenied, "not for you");
}

// As gateways of ours say that an agent is away: no result of a command.
TEST_F(ExecRunTest, WhatMayWorkLaterAndDidNotBeginIsAStatus) {
  gateway_.on_stream = [](FarStream& stream) {
    stream.on_packet = [&stream](const Packet& packet) {
      if (packet.type() != packet::kAgentSessionOpen) return;
      stream.Send(Packet(packet::kClientSessionClose, {{spec::kExitCode, "1"}, {spec::kRetry, "1"}}, "away"));
    };
  };
  EXPECT_STATUS(Run(""), absl::StatusCode::kUnavailable, "away");
}

TEST_F(ExecRunTest, LostGatewayIsNotTriedAgain) {
  OnInput("", [](FarStream& stream) { stream.Finish(Unavailable("connection lost")); });
  EXPECT_STATUS(Run(""), absl::StatusCode::kUnavailable, "connection lost");
  EXPECT_EQ(gateway_.dials, 1);
}

TEST_F(ExecRunTest, BrokenInputEndsIt) {
  input_error_ = Unavailable("disk");
  EXPECT_STATUS(Run("x"), absl::StatusCode::kUnavailable, "input: disk");
  EXPECT_EQ(gateway_.dials, 0);
}

TEST_F(ExecRunTest, BrokenOutputEndsTheSession) {
  output_.error = Unavailable("nobody reads");
  OnInput("", [this](FarStream&) { Say(packet::kClientWriteStdout, "x"); });
  EXPECT_STATUS(Run(""), absl::StatusCode::kUnavailable, "nobody reads");
}

TEST_F(ExecRunTest, CancelEndsItAtOnce) {
  EXPECT_STATUS(Run("", /*cancel=*/true), absl::StatusCode::kCancelled, "cancelled");
}

TEST_F(ExecRunTest, StopsReadingTheSessionWhileOutputIsNotTaken) {
  absl::Notification gate;
  output_.gate = &gate;
  const size_t total = 8 * limits::kMiB;
  OnInput("", [&](FarStream& stream) {
    for (size_t sent = 0; sent < total; sent += 64 * limits::kKiB) {
      Say(packet::kClientWriteStdout, std::string(64 * limits::kKiB, 'o'));
    }
    gateway_.SendClose("", "0");
    // By then the client has taken what it may; the rest waits on the gateway's side.
    auto later = loop_.After(absl::Milliseconds(1), [&] {
      EXPECT_GT(stream.queued_bytes(), 4 * limits::kMiB);
      gate.Notify();
    });
    timer_holder_ = std::move(later);
  });
  ASSERT_OK(Run(""));
  EXPECT_EQ(output_.out.size(), total);
}

}  // namespace
}  // namespace hoop
