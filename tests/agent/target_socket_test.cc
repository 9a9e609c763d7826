// The order of a target's end that a real socket shows only now and then: the write fails while words still wait.
#include "agent/connectors/target_socket.h"

#include <gtest/gtest.h>

#include <deque>

#include "net/event_loop.h"
#include "tests/support/status_matchers.h"
#include "transport/memory_stream.h"

namespace hoop {
namespace {

// Takes nothing; has `results` to read.
class BrokenPipe final : public ByteStream {
 public:
  BrokenPipe(EventLoop& loop, std::deque<std::pair<IoResult, std::string>> results)
      : loop_(loop), results_(std::move(results)) {}

  void SetEvents(Events* events) override { events_ = events; }
  void WantRead() override {
    if (!results_.empty()) loop_.Post([this] { events_->OnReadable(); });
  }
  void StopRead() override {}
  void WantWrite() override {}
  IoResult Read(char* buffer, size_t /*size*/) override {
    auto [result, text] = std::move(results_.front());
    results_.pop_front();
    result.bytes = text.copy(buffer, text.size());
    return result;
  }
  IoResult Write(const iovec* /*pieces*/, int /*count*/) override {
    return {.kind = IoResult::Kind::kError, .status = absl::UnavailableError("broken pipe")};
  }
  void ShutdownWrite() override {}
  void ResetOnClose() override {}
  const std::string& peer() const override { return peer_; }

 private:
  EventLoop& loop_;
  std::deque<std::pair<IoResult, std::string>> results_;
  Events* events_ = nullptr;
  const std::string peer_ = "target";
};

class NoTrunk final : public Trunk {
 public:
  void Send(Packet /*packet*/) override {}
  size_t queued_bytes() const override { return 0; }
  void HoldReading() override {}
  void ReleaseReading() override {}
  void Linger(std::unique_ptr<PacketStream> /*stream*/) override {}
};

class TargetSocketTest : public ::testing::Test, protected TargetSocket::Events, protected Line::User {
 protected:
  // Writes "hello" to a target that is to be read as `results`, and waits for its end.
  void RunWith(std::deque<std::pair<IoResult, std::string>> results) {
    line.SetUser(*this);
    TargetSocket socket(loop, std::make_unique<BrokenPipe>(loop, std::move(results)), line, *this);
    socket.Write("hello");
    loop.Run();
  }

  void OnTargetBytes(std::string_view bytes) override { said += bytes; }
  void OnTargetEnd() override { loop.Stop(); }
  void OnTargetBroken(const absl::Status& why) override {
    end = why;
    loop.Stop();
  }
  void OnLinePacket(Packet /*packet*/) override {}
  void OnLineDrained() override {}
  void OnLineEnd(const absl::Status& /*status*/) override {}

  EventLoop loop{Clock::System()};
  NoTrunk trunk;
  MemoryStreamPair streams = MakeMemoryStreamPair(loop, {});
  Line line{loop, trunk, "sid-1", "000001", std::move(streams.dialling)};
  std::string said;
  absl::Status end;
};

TEST_F(TargetSocketTest, IsHeardOutAfterAWriteThatFailed) {
  RunWith({{{.kind = IoResult::Kind::kWouldBlock}, ""},
           {{.kind = IoResult::Kind::kBytes}, "we are "},
           {{.kind = IoResult::Kind::kBytes}, "closing"},
           {{.kind = IoResult::Kind::kEnd}, ""}});
  EXPECT_EQ(said, "we are closing");
  EXPECT_STATUS(end, absl::StatusCode::kUnavailable, "broken pipe");
}

TEST_F(TargetSocketTest, SaysTheErrorOfItsReadWhenThatComesAfterTheWrites) {
  RunWith({{{.kind = IoResult::Kind::kWouldBlock}, ""},
           {{.kind = IoResult::Kind::kError, .status = absl::UnauthenticatedError("TLS alert")}, ""}});
  EXPECT_STATUS(end, absl::StatusCode::kUnauthenticated, "TLS alert");
}

}  // namespace
}  // namespace hoop
