// What every dialler promises, over both (our own and gRPC C++ out of its shared object) and against every server:
// ours, gRPC C++, each plain and over TLS, and a foreign one whose address HOOP_TEST_PEER names (tests/peers/run.sh).
#include <gtest/gtest.h>

#include <cstdlib>
#include <optional>
#include <tuple>

#include "base/limits/session.h"
#include "base/limits/wire.h"
#include "net/dialler_context.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_authority.h"
#include "tests/transport/echo_server.h"
#include "tests/transport/grpc/grpc_cpp_server.h"
#include "tests/transport/loopback_fixture.h"
#include "transport/dialer_choice.h"

namespace hoop::testing {
namespace {

enum class Dialer { kOwn, kGrpcCpp };
enum class Peer { kOwn, kGrpcCpp, kForeign };
enum class Wire { kPlain, kTls };

// What a stream tells its user, for a test thread to wait for.
class Hearer final : public PacketStream::Receiver {
 public:
  void OnPacket(Packet packet) override {
    if (on_packet) on_packet(packet);
    absl::MutexLock lock(&mu_);
    packets_.push_back(std::move(packet));
  }
  void OnEnd(const absl::Status& status) override {
    absl::MutexLock lock(&mu_);
    ++end_count;
    end_ = status;
  }
  void OnDrained() override {
    absl::MutexLock lock(&mu_);
    drained_ = true;
  }

  // A packet of type "ended" when none comes any more.
  Packet Next() {
    absl::MutexLock lock(&mu_);
    const auto there = [this]() ABSL_SHARED_LOCKS_REQUIRED(mu_) { return !packets_.empty() || end_.has_value(); };
    mu_.Await(absl::Condition(&there));
    if (packets_.empty()) return Packet("ended", {}, StatusText(*end_));
    Packet packet = std::move(packets_.front());
    packets_.erase(packets_.begin());
    return packet;
  }
  absl::Status AwaitEnd() {
    absl::MutexLock lock(&mu_);
    const auto there = [this]() ABSL_SHARED_LOCKS_REQUIRED(mu_) { return end_.has_value(); };
    mu_.Await(absl::Condition(&there));
    return *end_;
  }
  void AwaitDrained() {
    absl::MutexLock lock(&mu_);
    mu_.Await(absl::Condition(&drained_));
  }
  bool HasEnded() {
    absl::MutexLock lock(&mu_);
    return end_.has_value();
  }

  std::function<void(const Packet&)> on_packet;  // set before anything can come
  int end_count = 0;

 private:
  absl::Mutex mu_;
  std::vector<Packet> packets_ ABSL_GUARDED_BY(mu_);
  std::optional<absl::Status> end_ ABSL_GUARDED_BY(mu_);
  bool drained_ ABSL_GUARDED_BY(mu_) = false;
};

// A stream on the dialler's loop; its face for the test's thread.
class Stream final {
 public:
  Stream(LoopOnThread& on, GatewayChannel& channel, Metadata metadata = {}) : on_(on) {
    on_.Do([&] {
      stream = channel.OpenStream(std::move(metadata));
      stream->SetReceiver(&hearer);
    });
  }
  ~Stream() { Drop(); }

  void Drop() {
    on_.Do([this] { stream.reset(); });
  }
  void Send(Packet packet) {
    on_.Do([&] { stream->Send(std::move(packet)); });
  }
  void SetReading(bool reading) {
    on_.Do([&] { stream->SetReading(reading); });
  }
  void HalfClose() {
    on_.Do([this] { stream->Finish(absl::OkStatus()); });
  }
  size_t queued_bytes() {
    size_t bytes = 0;
    on_.Do([&] { bytes = stream->queued_bytes(); });
    return bytes;
  }
  Packet RoundTrip(Packet packet) {
    Send(std::move(packet));
    return hearer.Next();
  }

  Hearer hearer;
  std::unique_ptr<PacketStream> stream;  // loop thread

