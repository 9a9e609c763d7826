#include "rest/http_connection.h"

#include <deque>
#include <map>
#include <random>

#include "base/limits/http.h"
#include "base/limits/listener.h"
#include "base/status.h"
#include "gtest/gtest.h"
#include "tests/fakes/manual_loop.h"
#include "tests/fakes/waiting_loop.h"

namespace hoop::rest {
namespace {

// The near end of a socket whose far end is the test.
class PlayedStream final : public ByteStream {
 public:
  struct Far {
    std::string to_server, from_server;
    bool finished = false;      // the test sends no more
    bool broken = false;        // and reads no more
    bool server_ended = false;  // the server sends no more
    bool reset = false;
    bool closed = false;
    bool trusted = false;
    size_t takes = SIZE_MAX;  // bytes that the socket takes before it blocks
    Events* events = nullptr;
    bool wants_read = false, wants_write = false;
  };
  explicit PlayedStream(Far& far) : far_(far) {}
  ~PlayedStream() override { far_.closed = true; }

  void SetEvents(Events* events) override { far_.events = events; }
  void WantRead() override { far_.wants_read = true; }
  void StopRead() override { far_.wants_read = false; }
  void WantWrite() override { far_.wants_write = true; }
  IoResult Read(char* buffer, size_t size) override {
    if (far_.to_server.empty()) {
      if (far_.broken) return {.kind = IoResult::Kind::kError, .status = Unavailable("connection reset by peer")};
      return {.kind = far_.finished ? IoResult::Kind::kEnd : IoResult::Kind::kWouldBlock};
    }
    const size_t count = far_.to_server.copy(buffer, size);
    far_.to_server.erase(0, count);
    return {.kind = IoResult::Kind::kBytes, .bytes = count};
  }
  IoResult Write(const iovec* pieces, int) override {
    const size_t count = std::min(pieces[0].iov_len, far_.takes);
    if (count == 0) return {.kind = IoResult::Kind::kWouldBlock};
    far_.from_server.append(static_cast<const char*>(pieces[0].iov_base), count);
    if (far_.takes != SIZE_MAX) far_.takes -= count;
    return {.kind = IoResult::Kind::kBytes, .bytes = count};
  }
  void ShutdownWrite() override { far_.server_ended = true; }
  void ResetOnClose() override { far_.reset = true; }
  void Trust() override { far_.trusted = true; }
  const std::string& peer() const override { return peer_; }

 private:
  Far& far_;
  const std::string peer_ = "test";
};

class HttpConnectionTest : public ::testing::Test, public HttpConnection::Owner {
 protected:
  HttpConnectionTest() { Open(); }

  void Open() {
    connection_.reset();  // the stream of the one before says that it is closed
    far_ = PlayedStream::Far();
    connection_ =
        std::make_unique<HttpConnection>(loop_, *this, 1, std::make_unique<PlayedStream>(far_), common_headers_);
    connection_->Start();
  }
  void Send(const std::string& bytes) {
    far_.to_server += bytes;
    Pump();
  }
  void Finish() {
    far_.finished = true;
    Pump();
  }
  void Pump() {
    while (!far_.closed && far_.wants_read && (!far_.to_server.empty() || far_.finished)) {
      far_.wants_read = false;
      far_.events->OnReadable();
      loop_.TurnUntilIdle();
    }
    loop_.TurnUntilIdle();
  }
  // All answers, and then the far end of the wire is empty again.
  std::string Received() { return std::exchange(far_.from_server, ""); }

  void OnHead(uint64_t, RequestHead head) override {
    heads_.push_back(head);
    if (body_bytes_max_ >= head.content_length) return connection_->ReadBody();
    connection_->Answer(Refusal(413, "the body is too large"));
  }
  void OnBody(uint64_t, std::string body) override {
    bodies_.push_back(std::move(body));
    if (answers_) connection_->Answer(answer_);
  }
  void OnPartWanted(uint64_t) override { ++parts_wanted_; }
  void OnClosed(uint64_t) override { loop_.DestroyLater(std::move(connection_)); }

