// What a TLS connection does with bytes once it stands: nothing is lost, doubled, left inside or held.
#include "net/tls_stream.h"

#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <string>
#include <vector>

#include "base/limits/tls.h"
#include "net/descriptor.h"
#include "net/event_loop.h"
#include "net/tls_handshake.h"
#include "tests/fakes/manual_clock.h"
#include "tests/fakes/memory_bytes.h"
#include "tests/support/status_matchers.h"
#include "tests/support/stream_probe.h"
#include "tests/support/test_authority.h"

namespace hoop {
namespace {

using absl::StatusCode;

class TlsStreamTest : public ::testing::Test {
 protected:
  // Two ends over `near` and `far`, with the handshake done.
  void Join(std::unique_ptr<ByteStream> near, std::unique_ptr<ByteStream> far) {
    auto server = TlsContext::MakeServer({.credential = authority_.Issue()});
    auto client = TlsContext::MakeClient({.ca_pem = authority_.pem()});
    int waiting = 2;
    const auto keep = [&](std::unique_ptr<TlsStream>& to) {
      return [&](absl::StatusOr<std::unique_ptr<TlsStream>> stream) {
        EXPECT_OK(stream.status());
        to = *std::move(stream);
        if (--waiting == 0) loop_.Stop();
      };
    };
    const auto accepts = TlsAccept(loop_, std::move(near), *server, absl::Seconds(9), nullptr, keep(server_));
    const auto connects = TlsConnect(loop_, std::move(far), *client, "gw.test", absl::Seconds(9), keep(client_));
    loop_.Run();
    // The ticket arrives now, not in the middle of a test.
    char buffer[16];
    while (client_->Read(buffer, sizeof buffer).kind != IoResult::Kind::kWouldBlock) continue;
  }
  void JoinSockets() {
    int both[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, both), 0);
    server_socket_ = both[0];
    client_socket_ = both[1];
    Join(AdoptSocket(loop_, both[0], "client:1"), AdoptSocket(loop_, both[1], "server:2"));
  }
  // Returns what the memory stream below the server knows of system calls.
  MemoryBytes& JoinMemory(size_t capacity = 256 * 1024) {
    MemoryBytes::Pair pair = MemoryBytes::Make(loop_, capacity);
    MemoryBytes& near = *pair.a;
    Join(std::move(pair.a), std::move(pair.b));
    return near;
  }

  static IoResult Write(ByteStream& stream, std::string_view text) {
    const iovec piece = {const_cast<char*>(text.data()), text.size()};
    return stream.Write(&piece, 1);
  }

  ManualClock clock_;
  EventLoop loop_{clock_};
  const TestAuthority authority_{"Test CA"};
  std::unique_ptr<TlsStream> server_, client_;
  int server_socket_ = -1, client_socket_ = -1;
};

// Writes all of a text as a well-behaved owner does: what was not taken begins the next Write.
class Sender final : public ByteStream::Events {
 public:
  Sender(ByteStream& stream, std::string_view text) : stream_(stream), left_(text) {
    stream_.SetEvents(this);
    OnWritable();
  }
  bool done() const { return left_.empty(); }
  void OnReadable() override {}
  void OnWritable() override {
    while (!left_.empty()) {
      const iovec piece = {const_cast<char*>(left_.data()), left_.size()};
      const IoResult result = stream_.Write(&piece, 1);
      if (result.kind == IoResult::Kind::kWouldBlock) return stream_.WantWrite();
      ASSERT_EQ(result.kind, IoResult::Kind::kBytes);
      left_.remove_prefix(result.bytes);
    }
    stream_.ShutdownWrite();
  }

