// A listener with TLS and one without: who speaks what, and what they are told when it does not fit.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/limits/listener.h"
#include "base/log.h"
#include "front/front_door.h"
#include "net/descriptor.h"
#include "net/tls_handshake.h"
#include "tests/fakes/manual_clock.h"
#include "tests/support/status_matchers.h"
#include "tests/support/stream_probe.h"
#include "tests/support/test_authority.h"

namespace hoop {
namespace {

// Keeps warnings as "<event>: <value>, <value>".
class Warnings final : public LogSink {
 public:
  bool Wants(LogLevel level) const override { return level == LogLevel::kWarning; }
  void Write(LogLevel, std::string_view event, const std::vector<LogField>& fields) override {
    lines.emplace_back(event);
    for (const LogField& field : fields) lines.back().append(" ").append(field.value);
  }

  std::vector<std::string> lines;
};

class TlsDoorTest : public ::testing::Test {
 protected:
  void Open(FrontDoor::Options options) {
    options.name = "test";
    options.address = {"127.0.0.1", 0};
    options.plain_refusal = "speak TLS!";
    options.tls_refusal = "speak plain!";
    auto door =
        FrontDoor::Open(loop_, loop_, Log(&warnings_), std::move(options), [this](std::unique_ptr<ByteStream> stream) {
          inside_.push_back(std::make_unique<StreamProbe>(loop_, std::move(stream)));
        });
    ASSERT_OK(door);
    door_ = *std::move(door);
  }
  std::shared_ptr<TlsContext> Server() const {
    return *TlsContext::MakeServer({.credential = authority_.Issue({.subject = "gw"})});
  }

  // What a TLS client gets: the stream, or why not.
  absl::StatusOr<std::unique_ptr<ByteStream>> DialTls(std::shared_ptr<TlsContext> context) {
    absl::StatusOr<std::unique_ptr<ByteStream>> result = absl::UnknownError("not done");
    const auto dial = DialSecure(loop_, door_->address(), {.context = std::move(context)}, absl::Seconds(10),
                                 [&](absl::StatusOr<std::unique_ptr<ByteStream>> stream) {
                                   result = std::move(stream);
                                   loop_.Stop();
                                 });
    loop_.Run();
    return result;
  }
  std::shared_ptr<TlsContext> Client() const { return *TlsContext::MakeClient({.ca_pem = authority_.pem()}); }

  // What a plain peer hears who says `text`.
  std::string SayPlainly(const std::string& text) {
    absl::StatusOr<std::unique_ptr<ByteStream>> stream = DialTls(nullptr);
    EXPECT_OK(stream.status());
    plain_ = std::make_unique<StreamProbe>(loop_, *std::move(stream));
    plain_->Write(text);
    if (inside_.empty()) plain_->ReadToEnd();
    return plain_->read();
  }
  void Settle() {
    for (int turn = 0; turn < 5; ++turn) {
      loop_.Post([this] { loop_.Stop(); });
      loop_.Run();
    }
  }