  ManualClock clock_;
  ManualLoop loop_{clock_};
  const std::string common_headers_ = "Server: test\r\n";
  PlayedStream::Far far_;
  std::unique_ptr<HttpConnection> connection_;
  std::vector<RequestHead> heads_;
  std::vector<std::string> bodies_;
  int parts_wanted_ = 0;
  size_t body_bytes_max_ = 100;
  bool answers_ = true;
  Response answer_{.content_type = "text/plain", .body = "hi"};
};

class NoSource final : public BodySource {
 public:
  absl::StatusOr<std::string> Next() override { return Unimplemented("the owner asks"); }
};

const std::string kGet = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

TEST_F(HttpConnectionTest, AnswersOneRequestAfterTheOther) {
  Send(kGet + kGet + "POST /b HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc" + kGet);
  EXPECT_EQ(heads_.size(), 4u);
  EXPECT_EQ(bodies_, (std::vector<std::string>{"", "", "abc", ""}));
  const std::string answers = Received();
  EXPECT_EQ(answers.find("HTTP/1.1 200 OK\r\nDate: Tue, 14 Nov 2023 22:30:00 GMT\r\nServer: test\r\n"), 0u);
  EXPECT_NE(answers.find("Content-Type: text/plain\r\nContent-Length: 2\r\n\r\nhiHTTP/1.1 200 OK"), std::string::npos);
  EXPECT_FALSE(far_.closed);
}

TEST_F(HttpConnectionTest, ABodyWithASourceGoesInChunksAsItIsTaken) {
  answer_ = {.content_type = "text/plain", .source = std::make_shared<NoSource>()};
  Send(kGet + kGet);
  EXPECT_NE(Received().find("Content-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n"), std::string::npos);
  EXPECT_EQ(parts_wanted_, 1);
  far_.takes = 3;
  connection_->Continue("0123456789");
  EXPECT_EQ(Received(), "a\r\n");
  EXPECT_EQ(parts_wanted_, 1);  // the peer has not taken the last one
  far_.takes = SIZE_MAX;
  far_.events->OnWritable();
  EXPECT_EQ(Received(), "0123456789\r\n");
  EXPECT_EQ(parts_wanted_, 2);
  loop_.Advance(limits::kHttpWriteTime * 2);  // making it may take as long as it takes
  connection_->Continue("");
  loop_.TurnUntilIdle();
  EXPECT_EQ(Received().find("0\r\n\r\nHTTP/1.1 200 OK"), 0u);
  EXPECT_EQ(heads_.size(), 2u);
}

TEST_F(HttpConnectionTest, WhoKnowsNoChunksGetsTheBodyAndTheEnd) {
  answer_ = {.source = std::make_shared<NoSource>()};
  Send("GET / HTTP/1.0\r\n\r\n");
  EXPECT_EQ(Received().find("Transfer-Encoding"), std::string::npos);
  connection_->Continue("abc");
  connection_->Continue("");
  EXPECT_EQ(Received(), "abc");
  EXPECT_TRUE(far_.server_ended);
}

TEST_F(HttpConnectionTest, ABodyThatBreaksOffIsReset) {
  answer_ = {.source = std::make_shared<NoSource>()};
  Send(kGet);
  connection_->Continue("abc");
  connection_->Abort();
  EXPECT_TRUE(far_.reset);
}

TEST_F(HttpConnectionTest, ThousandsOfRequestsAheadNeedNoStack) {
  std::string many;
  for (int i = 0; i < 20000; ++i) many += kGet;
  Send(many);
  EXPECT_EQ(heads_.size(), 20000u);
}

TEST_F(HttpConnectionTest, ReadsNothingWhileARequestIsAnswered) {
  answers_ = false;
  Send(kGet);
  EXPECT_FALSE(far_.wants_read);
  Send(kGet);
  EXPECT_EQ(heads_.size(), 1u);
  connection_->Answer(answer_);
  Pump();
  EXPECT_EQ(heads_.size(), 2u);
}

TEST_F(HttpConnectionTest, WhoIsWatchedIsSeenLeavingBeforeTheAnswer) {
  answers_ = false;
  Send(kGet);
  connection_->Watch();
  EXPECT_FALSE(connection_->peer_finished());
  Finish();
  EXPECT_TRUE(connection_->peer_finished());
  EXPECT_FALSE(far_.closed);  // he may read still
  connection_->Answer(answer_);
  loop_.TurnUntilIdle();
  EXPECT_EQ(Received().find("HTTP/1.1 200 "), 0u);
  EXPECT_TRUE(far_.closed);
}

TEST_F(HttpConnectionTest, WhoIsWatchedAndGoneIsClosed) {
  answers_ = false;
  Send(kGet);
  connection_->Watch();
  far_.broken = true;
  Finish();
  EXPECT_TRUE(far_.closed);
}

TEST_F(HttpConnectionTest, WhoIsWatchedAndSaysMoreIsReadOnce) {
  answers_ = false;
  Send(kGet);
  connection_->Watch();
  Send(kGet);
  EXPECT_FALSE(far_.wants_read);
  EXPECT_EQ(heads_.size(), 1u);
  connection_->Answer(answer_);
  Pump();
  EXPECT_EQ(heads_.size(), 2u);
  Finish();
  EXPECT_FALSE(connection_->peer_finished());  // the second request is not watched
}

TEST_F(HttpConnectionTest, HeadRequestsGetNoBody) {
  Send("HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  const std::string answer = Received();
  EXPECT_NE(answer.find("Content-Length: 2\r\n"), std::string::npos);
  EXPECT_EQ(answer.substr(answer.size() - 4), "\r\n\r\n");
  EXPECT_TRUE(far_.server_ended);
}

TEST_F(HttpConnectionTest, SaysContinueWhenAsked) {
  Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(Received(), "HTTP/1.1 100 Continue\r\n\r\n");
  Send("ab");
  EXPECT_EQ(bodies_, std::vector<std::string>{"ab"});
}

TEST_F(HttpConnectionTest, ARefusedBodyEndsTheConnectionAfterTheAnswer) {
  Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 101\r\n\r\n" + kGet);
  const std::string answer = Received();
  EXPECT_EQ(answer.find("HTTP/1.1 413 "), 0u);
  EXPECT_NE(answer.find("Connection: close\r\n"), std::string::npos);
  EXPECT_TRUE(far_.server_ended);
  EXPECT_EQ(heads_.size(), 1u);  // what stands in the body's place is never a request
  EXPECT_FALSE(far_.closed);     // the peer may finish its sentence
  Finish();
  EXPECT_TRUE(far_.closed);
}

TEST_F(HttpConnectionTest, APeerThatNeverFinishesIsCutOff) {
  Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 999999999\r\n\r\n");
  Send(std::string(limits::kHttpLingerBytesMax + 1, 'x'));
  EXPECT_TRUE(far_.closed);
  Open();
  Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 999999999\r\n\r\n");
  loop_.Advance(limits::kHttpLingerTime);
  EXPECT_TRUE(far_.closed);
}

TEST_F(HttpConnectionTest, ASlowHeadIsToldSo) {
  Send("GET / HT");
  loop_.Advance(limits::kPreAuthTime);
  EXPECT_EQ(Received().find("HTTP/1.1 408 "), 0u);
  EXPECT_TRUE(far_.server_ended);
}

TEST_F(HttpConnectionTest, AHeadByteByByteDoesNotMoveItsDeadline) {
  for (int i = 0; i < 9; ++i) {
    Send("G");
    loop_.Advance(limits::kPreAuthTime / 10);
  }
  EXPECT_EQ(Received(), "");
  Send("G");
  loop_.Advance(limits::kPreAuthTime / 10);
  EXPECT_EQ(Received().find("HTTP/1.1 408 "), 0u);
}

TEST_F(HttpConnectionTest, ASlowBodyIsToldSo) {
  Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nab");
  loop_.Advance(limits::kHttpBodyTime);
  EXPECT_EQ(Received().find("HTTP/1.1 408 "), 0u);
}

TEST_F(HttpConnectionTest, SilentConnectionsEnd) {
  loop_.Advance(limits::kPreAuthTime);
  EXPECT_TRUE(far_.closed);
  Open();
  Send(kGet);
  loop_.Advance(limits::kHttpIdleTime - absl::Seconds(1));
  EXPECT_FALSE(far_.closed);
  loop_.Advance(absl::Seconds(1));
  EXPECT_TRUE(far_.closed);
}

TEST_F(HttpConnectionTest, APeerThatTakesNoAnswerIsReset) {
  far_.takes = 10;
  Send(kGet);
  EXPECT_TRUE(far_.wants_write);
  loop_.Advance(limits::kHttpWriteTime);
  EXPECT_TRUE(far_.reset);
  EXPECT_TRUE(far_.closed);
}

TEST_F(HttpConnectionTest, AnAnswerThatTricklesOutHasNoMoreTime) {
  answer_.body = std::string(200 * 1024, 'x');
  far_.takes = 10;
  Send(kGet);
  for (int i = 1; i < 30; ++i) {
    loop_.Advance(limits::kHttpWriteTime / 30);
    far_.takes = 10;
    far_.events->OnWritable();
  }
  EXPECT_FALSE(far_.closed);
  loop_.Advance(limits::kHttpWriteTime / 30);
  EXPECT_TRUE(far_.closed);
}

TEST_F(HttpConnectionTest, AnAnswerThatIsTakenInPartsHasItsTimeForEach) {
  answer_.body = std::string(10 * limits::kHttpWritePartBytes, 'x');
  far_.takes = limits::kHttpWritePartBytes;
  Send(kGet);
  for (int part = 0; part < 9; ++part) {
    loop_.Advance(limits::kHttpWriteTime - absl::Milliseconds(1));
    far_.takes = limits::kHttpWritePartBytes;
    far_.events->OnWritable();
  }
  EXPECT_FALSE(far_.closed);
}

TEST_F(HttpConnectionTest, AnAnswerGoesOnWhenTheSocketTakesMore) {
  far_.takes = 10;
  Send(kGet);
  far_.takes = SIZE_MAX;
  far_.events->OnWritable();
  loop_.TurnUntilIdle();
  EXPECT_EQ(Received().substr(0, 15), "HTTP/1.1 200 OK");
}

TEST_F(HttpConnectionTest, HalfARequestIsRefused) {
  Send("GET / HTTP/1.1\r\nHo");
  Finish();
  EXPECT_EQ(Received().find("HTTP/1.1 400 "), 0u);
  EXPECT_TRUE(far_.closed);
  Open();
  Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nab");
  Finish();
  EXPECT_EQ(Received().find("HTTP/1.1 400 "), 0u);
}

TEST_F(HttpConnectionTest, DrainEndsIdleConnectionsAtOnceAndOthersAfterTheirAnswer) {
  connection_->Drain();
  loop_.TurnUntilIdle();
  EXPECT_TRUE(far_.closed);
  Open();
  answers_ = false;
  Send(kGet);
  connection_->Drain();
  EXPECT_FALSE(far_.closed);
  connection_->Answer(answer_);
  EXPECT_NE(Received().find("Connection: close\r\n"), std::string::npos);
}

TEST_F(HttpConnectionTest, RandomBytesGetOneAnswerEachAndNeverARequest) {
  std::mt19937 random(7);
  for (int i = 0; i < 1000; ++i) {
    Open();
    std::string bytes;
    for (size_t left = 1 + random() % 2000; left > 0; --left) bytes += static_cast<char>(random());
    Send(bytes);
    Finish();
    EXPECT_EQ(Received().find("HTTP/1.1 4"), 0u) << i;
    EXPECT_TRUE(far_.closed) << i;
  }
  EXPECT_TRUE(heads_.empty());
}

TEST_F(HttpConnectionTest, CutRequestsNeverCrash) {
  const std::string request =
      "POST /a?b=%20 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\nabc";
  for (size_t size = 1; size < request.size(); ++size) {
    Open();
    Send(request.substr(0, size));
    Finish();
    EXPECT_TRUE(far_.closed);
  }
  EXPECT_TRUE(bodies_.empty());
}

}  // namespace
}  // namespace hoop::rest