 private:
  ByteStream& stream_;
  std::string_view left_;
};

std::string Pattern(size_t size) {
  std::string text(size, 0);
  uint32_t state = 1;
  for (char& c : text) c = static_cast<char>((state = state * 1664525 + 1013904223) >> 24);
  return text;
}

TEST_F(TlsStreamTest, CarriesManyPiecesInOneWrite) {
  MemoryBytes& below = JoinMemory();
  std::string text;
  std::vector<std::string> parts;
  for (int i = 0; i < 500; ++i) parts.push_back(Pattern(static_cast<size_t>(i) * 3 % 700));
  parts.push_back(Pattern(50000));
  std::vector<iovec> pieces;
  for (std::string& part : parts) {
    text += part;
    pieces.push_back({part.data(), part.size()});
  }
  StreamProbe reader(loop_, std::move(client_));
  const int calls = below.write_count;
  const size_t before = below.written_bytes;
  size_t written = 0;
  while (written < text.size()) {  // the memory stream is small
    const IoResult result = server_->Write(pieces.data(), static_cast<int>(pieces.size()));
    ASSERT_EQ(result.kind, IoResult::Kind::kBytes);
    written += result.bytes;
    break;
  }
  EXPECT_EQ(written, std::min(text.size(), limits::kTlsWriteBytes * (written / limits::kTlsWriteBytes) +
                                               text.size() % limits::kTlsWriteBytes));
  server_->ShutdownWrite();
  reader.ReadToEnd();
  EXPECT_EQ(reader.read(), text.substr(0, written));
  EXPECT_LE(below.write_count - calls, 3);  // one for 128 KiB each, one for the end
  EXPECT_LT(below.written_bytes - before - written, written / 16000 * 40 + 200);  // small pieces share records
}

TEST_F(TlsStreamTest, BigTransfersSurviveAFullSocketInBothDirections) {
  JoinSockets();
  const std::string down = Pattern(6 << 20), up = Pattern(5 << 20);
  struct Both final : ByteStream::Events {  // reads and writes at once
    Both(EventLoop& loop, ByteStream& stream, std::string_view text, size_t expected)
        : loop(loop), stream(stream), left(text), expected(expected) {
      stream.SetEvents(this);
      stream.WantRead();
      OnWritable();
    }
    void OnReadable() override {
      char buffer[5000];
      const IoResult result = stream.Read(buffer, sizeof buffer);
      ASSERT_OK(result.status);
      read.append(buffer, result.bytes);
      if (read.size() < expected) return stream.WantRead();
      loop.Stop();
    }
    void OnWritable() override {
      while (!left.empty()) {
        const iovec piece = {const_cast<char*>(left.data()), left.size()};
        const IoResult result = stream.Write(&piece, 1);
        if (result.kind == IoResult::Kind::kWouldBlock) return stream.WantWrite();
        ASSERT_EQ(result.kind, IoResult::Kind::kBytes) << result.status;
        left.remove_prefix(result.bytes);
      }
    }
    EventLoop& loop;
    ByteStream& stream;
    std::string_view left;
    const size_t expected;
    std::string read;
  };
  Both server(loop_, *server_, down, up.size()), client(loop_, *client_, up, down.size());
  loop_.Run();
  loop_.Run();
  EXPECT_TRUE(client.read == down);
  EXPECT_TRUE(server.read == up);
}

TEST_F(TlsStreamTest, HoldsOneWriteAtMostWhileThePeerDoesNotRead) {
  JoinMemory(1000);
  const std::string text = Pattern(1 << 20);
  EXPECT_EQ(Write(*server_, text).kind, IoResult::Kind::kWouldBlock);  // 128 KiB are encrypted, none is reported
  EXPECT_EQ(Write(*server_, text).kind, IoResult::Kind::kWouldBlock);
  std::string read;
  char buffer[4096];
  IoResult result;
  while ((result = client_->Read(buffer, sizeof buffer)).kind == IoResult::Kind::kBytes ||
         read.size() < limits::kTlsWriteBytes) {
    read.append(buffer, result.bytes);
    Write(*server_, "");  // only what is encrypted goes on
  }
  EXPECT_EQ(read, text.substr(0, limits::kTlsWriteBytes));
}

TEST_F(TlsStreamTest, TakesNothingTwice) {
  JoinMemory(1000);
  const std::string text = Pattern(100000);
  StreamProbe reader(loop_, std::move(client_));
  Sender sender(*server_, text);
  EXPECT_FALSE(sender.done());
  reader.ReadToEnd();
  EXPECT_TRUE(sender.done());
  EXPECT_EQ(reader.read(), text);
}

TEST_F(TlsStreamTest, TellsOfBytesThatNoSocketAnnounces) {
  JoinSockets();
  struct Sipper final : ByteStream::Events {  // reads 7 bytes at a time
    void OnReadable() override {
      char buffer[7];
      const IoResult result = stream->Read(buffer, sizeof buffer);
      if (result.kind == IoResult::Kind::kEnd) return loop->Stop();
      read.append(buffer, result.bytes);
      stream->WantRead();
    }
    void OnWritable() override {}
    EventLoop* loop;
    ByteStream* stream;
    std::string read;
  } sipper;
  sipper.loop = &loop_;
  sipper.stream = client_.get();
  client_->SetEvents(&sipper);
  client_->WantRead();
  const std::string text = Pattern(3000);
  Write(*server_, text);
  server_->ShutdownWrite();
  loop_.Run();
  EXPECT_EQ(sipper.read, text);
}

TEST_F(TlsStreamTest, StoppedReadingHearsNothingOfBufferedBytes) {
  JoinSockets();
  Write(*server_, "0123456789");
  char buffer[4];
  ASSERT_EQ(client_->Read(buffer, sizeof buffer).bytes, 4u);
  struct Never final : ByteStream::Events {
    void OnReadable() override { ADD_FAILURE(); }
    void OnWritable() override {}
  } never;
  client_->SetEvents(&never);
  client_->WantRead();
  client_->StopRead();
  loop_.Post([this] { loop_.Post([this] { loop_.Stop(); }); });
  loop_.Run();
}

TEST_F(TlsStreamTest, EndsEachDirectionByItself) {
  JoinSockets();
  StreamProbe reader(loop_, std::move(client_)), writer(loop_, std::move(server_));
  writer.Write("last words");
  writer.stream().ShutdownWrite();
  reader.ReadToEnd();
  EXPECT_EQ(reader.read(), "last words");
  EXPECT_OK(reader.error());
  reader.Write("answer");
  EXPECT_EQ(writer.ReadUntil("answer"), "answer");
}

TEST_F(TlsStreamTest, DestroyingItIsAnOrderlyEnd) {
  JoinSockets();
  StreamProbe reader(loop_, std::move(client_));
  Write(*server_, "bye");
  server_.reset();
  reader.ReadToEnd();
  EXPECT_EQ(reader.read(), "bye");
  EXPECT_OK(reader.error());
}

TEST_F(TlsStreamTest, ACutConnectionIsAnErrorNotAnEnd) {
  JoinSockets();
  StreamProbe reader(loop_, std::move(client_));
  Write(*server_, "half a");
  ::shutdown(server_socket_, SHUT_WR);  // below TLS
  reader.ReadToEnd();
  EXPECT_EQ(reader.read(), "half a");
  EXPECT_STATUS(reader.error(), StatusCode::kUnavailable,
                "tls with server:2: the connection was cut, its end was not announced");
}

TEST_F(TlsStreamTest, GarbageIsAnErrorAndThePeerHearsOfIt) {
  JoinSockets();
  StreamProbe reader(loop_, std::move(client_)), writer(loop_, std::move(server_));
  ASSERT_GT(::send(server_socket_, "\x17\x03\x03\x00\x20garbagegarbagegarbagegarbage1234", 37, 0), 0);
  reader.ReadToEnd();
  EXPECT_STATUS(reader.error(), StatusCode::kUnavailable, "tls with server:2: the peer sends broken TLS");
  writer.ReadToEnd();
  EXPECT_STATUS(writer.error(), StatusCode::kUnavailable, "tls with client:1: the peer gives up");
}

TEST_F(TlsStreamTest, ABrokenPipeLeavesThePeersLastWordsReadable) {
  JoinSockets();
  Write(*server_, "why");
  server_.reset();
  while (Write(*client_, Pattern(1000)).kind == IoResult::Kind::kBytes) continue;
  char buffer[16];
  const IoResult result = client_->Read(buffer, sizeof buffer);
  ASSERT_EQ(result.kind, IoResult::Kind::kBytes) << result.status;
  EXPECT_EQ(std::string(buffer, result.bytes), "why");
}

TEST_F(TlsStreamTest, PassesTrustOn) {
  MemoryBytes& below = JoinMemory();
  server_->Trust();
  EXPECT_EQ(below.trust_count, 1);
}

// A client on OpenSSL alone, which can do what ours never does.
class RawClient {
 public:
  RawClient(int socket, int version) : context_(SSL_CTX_new(TLS_client_method())), ssl_(nullptr) {
    SSL_CTX_set_max_proto_version(context_, version);
    ssl_ = SSL_new(context_);
    SSL_set_fd(ssl_, socket);
    SSL_set_connect_state(ssl_);
  }
  ~RawClient() {
    SSL_free(ssl_);
    SSL_CTX_free(context_);
  }
  SSL* get() const { return ssl_; }