 private:
  LoopOnThread& on_;
};

class DialerTest : public ::testing::TestWithParam<std::tuple<Dialer, Peer, Wire>> {
 protected:
  DialerTest() {
    const bool is_tls = std::get<Wire>(GetParam()) == Wire::kTls;
    switch (std::get<Peer>(GetParam())) {
      case Peer::kOwn:
        own = std::make_unique<LoopbackServer>(echo, is_tls ? OwnServerTls() : nullptr);
        echo.go_away = [this] { own->GoAway(); };
        address = own->address();
        break;
      case Peer::kGrpcCpp:
        grpc_cpp = std::make_unique<GrpcCppServer>(is_tls ? GrpcCppServerTls() : grpc::InsecureServerCredentials());
        address = grpc_cpp->address();
        break;
      case Peer::kForeign:
        address = std::getenv("HOOP_TEST_PEER");
    }
    dialer = is_tls ? MakeTlsDialer(address, {.ca = authority.pem()}) : MakeDialer(address);
  }
  ~DialerTest() override {
    on.Do([this] {
      channel.reset();
      dialer.reset();
    });
    if (own != nullptr) own->on.Do([this] { echo.DropStreams(); });
  }

  std::shared_ptr<TlsContext> OwnServerTls(TlsClientAuth client_auth = TlsClientAuth::kOff) const {
    return *TlsContext::MakeServer({.credential = authority.Issue(),
                                    .client_auth = client_auth,
                                    .client_ca_pem = client_auth == TlsClientAuth::kOff ? "" : authority.pem(),
                                    .protocols = {"h2"}});
  }
  std::shared_ptr<grpc::ServerCredentials> GrpcCppServerTls() const {
    const TlsCredential credential = authority.Issue();
    grpc::SslServerCredentialsOptions options;
    options.pem_key_cert_pairs.push_back({credential.key_pem, credential.certificate_pem});
    return grpc::SslServerCredentials(options);
  }

  std::unique_ptr<GatewayDialer> MakeDialer(const std::string& to, TlsTarget target = {}, DiallerTls texts = {}) {
    const auto make =
        ChooseGatewayDialer(std::get<Dialer>(GetParam()) == Dialer::kOwn ? "" : HOOP_GRPC_LIBRARY).value();
    std::unique_ptr<GatewayDialer> made;
    on.Do([&] {
      made = make(on.loop, {.address = *Address::Parse(to),
                            .user_agent = "hoopagent/test",
                            .tls = std::move(target),
                            .tls_texts = std::move(texts)});
    });
    return made;
  }
  std::unique_ptr<GatewayDialer> MakeTlsDialer(const std::string& to, const DiallerTls& texts) {
    return MakeDialer(to, {.context = *MakeDiallerContext(texts, TlsVerify::kFull), .host = texts.server_name}, texts);
  }

  absl::StatusOr<std::unique_ptr<GatewayChannel>> DialOnce(GatewayDialer& with) {
    absl::StatusOr<std::unique_ptr<GatewayChannel>> result = absl::UnknownError("not yet");
    absl::Notification done;
    std::unique_ptr<Dialing> dialing;
    on.Do([&] {
      dialing = with.DialGateway([&](absl::StatusOr<std::unique_ptr<GatewayChannel>> dialled) {
        result = std::move(dialled);
        done.Notify();
      });
    });
    done.WaitForNotification();
    on.Do([&] { dialing.reset(); });
    return result;
  }
  void Dial() {
    auto dialled = DialOnce(*dialer);
    ASSERT_OK(dialled);
    channel = *std::move(dialled);
  }
  absl::StatusOr<std::string> Unary(std::string_view path, std::string request,
                                    absl::Duration timeout = absl::Seconds(60)) {
    absl::StatusOr<std::string> answer = absl::UnknownError("not yet");
    absl::Notification done;
    on.Do([&] {
      channel->CallUnary(
          path, {}, std::move(request),
          [&](absl::StatusOr<std::string> result) {
            answer = std::move(result);
            done.Notify();
          },
          timeout);
    });
    done.WaitForNotification();
    return answer;
  }
  bool AcceptsStreams() {
    bool accepts = false;
    on.Do([&] { accepts = channel->accepts_streams(); });
    return accepts;
  }

