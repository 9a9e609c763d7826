#include "net/byte_stream.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <string>

#include "net/descriptor.h"
#include "tests/fakes/manual_clock.h"
#include "tests/support/status_matchers.h"
#include "tests/support/stream_probe.h"

namespace hoop {
namespace {

class ByteStreamTest : public ::testing::Test {
 protected:
  ByteStreamTest() {
    int both[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, both), 0);
    near_ = AdoptSocket(loop_, number_ = both[0], "unix:/near");
    far_ = AdoptSocket(loop_, both[1], "unix:/far");
  }

  ManualClock clock_;
  EventLoop loop_{clock_};
  std::unique_ptr<ByteStream> near_, far_;
  int number_ = -1;
};

TEST_F(ByteStreamTest, MakesTheSocketNonBlockingAndCloseOnExec) {
  EXPECT_TRUE(::fcntl(number_, F_GETFL) & O_NONBLOCK);
  EXPECT_TRUE(::fcntl(number_, F_GETFD) & FD_CLOEXEC);
}

TEST_F(ByteStreamTest, SendsTcpWithoutDelay) {
  const int number = ::socket(AF_INET, SOCK_STREAM, 0);
  const auto stream = AdoptSocket(loop_, number, "127.0.0.1:1");
  int on = 0;
  socklen_t size = sizeof on;
  ASSERT_EQ(::getsockopt(number, IPPROTO_TCP, TCP_NODELAY, &on, &size), 0);
  EXPECT_NE(on, 0);
}

TEST_F(ByteStreamTest, ReadsWhatTheOtherWrote) {
  StreamProbe reader(loop_, std::move(near_)), writer(loop_, std::move(far_));
  iovec pieces[] = {{const_cast<char*>("hello "), 6}, {const_cast<char*>("world"), 5}};
  EXPECT_EQ(writer.stream().Write(pieces, 2).bytes, 11u);
  EXPECT_EQ(reader.ReadUntil("world"), "hello world");
}

TEST_F(ByteStreamTest, AReadWithoutBytesWouldBlock) {
  char buffer[16];
  EXPECT_EQ(near_->Read(buffer, sizeof buffer).kind, IoResult::Kind::kWouldBlock);
}

TEST_F(ByteStreamTest, AFullSocketWouldBlockAndIsWritableOnceRead) {
  const std::string block(1 << 20, 'x');
  StreamProbe writer(loop_, std::move(near_));
  while (writer.Write(block).kind == IoResult::Kind::kBytes) continue;
  writer.stream().WantWrite();
  std::string buffer(8 << 20, 0);
  loop_.Post([&] {
    while (far_->Read(buffer.data(), buffer.size()).kind == IoResult::Kind::kBytes) continue;
  });
  loop_.Run();  // until OnWritable
  EXPECT_EQ(writer.Write("y").kind, IoResult::Kind::kBytes);
}

TEST_F(ByteStreamTest, EndsAfterWhatWasWritten) {
  StreamProbe reader(loop_, std::move(near_)), writer(loop_, std::move(far_));
  writer.Write("last words");
  writer.stream().ShutdownWrite();
  reader.ReadToEnd();
  EXPECT_EQ(reader.read(), "last words");
  EXPECT_OK(reader.error());
  reader.Write("answer");  // the other direction is still there
  EXPECT_EQ(writer.ReadUntil("answer"), "answer");
}

TEST_F(ByteStreamTest, WritingToAClosedPeerIsAnErrorNotASignal) {
  far_.reset();
  StreamProbe writer(loop_, std::move(near_));
  const IoResult result = writer.Write("x");
  EXPECT_EQ(result.kind, IoResult::Kind::kError);
  EXPECT_STATUS(result.status, absl::StatusCode::kUnavailable, "write to unix:/near: Broken pipe");
}

TEST_F(ByteStreamTest, MayBeDestroyedInItsOwnEvent) {
  struct Closer : ByteStream::Events {
    void OnReadable() override { stream.reset(), loop->Stop(); }
    void OnWritable() override { OnReadable(); }
    EventLoop* loop;
    std::unique_ptr<ByteStream> stream;
  } closer;
  closer.loop = &loop_;
  closer.stream = std::move(near_);
  closer.stream->SetEvents(&closer);
  closer.stream->WantRead();
  closer.stream->WantWrite();
  StreamProbe writer(loop_, std::move(far_));
  writer.Write("x");
  loop_.Run();
  EXPECT_EQ(closer.stream, nullptr);
}

}  // namespace
}  // namespace hoop