 private:
  SSL_CTX* context_;
  SSL* ssl_;
};

class RawPeerTest : public TlsStreamTest {
 protected:
  // Our server against a raw client of that version; the socket stays ours.
  void Meet(int version) {
    int both[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, both), 0);
    raw_socket_.Reset(both[1]);
    raw_ = std::make_unique<RawClient>(both[1], version);
    auto context = TlsContext::MakeServer({.credential = authority_.Issue()});
    auto handshake = TlsAccept(loop_, AdoptSocket(loop_, both[0], "client:1"), *context, absl::Seconds(9), nullptr,
                               [&](absl::StatusOr<std::unique_ptr<TlsStream>> stream) {
                                 status_ = stream.status();
                                 if (stream.ok()) server_ = *std::move(stream);
                                 over_ = true;
                               });
    while (!over_ || SSL_in_init(raw_->get())) {
      const int result = SSL_do_handshake(raw_->get());
      if (over_ && result != 1 && !status_.ok()) break;
      loop_.Post([this] { loop_.Stop(); });
      loop_.Run();
    }
  }

  Descriptor raw_socket_;
  std::unique_ptr<RawClient> raw_;
  absl::Status status_;
  bool over_ = false;
};

TEST_F(RawPeerTest, SpeaksTls12ButNothingOlder) {
  Meet(TLS1_2_VERSION);
  ASSERT_OK(status_);
  EXPECT_EQ(server_->version(), "TLSv1.2");
  over_ = false;
  server_.reset();
  Meet(TLS1_1_VERSION);
  EXPECT_FALSE(status_.ok());
}