  const TestAuthority authority{"ours"};
  EchoServer echo;
  std::unique_ptr<LoopbackServer> own;
  std::unique_ptr<GrpcCppServer> grpc_cpp;
  std::string address;
  LoopOnThread on{"dialler"};
  std::unique_ptr<GatewayDialer> dialer;
  std::unique_ptr<GatewayChannel> channel;
};

TEST_P(DialerTest, CallsUnary) {
  Dial();
  EXPECT_EQ(Unary("HealthCheck", "").value(), "\x0a\x02OK");
  EXPECT_STATUS(Unary("PreConnect", ShortField(1, "pg%\xC3\xBC")), absl::StatusCode::kResourceExhausted,
                "no room for pg%\xC3\xBC");
  EXPECT_STATUS(Unary("Nothing", ""), absl::StatusCode::kUnimplemented, "");
  EXPECT_STATUS(Unary("Connect", std::string(Packet("Hang").bytes()), absl::Milliseconds(100)),
                absl::StatusCode::kDeadlineExceeded, "");
}

TEST_P(DialerTest, GetsEveryPacketBackByteForByte) {
  Dial();
  Stream stream(on, *channel);
  for (const size_t size :
       {size_t{0}, size_t{1}, size_t{2047}, size_t{65535}, 3 * limits::kMiB, 16 * limits::kMiB - 100}) {
    const std::string payload = TestBytes(size);
    const Packet answer = stream.RoundTrip(Packet("Echo", {{"empty", ""}}, payload));
    ASSERT_EQ(answer.payload().size(), size);
    EXPECT_TRUE(answer.payload() == payload) << size;
    EXPECT_EQ(answer.Spec("empty"), "");
    EXPECT_EQ(answer.SpecText("echo"), "yes");
  }
  EXPECT_EQ(stream.RoundTrip(Packet()).SpecText("echo"), "yes");  // a message of no byte
}

TEST_P(DialerTest, KeepsTheOrderAndReadsAfterItsHalfClose) {
  Dial();
  Stream stream(on, *channel);
  on.Do([&] {
    for (int i = 0; i < 100; ++i) stream.stream->Send(Packet("Echo", {}, std::to_string(i)));
    stream.stream->Finish(absl::OkStatus());
    stream.stream->Send(Packet("Echo", {}, "too late"));
  });
  for (int i = 0; i < 100; ++i) ASSERT_EQ(stream.hearer.Next().payload(), std::to_string(i));
  EXPECT_OK(stream.hearer.AwaitEnd());
  EXPECT_EQ(stream.hearer.Next().type(), "ended");
  EXPECT_EQ(stream.hearer.end_count, 1);
}

TEST_P(DialerTest, SendsLongAndBinaryMetadata) {
  Dial();
  const std::string token(40 * 1024, 't');
  Stream stream(on, *channel, {{"authorization", token}, {"key-bin", TestBytes(300)}, {"hostname", "\xC3\xBC\n "}});
  EXPECT_EQ(stream.RoundTrip(Packet("Metadata", {}, "authorization")).payload(), token);
  EXPECT_EQ(stream.RoundTrip(Packet("Metadata", {}, "key-bin")).payload(), TestBytes(300));
  EXPECT_EQ(stream.RoundTrip(Packet("Metadata", {}, "hostname")).payload(), "???");
  const Packet agent = stream.RoundTrip(Packet("Metadata", {}, "user-agent"));
  EXPECT_TRUE(agent.payload().starts_with("hoopagent/test")) << agent.payload();
}

TEST_P(DialerTest, IsRefused) {
  Dial();
  Stream stream(on, *channel, {{"refuse", "yes"}});
  EXPECT_STATUS(stream.hearer.AwaitEnd(), absl::StatusCode::kUnauthenticated, "invalid authentication");
}

TEST_P(DialerTest, HearsStatusAndDetails) {
  Dial();
  Stream stream(on, *channel);
  const absl::Status expected = FailureWithDetails("100 % \n off \xC3\xBC");
  stream.Send(Packet("Fail", {}, StatusText(expected)));
  const absl::Status status = stream.hearer.AwaitEnd();
  EXPECT_STATUS(status, absl::StatusCode::kAborted, StatusText(expected));
  EXPECT_EQ(status.GetPayload("grpc-status-details-bin"), expected.GetPayload("grpc-status-details-bin"));
}

TEST_P(DialerTest, CancelsAStreamThatIsDropped) {
  Dial();
  Stream dropped(on, *channel), watcher(on, *channel);
  dropped.RoundTrip(Packet("Echo"));
  dropped.Drop();
  EXPECT_EQ(watcher.RoundTrip(Packet("AwaitCancel")).type(), "AwaitCancel");
  EXPECT_FALSE(dropped.hearer.HasEnded());
}

TEST_P(DialerTest, OpensManyStreams) {
  Dial();
  std::vector<std::unique_ptr<Stream>> streams;
  for (int i = 0; i < 200; ++i) streams.push_back(std::make_unique<Stream>(on, *channel));
  for (int round = 0; round < 3; ++round) {
    for (auto& stream : streams) stream->Send(Packet("Echo", {}, TestBytes(1000)));
    for (auto& stream : streams) ASSERT_EQ(stream->hearer.Next().payload(), TestBytes(1000));
  }
  for (auto& stream : streams) stream->HalfClose();
  for (auto& stream : streams) EXPECT_OK(stream->hearer.AwaitEnd());
}

TEST_P(DialerTest, SendsNothingAboveTheSendLimit) {
  Dial();
  Stream stream(on, *channel), neighbour(on, *channel);
  stream.Send(Packet("Echo", {}, std::string(limits::kMessageSendBytesMax, 'm')));
  EXPECT_STATUS(stream.hearer.AwaitEnd(), absl::StatusCode::kResourceExhausted,
                "trying to send message larger than max");
  EXPECT_EQ(neighbour.RoundTrip(Packet("Echo")).type(), "Echo");
}

TEST_P(DialerTest, AStoppedReaderHoldsBackItsPeerAndNobodyElse) {
  Dial();
  Stream stopped(on, *channel), neighbour(on, *channel);
  stopped.SetReading(false);
  // More than all windows and what a server holds on the way.
  constexpr int kPackets = 600;
  for (int i = 0; i < kPackets; ++i) stopped.Send(Packet("Echo", {}, TestBytes(32 * 1024)));
  for (int i = 0; i < 200; ++i) ASSERT_EQ(neighbour.RoundTrip(Packet("Echo", {}, "x")).payload(), "x");
  EXPECT_GT(stopped.queued_bytes(), limits::kSendQueueHighBytes);
  stopped.SetReading(true);
  for (int i = 0; i < kPackets; ++i) ASSERT_EQ(stopped.hearer.Next().payload(), TestBytes(32 * 1024)) << i;
  stopped.hearer.AwaitDrained();
  stopped.HalfClose();
  EXPECT_OK(stopped.hearer.AwaitEnd());
  EXPECT_EQ(stopped.queued_bytes(), 0u);
}

TEST_P(DialerTest, WaitsForItsReceiver) {
  Dial();
  Hearer late;
  std::unique_ptr<PacketStream> early;
  on.Do([&] {
    early = channel->OpenStream({});
    early->Send(Packet("Echo", {}, "first"));
    early->Finish(absl::OkStatus());
  });
  Stream(on, *channel).RoundTrip(Packet("Echo"));
  on.Do([&] { early->SetReceiver(&late); });
  EXPECT_EQ(late.Next().payload(), "first");
  EXPECT_OK(late.AwaitEnd());
  on.Do([&] { early.reset(); });
}

TEST_P(DialerTest, AStreamMayBeDestroyedInsideItsCallBacks) {
  Dial();
  Stream stream(on, *channel);
  stream.hearer.on_packet = [&](const Packet&) { stream.stream.reset(); };
  on.Do([&] {
    stream.stream->Send(Packet("Echo", {}, "a"));
    stream.stream->Send(Packet("Echo", {}, "b"));
  });
  EXPECT_EQ(stream.hearer.Next().payload(), "a");
  Stream(on, *channel).RoundTrip(Packet("Echo"));
  EXPECT_FALSE(stream.hearer.HasEnded());
}

TEST_P(DialerTest, ADestroyedChannelEndsItsStreams) {
  Dial();
  Stream stream(on, *channel);
  stream.RoundTrip(Packet("Echo"));
  int answers = 0;
  on.Do([&] {
    channel->CallUnary("HealthCheck", {}, "", [&](const absl::StatusOr<std::string>&) { ++answers; });
    channel.reset();
  });
  EXPECT_STATUS(stream.hearer.AwaitEnd(), absl::StatusCode::kUnavailable, "channel closed");
  on.Do([&] { EXPECT_EQ(answers, 0); });
}

TEST_P(DialerTest, AnswersPings) {
  Dial();
  absl::Notification answered;
  Stream stream(on, *channel), dropped(on, *channel);
  on.Do([&] {
    dropped.stream->Ping([] { ADD_FAILURE() << "of a stream that is gone"; });
    dropped.stream.reset();
    stream.stream->Ping([&] { answered.Notify(); });
  });
  // An unanswered ping says nothing by itself: what the stream and another question meet is the clue.
  ASSERT_TRUE(answered.WaitForNotificationWithTimeout(absl::Seconds(20)))
      << "the stream " << (stream.hearer.HasEnded() ? StatusText(stream.hearer.AwaitEnd()) : "stands")
      << "; asked again: " << StatusText(Unary("HealthCheck", "", absl::Seconds(5)).status());
}

TEST_P(DialerTest, GoesOnAfterGoAwayAndDialsAnew) {
  Dial();
  Stream old(on, *channel);
  EXPECT_EQ(old.RoundTrip(Packet("GoAway")).type(), "GoAway");
  while (AcceptsStreams()) old.RoundTrip(Packet("Echo"));  // it comes with the rest
  Stream late(on, *channel);
  EXPECT_STATUS(late.hearer.AwaitEnd(), absl::StatusCode::kUnavailable, "");
  EXPECT_STATUS(Unary("HealthCheck", ""), absl::StatusCode::kUnavailable, "");

  absl::StatusOr<std::unique_ptr<GatewayChannel>> next = DialOnce(*dialer);
  while (absl::IsUnavailable(next.status())) next = DialOnce(*dialer);  // the old server still closes its door
  ASSERT_OK(next);
  EXPECT_EQ(Stream(on, **next).RoundTrip(Packet("Echo", {}, "new")).payload(), "new");
  EXPECT_EQ(old.RoundTrip(Packet("Echo", {}, "old")).payload(), "old");
  old.HalfClose();
  EXPECT_OK(old.hearer.AwaitEnd());
  on.Do([&] { next->reset(); });
}

TEST_P(DialerTest, LeavesWithStreamsThatSomebodyStillHas) {
  Dial();
  Stream stream(on, *channel);
  stream.RoundTrip(Packet("Echo"));
  on.Do([this] {
    channel.reset();
    dialer.reset();
  });
  EXPECT_STATUS(stream.hearer.AwaitEnd(), absl::StatusCode::kUnavailable, "channel closed");
}

TEST_P(DialerTest, GivesUpADialThatIsDropped) {
  bool called = false;
  on.Do([&] {
    auto dialing = dialer->DialGateway([&](const auto&) { called = true; });
    dialing.reset();
  });
  Dial();
  on.Do([&] { EXPECT_FALSE(called); });
}

// --- With a server in this process ---

class LocalDialerTest : public DialerTest {};

TEST_P(LocalDialerTest, LosesTheServer) {
  Dial();
  Stream stream(on, *channel);
  stream.RoundTrip(Packet("Echo"));
  if (own != nullptr) {
    own->on.Do([this] { own->server.reset(); });
  } else {
    grpc_cpp->Stop();
  }
  EXPECT_STATUS(stream.hearer.AwaitEnd(), absl::StatusCode::kUnavailable, "");
  while (AcceptsStreams()) std::this_thread::yield();  // gRPC C++ tells the stream first
}

TEST_P(LocalDialerTest, SaysWhoDidNotAnswer) {
  std::string closed;
  {
    LoopbackServer gone(echo);
    closed = gone.address();
  }
  std::unique_ptr<GatewayDialer> nowhere = MakeDialer(closed);
  const auto result = DialOnce(*nowhere);
  EXPECT_STATUS(result, absl::StatusCode::kUnavailable, "gateway: ");
  EXPECT_STATUS(result, absl::StatusCode::kUnavailable, closed);
  EXPECT_STATUS(result, absl::StatusCode::kUnavailable, "Connection refused");
  on.Do([&] { nowhere.reset(); });
}

class OwnServerTest : public DialerTest {};

TEST_P(OwnServerTest, HearsOfAStreamThatTheServerDrops) {
  Dial();
  Stream stream(on, *channel);
  stream.Send(Packet("Drop"));
  EXPECT_STATUS(stream.hearer.AwaitEnd(), absl::StatusCode::kUnavailable, "reset by peer");
}

TEST_P(OwnServerTest, KeepaliveBreaksASilentConnection) {
  Dial();
  Stream stream(on, *channel);
  stream.RoundTrip(Packet("Echo"));
  absl::Notification go_on;
  own->on.loop.Post([&] { go_on.WaitForNotification(); });
  on.Do([this] { channel->SetPingInterval(absl::Milliseconds(20)); });
  EXPECT_STATUS(stream.hearer.AwaitEnd(), absl::StatusCode::kUnavailable, "2 pings unanswered");
  EXPECT_FALSE(AcceptsStreams());
  go_on.Notify();
  own->on.Do([] {});  // the waiter has left
}

class GrpcCppServerTest : public DialerTest {};

TEST_P(GrpcCppServerTest, RefusesTooManyTrailers) {
  Dial();
  Stream stream(on, *channel), neighbour(on, *channel);
  stream.Send(Packet("BigTrailers"));
  EXPECT_FALSE(stream.hearer.AwaitEnd().ok());
}

// --- Who verifies whom ---

class TlsDialerTest : public DialerTest {
 protected:
  // What a dial of this server says, or what its first stream says.
  absl::Status Reach(std::unique_ptr<GatewayDialer> with) {
    auto dialled = DialOnce(*with);
    absl::Status status = dialled.status();
    if (status.ok()) {
      Stream stream(on, **dialled);
      if (stream.RoundTrip(Packet("Echo")).type() != "Echo") status = stream.hearer.AwaitEnd();
      stream.Drop();
    }
    on.Do([&] {
      if (dialled.ok()) dialled->reset();
      with.reset();
    });
    return status;
  }
  bool is_own() const { return std::get<Dialer>(GetParam()) == Dialer::kOwn; }
  // Of a server that is not trusted. gRPC C++ does not tell it apart from one that does not answer.
  absl::StatusCode untrusted() const {
    return is_own() ? absl::StatusCode::kFailedPrecondition : absl::StatusCode::kUnavailable;
  }