  ManualClock clock_;
  EventLoop loop_{clock_};
  const TestAuthority authority_{"Test CA"};
  Warnings warnings_;
  std::vector<std::unique_ptr<StreamProbe>> inside_;
  std::unique_ptr<StreamProbe> plain_;
  std::unique_ptr<FrontDoor> door_;
};

TEST_F(TlsDoorTest, HandsOnAfterTheHandshake) {
  Open({.tls = Server()});
  auto dialled = DialTls(Client());
  ASSERT_OK(dialled.status());
  StreamProbe client(loop_, *std::move(dialled));
  client.Write("hello");
  while (inside_.empty()) Settle();
  EXPECT_EQ(inside_[0]->ReadUntil("hello"), "hello");
  inside_[0]->Write("welcome");
  EXPECT_EQ(client.ReadUntil("welcome"), "welcome");
  EXPECT_EQ(door_->counts().strangers, 1u);  // who speaks TLS is nobody yet
  inside_[0]->stream().Trust();
  EXPECT_EQ(door_->counts().strangers, 0u);
}

TEST_F(TlsDoorTest, ShakesHandsOnAWorker) {
  Worker worker("test-tls", 4);
  Open({.tls = Server(), .tls_worker = &worker});
  EXPECT_OK(DialTls(Client()).status());
}

// A worker that takes nothing: nobody else does the arithmetic.
TEST_F(TlsDoorTest, HandshakesAreTheWorkersAlone) {
  Worker full("test-tls", 0);
  Open({.tls = Server(), .tls_worker = &full});
  ASSERT_FALSE(DialTls(Client()).ok());
  while (warnings_.lines.empty()) Settle();
  EXPECT_NE(warnings_.lines[0].find("test-tls: 0 tasks"), std::string::npos) << warnings_.lines[0];
}

TEST_F(TlsDoorTest, RefusesPlainPeersInTheirOwnWords) {
  Open({.tls = Server()});
  EXPECT_EQ(SayPlainly("GET / HTTP/1.1\r\n\r\n"), "speak TLS!");
  EXPECT_OK(plain_->error());  // an orderly end, no reset
  EXPECT_TRUE(inside_.empty());
  plain_->Close();
  Settle();
  EXPECT_EQ(door_->counts().unfit, 1u);
  EXPECT_EQ(door_->open(), 0u);
  ASSERT_EQ(warnings_.lines.size(), 1u);
  EXPECT_TRUE(warnings_.lines[0].starts_with("connection refused test connection of 127.0.0.1:"));
  EXPECT_TRUE(warnings_.lines[0].ends_with("the peer does not speak TLS"));
}

TEST_F(TlsDoorTest, AFloodOfStrangersDoesNotFillTheLog) {
  Open({.tls = Server()});
  for (int i = 0; i < limits::kUnfitToldMax + 5; ++i) {
    SayPlainly("x");
    plain_->Close();
    Settle();
  }
  EXPECT_EQ(warnings_.lines.size(), limits::kUnfitToldMax + 1u);
  EXPECT_EQ(warnings_.lines.back(), "connections refused: more of them within a minute are not shown test");
  clock_.Advance(absl::Minutes(1));
  SayPlainly("x");
  plain_->Close();
  Settle();
  EXPECT_EQ(warnings_.lines.size(), limits::kUnfitToldMax + 2u);
}

TEST_F(TlsDoorTest, TakesPlainPeersOfThisMachineWhereTheyAreWelcome) {
  Open({.tls = Server(), .plain_peers = FrontDoor::PlainPeers::kLocal});
  auto dialled = DialTls(nullptr);
  ASSERT_OK(dialled.status());
  StreamProbe client(loop_, *std::move(dialled));
  client.Write("GET /");
  while (inside_.empty()) Settle();
  EXPECT_EQ(inside_[0]->ReadUntil("GET /"), "GET /");
}

TEST(LocalPeer, IsKnownByItsAddress) {
  for (const char* local : {"127.0.0.1:80", "127.9.9.9:1", "[::1]:80", "[::ffff:127.0.0.1]:80", "unix:/run/x"}) {
    EXPECT_TRUE(IsLocalPeer(local)) << local;
  }
  for (const char* other : {"192.0.2.1:80", "[2001:db8::1]:80", "[::ffff:192.0.2.1]:80", "12.7.0.1:127", ""}) {
    EXPECT_FALSE(IsLocalPeer(other)) << other;
  }
}

TEST_F(TlsDoorTest, TellsTlsPeersThatItIsPlain) {
  Open({});
  const auto dialled = DialTls(Client());
  EXPECT_STATUS(dialled.status(), absl::StatusCode::kFailedPrecondition, "the peer does not speak TLS");
  while (door_->open() > 0) Settle();
  EXPECT_EQ(door_->counts().unfit, 1u);
  EXPECT_TRUE(warnings_.lines.at(0).ends_with("the peer speaks TLS, this listener does not"));
}

TEST_F(TlsDoorTest, ARefusedCertificateCountsAsUnfit) {
  Open({.tls = Server()});
  const TestAuthority other("Other CA");
  const auto dialled = DialTls(*TlsContext::MakeClient({.ca_pem = other.pem()}));
  EXPECT_STATUS(dialled.status(), absl::StatusCode::kFailedPrecondition, "unknown authority");
  while (door_->open() > 0) Settle();
  EXPECT_EQ(door_->counts().unfit, 1u);
  EXPECT_TRUE(warnings_.lines.at(0).ends_with("our certificate is signed by an authority that it does not know"));
}

TEST_F(TlsDoorTest, AHandshakeThatStopsIsDroppedAtTheDeadline) {
  Open({.tls = Server()});
  auto dialled = DialTls(nullptr);
  StreamProbe client(loop_, *std::move(dialled));
  client.Write(std::string("\x16\x03\x01\x02\x00\x01", 6));
  Settle();
  EXPECT_EQ(door_->counts().strangers, 1u);
  clock_.Advance(limits::kPreAuthTime);
  client.ReadToEnd();
  EXPECT_EQ(door_->counts().dropped_late, 1u);
  Settle();
  EXPECT_EQ(door_->open(), 0u);
}

TEST_F(TlsDoorTest, WhoDoesNotLeaveAfterARefusalIsCut) {
  Open({.tls = Server()});
  auto dialled = DialTls(nullptr);
  StreamProbe client(loop_, *std::move(dialled));
  client.Write("GET /");
  client.ReadToEnd();
  EXPECT_EQ(door_->open(), 1u);
  clock_.Advance(limits::kFarewellTime);
  Settle();
  EXPECT_EQ(door_->open(), 0u);
}

TEST_F(TlsDoorTest, WhoTalksOnAfterARefusalIsCut) {
  Open({.tls = Server()});
  auto dialled = DialTls(nullptr);
  StreamProbe client(loop_, *std::move(dialled));
  client.Write("GET /");
  client.ReadToEnd();
  for (int i = 0; i < 40 && door_->open() > 0; ++i) {
    client.Write(std::string(limits::kFarewellBytesMax / 16, 'x'));
    Settle();
  }
  EXPECT_EQ(door_->open(), 0u);
}

TEST_F(TlsDoorTest, ANewCertificateIsForNewConnections) {
  Open({.tls = Server()});
  auto first = DialTls(Client());
  ASSERT_OK(first.status());
  StreamProbe client(loop_, *std::move(first));
  while (inside_.empty()) Settle();

  const TestAuthority other("New CA");
  door_->SetTls(*TlsContext::MakeServer({.credential = other.Issue()}));
  EXPECT_STATUS(DialTls(Client()).status(), absl::StatusCode::kFailedPrecondition, "unknown authority (CN=New CA)");
  EXPECT_OK(DialTls(*TlsContext::MakeClient({.ca_pem = other.pem()})).status());
  client.Write("still here");
  while (inside_[0]->read() != "still here") Settle();
}

TEST_F(TlsDoorTest, ClosesTheDoorInTheMiddleOfAHandshake) {
  Open({.tls = Server()});
  auto dialled = DialTls(nullptr);
  StreamProbe client(loop_, *std::move(dialled));
  client.Write(std::string("\x16\x03\x01\x02\x00\x01", 6));
  Settle();
  door_.reset();
  client.ReadToEnd();
  EXPECT_TRUE(client.ended());
}

}  // namespace
}  // namespace hoop