TEST_F(RawPeerTest, RefusesRenegotiation) {
  Meet(TLS1_2_VERSION);
  ASSERT_OK(status_);
  StreamProbe server(loop_, std::move(server_));
  ASSERT_EQ(SSL_renegotiate(raw_->get()), 1);
  for (int i = 0; i < 5; ++i) {
    SSL_do_handshake(raw_->get());
    loop_.Post([this] { loop_.Stop(); });
    loop_.Run();
  }
  // Told by a warning; the connection goes on as it was.
  EXPECT_EQ(SSL_num_renegotiations(raw_->get()), 1);  // asked for, and not
  EXPECT_NE(SSL_get_state(raw_->get()), TLS_ST_OK);
}

TEST_F(RawPeerTest, EndsAFloodOfKeyUpdates) {
  Meet(TLS1_3_VERSION);
  ASSERT_OK(status_);
  StreamProbe server(loop_, std::move(server_));
  for (int i = 0; i < limits::kTlsEmptyStepsMax + 2 && !server.ended(); ++i) {
    SSL_key_update(raw_->get(), SSL_KEY_UPDATE_NOT_REQUESTED);
    SSL_do_handshake(raw_->get());
    loop_.Post([this] { loop_.Stop(); });
    if (i % 2 == 0) loop_.Run();  // one at a time, and two at a time
  }
  server.ReadToEnd();
  EXPECT_STATUS(server.error(), StatusCode::kResourceExhausted,
                "tls with client:1: more than 64 records without data in a row");
}

TEST_F(RawPeerTest, AKeyUpdateNowAndThenIsFine) {
  Meet(TLS1_3_VERSION);
  ASSERT_OK(status_);
  StreamProbe server(loop_, std::move(server_));
  std::string expected;
  for (int i = 0; i < 3 * limits::kTlsEmptyStepsMax; ++i) {
    ASSERT_EQ(SSL_key_update(raw_->get(), SSL_KEY_UPDATE_REQUESTED), 1);
    ASSERT_EQ(SSL_write(raw_->get(), "x", 1), 1);
    expected += "x";
    loop_.Post([this] { loop_.Stop(); });
    loop_.Run();  // the socket's buffer is small
  }
  server.ReadUntil(expected);
  EXPECT_EQ(server.read(), expected);
}

}  // namespace
}  // namespace hoop