  const TestAuthority foreign_{"foreign"};
};

TEST_P(TlsDialerTest, RefusesAnUnknownAuthority) {
  const absl::Status status = Reach(MakeTlsDialer(address, {.ca = foreign_.pem()}));
  EXPECT_STATUS(status, untrusted(), "gateway: ");
  EXPECT_STATUS(status, untrusted(),
                is_own() ? "its certificate is signed by an unknown authority (CN=ours)" : "certificate verify failed");
}

TEST_P(TlsDialerTest, RefusesACertificateForAnotherName) {
  const absl::Status status = Reach(MakeTlsDialer(address, {.ca = authority.pem(), .server_name = "other.test"}));
  EXPECT_STATUS(status, untrusted(), is_own() ? "its certificate is for " : "other.test");
}

TEST_P(TlsDialerTest, TakesTheNameThatItIsTold) {
  EXPECT_OK(Reach(MakeTlsDialer(address, {.ca = authority.pem(), .server_name = "gw.test"})));
}

TEST_P(TlsDialerTest, SaysThatAPlainServerSpeaksNoTls) {
  LoopbackServer plain(echo);
  EXPECT_STATUS(Reach(MakeTlsDialer(plain.address(), {.ca = authority.pem()})), absl::StatusCode::kUnavailable,
                "gateway: ");
}

TEST_P(TlsDialerTest, ShowsItsCertificateToWhoAsks) {
  LoopbackServer strict(echo, OwnServerTls(TlsClientAuth::kRequired));
  const TlsCredential mine = authority.Issue(), others = foreign_.Issue();
  const auto reach = [&](const TlsCredential& shown) {
    return Reach(MakeTlsDialer(strict.address(),
                               {.ca = authority.pem(), .certificate = shown.certificate_pem, .key = shown.key_pem}));
  };
  EXPECT_OK(reach(mine));
  EXPECT_STATUS(reach(others), absl::StatusCode::kUnavailable, "");
  EXPECT_STATUS(reach({}), absl::StatusCode::kUnavailable, "");
  strict.on.Do([this] { echo.DropStreams(); });
}

// --- The library ---

TEST(DialerChoice, NamesALibraryThatIsNotThere) {
  EXPECT_STATUS(ChooseGatewayDialer("/nowhere/libhoop_grpc.so"), absl::StatusCode::kFailedPrecondition,
                "gRPC library: /nowhere/libhoop_grpc.so: cannot open shared object file");
  EXPECT_STATUS(ChooseGatewayDialer("libz.so.1"), absl::StatusCode::kFailedPrecondition,
                "gRPC library: libz.so.1 is not libhoop_grpc.so");
}

TEST(DialerChoice, RefusesALibraryOfAnotherVersion) {
  EXPECT_STATUS(ChooseGatewayDialer(HOOP_GRPC_OTHER_VERSION), absl::StatusCode::kFailedPrecondition,
                "is of version 0.0.1, not ");
}

std::string Name(const ::testing::TestParamInfo<std::tuple<Dialer, Peer, Wire>>& info) {
  const bool is_own = std::get<Dialer>(info.param) == Dialer::kOwn;
  const Peer peer = std::get<Peer>(info.param);
  return std::string(is_own ? "Own" : "GrpcCpp") + "To" +
         (peer == Peer::kOwn       ? "Own"
          : peer == Peer::kGrpcCpp ? "GrpcCpp"
                                   : "Foreign") +
         (std::get<Wire>(info.param) == Wire::kTls ? "OverTls" : "");
}

std::vector<Peer> Foreign() {
  return std::getenv("HOOP_TEST_PEER") != nullptr ? std::vector{Peer::kForeign} : std::vector<Peer>();
}

using ::testing::Combine;
using ::testing::Values;
using ::testing::ValuesIn;
const auto kDialers = Values(Dialer::kOwn, Dialer::kGrpcCpp);
const auto kWires = Values(Wire::kPlain, Wire::kTls);
INSTANTIATE_TEST_SUITE_P(Local, DialerTest, Combine(kDialers, Values(Peer::kOwn, Peer::kGrpcCpp), kWires), Name);
INSTANTIATE_TEST_SUITE_P(Foreign, DialerTest, Combine(kDialers, ValuesIn(Foreign()), Values(Wire::kPlain)), Name);
INSTANTIATE_TEST_SUITE_P(Local, LocalDialerTest, Combine(kDialers, Values(Peer::kOwn, Peer::kGrpcCpp), kWires), Name);
INSTANTIATE_TEST_SUITE_P(Local, OwnServerTest, Combine(kDialers, Values(Peer::kOwn), kWires), Name);
INSTANTIATE_TEST_SUITE_P(Local, GrpcCppServerTest, Combine(kDialers, Values(Peer::kGrpcCpp), kWires), Name);
INSTANTIATE_TEST_SUITE_P(Local, TlsDialerTest,
                         Combine(kDialers, Values(Peer::kOwn, Peer::kGrpcCpp), Values(Wire::kTls)), Name);

}  // namespace
}  // namespace hoop::testing
