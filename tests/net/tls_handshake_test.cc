// Who is let in and who is not, and the one line that says why, at both ends.
#include "net/tls_handshake.h"

#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <optional>
#include <string>

#include "absl/synchronization/notification.h"
#include "base/limits/tls.h"
#include "net/event_loop.h"
#include "net/listener.h"
#include "tests/fakes/manual_clock.h"
#include "tests/support/status_matchers.h"
#include "tests/support/stream_probe.h"
#include "tests/support/test_authority.h"

namespace hoop {
namespace {

using Outcome = absl::StatusOr<std::unique_ptr<TlsStream>>;
using absl::StatusCode;

class TlsHandshakeTest : public ::testing::Test {
 protected:
  TlsHandshakeTest() { Connect(); }

  void Connect() {
    int both[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, both), 0);
    near_ = AdoptSocket(loop_, both[0], "client:1");
    far_ = AdoptSocket(loop_, both[1], "server:2");
  }

  std::shared_ptr<TlsContext> Server(const TlsServerOptions& options) {
    auto made = TlsContext::MakeServer(options);
    EXPECT_OK(made.status());
    return *made;
  }
  std::shared_ptr<TlsContext> Client(const TlsClientOptions& options) {
    auto made = TlsContext::MakeClient(options);
    EXPECT_OK(made.status());
    return *made;
  }
  TlsClientOptions Trusting() const { return {.ca_pem = authority_.pem()}; }

  // Both ends at once; turns the loop until both know.
  void Run(std::shared_ptr<TlsContext> client, std::shared_ptr<TlsContext> server, const std::string& host = "gw.test",
           Worker* worker = nullptr) {
    client_ = absl::UnknownError("not done");
    server_ = absl::UnknownError("not done");
    int waiting = 2;
    client_handshake_ = TlsConnect(loop_, std::move(far_), std::move(client), host, absl::Seconds(10),
                                   [&](Outcome outcome) { Done(client_, std::move(outcome), waiting); });
    server_handshake_ = TlsAccept(loop_, std::move(near_), std::move(server), absl::Seconds(10), worker,
                                  [&](Outcome outcome) { Done(server_, std::move(outcome), waiting); });
    loop_.Run();
  }
  void Done(Outcome& to, Outcome outcome, int& waiting) {
    if (!outcome.ok()) (&to == &server_ ? server_handshake_ : client_handshake_)->TakePlain().reset();
    to = std::move(outcome);
    if (--waiting == 0) loop_.Stop();
  }

  // A server's handshake with somebody who says `bytes` and nothing more.
  absl::Status Against(std::string_view bytes, bool closes) {
    std::optional<absl::Status> result;
    StreamProbe peer(loop_, std::move(far_));
    server_handshake_ = TlsAccept(loop_, std::move(near_), Server({.credential = authority_.Issue()}),
                                  absl::InfiniteDuration(), nullptr, [&](Outcome outcome) {
                                    result = outcome.status();
                                    loop_.Stop();
                                  });
    peer.Write(bytes);
    if (closes) peer.stream().ShutdownWrite();
    while (!result) loop_.Run();
    return *result;
  }

  ManualClock clock_;
  EventLoop loop_{clock_};
  const TestAuthority authority_{"Test CA"}, other_{"Other CA"};
  std::unique_ptr<ByteStream> near_, far_;
  std::unique_ptr<TlsHandshake> client_handshake_, server_handshake_;
  Outcome client_ = absl::UnknownError("not done"), server_ = absl::UnknownError("not done");
};

TEST_F(TlsHandshakeTest, ConnectsWithAGoodCertificate) {
  Run(Client(Trusting()), Server({.credential = authority_.Issue()}));
  ASSERT_OK(client_.status());
  ASSERT_OK(server_.status());
  EXPECT_EQ((*client_)->version(), "TLSv1.3");
  EXPECT_EQ((*client_)->protocol(), "");
  EXPECT_FALSE((*client_)->resumed());
}

TEST_F(TlsHandshakeTest, AgreesOnTheServersFavouriteProtocol) {
  TlsClientOptions client = Trusting();
  client.protocols = {"http/1.1", "h2"};
  Run(Client(client), Server({.credential = authority_.Issue(), .protocols = {"h2", "http/1.1"}}));
  ASSERT_OK(server_.status());
  EXPECT_EQ((*server_)->protocol(), "h2");
  EXPECT_EQ((*client_)->protocol(), "h2");
}

TEST_F(TlsHandshakeTest, RefusesOtherProtocols) {
  TlsClientOptions client = Trusting();
  client.protocols = {"http/1.1"};
  Run(Client(client), Server({.credential = authority_.Issue(), .protocols = {"h2"}}));
  EXPECT_STATUS(server_.status(), StatusCode::kFailedPrecondition, "speaks no application protocol that we speak");
  EXPECT_STATUS(client_.status(), StatusCode::kFailedPrecondition, "it speaks no application protocol that we speak");
}

TEST_F(TlsHandshakeTest, GoesOnWithPeersThatNameNoProtocol) {
  Run(Client(Trusting()), Server({.credential = authority_.Issue(), .protocols = {"h2"}}));
  EXPECT_OK(server_.status());
}

TEST_F(TlsHandshakeTest, RefusesAnExpiredCertificate) {
  Run(Client(Trusting()), Server({.credential = authority_.Issue({.from_days = -20, .until_days = -10})}));
  EXPECT_STATUS(client_.status(), StatusCode::kFailedPrecondition, "its certificate has expired (CN=leaf, on 20");
  EXPECT_STATUS(server_.status(), StatusCode::kFailedPrecondition, "the peer refuses: our certificate has expired");
}

TEST_F(TlsHandshakeTest, RefusesACertificateOfTheFuture) {
  Run(Client(Trusting()), Server({.credential = authority_.Issue({.from_days = 10})}));
  EXPECT_STATUS(client_.status(), StatusCode::kFailedPrecondition, "is not valid yet (CN=leaf, from 20");
}

TEST_F(TlsHandshakeTest, RefusesAnUnknownAuthority) {
  Run(Client(Trusting()), Server({.credential = other_.Issue()}));
  EXPECT_STATUS(
      client_.status(), StatusCode::kFailedPrecondition,
      "tls handshake with server:2: the peer is not trusted: its certificate is signed by an unknown authority "
      "(CN=Other CA)");
  EXPECT_STATUS(server_.status(), StatusCode::kFailedPrecondition,
                "tls handshake with client:1: the peer refuses: our certificate is signed by an authority that it does "
                "not know");
}

TEST_F(TlsHandshakeTest, RefusesAnotherName) {
  Run(Client(Trusting()), Server({.credential = authority_.Issue()}), "db.test");
  EXPECT_STATUS(client_.status(), StatusCode::kFailedPrecondition,
                "its certificate is for gw.test, 127.0.0.1 and not for db.test");
  EXPECT_STATUS(server_.status(), StatusCode::kFailedPrecondition, "it does not accept our certificate");
}

TEST_F(TlsHandshakeTest, RefusesANameInTheSubjectOnly) {
  Run(Client(Trusting()), Server({.credential = authority_.Issue({.subject = "gw.test", .names = ""})}));
  EXPECT_STATUS(client_.status(), StatusCode::kFailedPrecondition, "is for no name and not for gw.test");
}

TEST_F(TlsHandshakeTest, VerifiesIpAddresses) {
  Run(Client(Trusting()), Server({.credential = authority_.Issue()}), "127.0.0.1");
  EXPECT_OK(client_.status());
  Connect();
  Run(Client(Trusting()), Server({.credential = authority_.Issue()}), "127.0.0.2");
  EXPECT_STATUS(client_.status(), StatusCode::kFailedPrecondition, "and not for 127.0.0.2");
}

TEST_F(TlsHandshakeTest, CanVerifyTheChainAlone) {
  TlsClientOptions client = Trusting();
  client.verify = TlsVerify::kChain;
  Run(Client(client), Server({.credential = authority_.Issue()}), "db.test");
  EXPECT_OK(client_.status());
  Connect();
  Run(Client(client), Server({.credential = other_.Issue()}), "db.test");
  EXPECT_STATUS(client_.status(), StatusCode::kFailedPrecondition, "unknown authority");
}

TEST_F(TlsHandshakeTest, CanVerifyNothing) {
  Run(Client({.verify = TlsVerify::kNone}), Server({.credential = other_.Issue()}), "db.test");
  EXPECT_OK(client_.status());
}

TEST_F(TlsHandshakeTest, TrustsTheMachinesAuthoritiesByDefault) {
  auto context = TlsContext::MakeClient({});
  if (!context.ok()) GTEST_SKIP() << context.status();
  Run(*context, Server({.credential = authority_.Issue()}));
  EXPECT_STATUS(client_.status(), StatusCode::kFailedPrecondition, "unknown authority");
}

TEST_F(TlsHandshakeTest, ShowsItsCertificateWhenAsked) {
  TlsClientOptions client = Trusting();
  client.credential = authority_.Issue({.subject = "agent-7"});
  Run(Client(client), Server({.credential = authority_.Issue(),
                              .client_auth = TlsClientAuth::kRequired,
                              .client_ca_pem = authority_.pem()}));
  ASSERT_OK(server_.status());
  EXPECT_EQ((*server_)->VerifiedSubject(), "CN=agent-7");
}

TEST_F(TlsHandshakeTest, AnOptionalClientCertificateMayBeMissing) {
  Run(Client(Trusting()), Server({.credential = authority_.Issue(),
                                  .client_auth = TlsClientAuth::kOptional,
                                  .client_ca_pem = authority_.pem()}));
  ASSERT_OK(server_.status());
  EXPECT_EQ((*server_)->VerifiedSubject(), "");
}

// In TLS 1.3 the client is through before the server has seen its certificate: it hears of the refusal by reading.
TEST_F(TlsHandshakeTest, RefusesClientsWithoutADemandedCertificate) {
  Run(Client(Trusting()), Server({.credential = authority_.Issue(),
                                  .client_auth = TlsClientAuth::kRequired,
                                  .client_ca_pem = authority_.pem()}));
  EXPECT_STATUS(server_.status(), StatusCode::kFailedPrecondition, "client:1: the peer shows no certificate");
  ASSERT_OK(client_.status());
  StreamProbe client(loop_, *std::move(client_));
  client.ReadToEnd();
  EXPECT_STATUS(client.error(), StatusCode::kFailedPrecondition, "it demands a client certificate");
}

TEST_F(TlsHandshakeTest, RefusesClientCertificatesOfOthers) {
  TlsClientOptions client = Trusting();
  client.credential = other_.Issue();
  Run(Client(client), Server({.credential = authority_.Issue(),
                              .client_auth = TlsClientAuth::kOptional,
                              .client_ca_pem = authority_.pem()}));
  EXPECT_STATUS(server_.status(), StatusCode::kFailedPrecondition, "unknown authority (CN=Other CA)");
  ASSERT_OK(client_.status());
  StreamProbe probe(loop_, *std::move(client_));
  probe.ReadToEnd();
  EXPECT_STATUS(probe.error(), StatusCode::kFailedPrecondition, "an authority that it does not know");
}

TEST_F(TlsHandshakeTest, ResumesByATicket) {
  const auto client = Client(Trusting());
  const auto server = Server({.credential = authority_.Issue()});
  Run(client, server);
  ASSERT_OK(client_.status());
  {  // the ticket comes behind the handshake
    StreamProbe reader(loop_, *std::move(client_)), writer(loop_, *std::move(server_));
    writer.Write("x");
    reader.ReadUntil("x");
  }
  Connect();
  Run(client, server);
  ASSERT_OK(client_.status());
  EXPECT_TRUE((*client_)->resumed());
  EXPECT_TRUE((*server_)->resumed());
}

TEST_F(TlsHandshakeTest, ATicketOfAnotherServerIsNoneHere) {
  const auto client = Client(Trusting());
  Run(client, Server({.credential = authority_.Issue()}));
  ASSERT_OK(client_.status());
  {
    StreamProbe reader(loop_, *std::move(client_)), writer(loop_, *std::move(server_));
    writer.Write("x");
    reader.ReadUntil("x");
  }
  Connect();
  Run(client, Server({.credential = other_.Issue()}));
  EXPECT_STATUS(client_.status(), StatusCode::kFailedPrecondition, "unknown authority");
}

TEST_F(TlsHandshakeTest, BothEndsAgreeOnChannelBinding) {
  Run(Client(Trusting()), Server({.credential = authority_.Issue()}));
  ASSERT_OK(client_.status());
  EXPECT_EQ((*client_)->ServerEndPoint().size(), 32u);  // SHA-256, as the signature
  EXPECT_EQ((*client_)->ServerEndPoint(), (*server_)->ServerEndPoint());
}

TEST_F(TlsHandshakeTest, ThinksOnAWorker) {
  Worker worker("test-tls", 4);
  Run(Client(Trusting()), Server({.credential = authority_.Issue()}), "gw.test", &worker);
  ASSERT_OK(client_.status());
  ASSERT_OK(server_.status());
}

TEST_F(TlsHandshakeTest, AFullWorkerRefuses) {
  Worker worker("test-tls", 0);
  Run(Client(Trusting()), Server({.credential = authority_.Issue()}), "gw.test", &worker);
  EXPECT_STATUS(server_.status(), StatusCode::kResourceExhausted, "tls handshake with client:1: test-tls: 0 tasks");
}

TEST_F(TlsHandshakeTest, MayBeGivenUpWhileTheWorkerThinks) {
  auto worker = std::make_unique<Worker>("test-tls", 4);
  absl::Notification go_on;
  EXPECT_OK(worker->Post([&] { go_on.WaitForNotification(); }));
  client_handshake_ =
      TlsConnect(loop_, std::move(far_), Client(Trusting()), "gw.test", absl::Seconds(10), [&](Outcome outcome) {
        client_ = std::move(outcome);
        loop_.Stop();
      });
  server_handshake_ = TlsAccept(loop_, std::move(near_), Server({.credential = authority_.Issue()}), absl::Seconds(1),
                                worker.get(), [&](Outcome outcome) {
                                  server_ = std::move(outcome);
                                  server_handshake_.reset();
                                });
  loop_.Post([&] { clock_.Advance(absl::Seconds(2)); });
  loop_.Run();
  EXPECT_STATUS(server_.status(), StatusCode::kDeadlineExceeded, "tls handshake with client:1: not done within 1s");
  EXPECT_STATUS(client_.status(), StatusCode::kUnavailable, "server:2: the peer closed the connection");
  go_on.Notify();
  worker.reset();
}

TEST_F(TlsHandshakeTest, RefusesWhatIsNotTls) {
  EXPECT_STATUS(Against("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", false), StatusCode::kFailedPrecondition,
                "tls handshake with client:1: the peer does not speak TLS");
  Connect();
  EXPECT_STATUS(Against("GET / HTTP/1.1\r\nHost: x\r\n\r\n", false), StatusCode::kFailedPrecondition,
                "the peer does not speak TLS");
  Connect();
  EXPECT_STATUS(Against(std::string(1000, '\xff'), false), StatusCode::kFailedPrecondition,
                "the peer does not speak TLS");
}

TEST_F(TlsHandshakeTest, ATruncatedHandshakeEnds) {
  EXPECT_STATUS(Against(std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11), true),
                StatusCode::kUnavailable, "tls handshake with client:1: the peer closed the connection");
  Connect();
  EXPECT_STATUS(Against("", true), StatusCode::kUnavailable, "without a word; does it speak TLS?");
}

TEST_F(TlsHandshakeTest, EndsWhenThePeerSaysTooMuch) {
  // A ClientHello of 100,000 bytes, which OpenSSL would take, in records of 16,000.
  std::string flood = std::string("\x01\x01\x86\xa0\x03\x03", 6) + std::string(99998, 'x');
  std::string records;
  for (size_t at = 0; at + 16000 <= flood.size(); at += 16000) {
    records += std::string("\x16\x03\x01\x3e\x80", 5) + flood.substr(at, 16000);
  }
  EXPECT_STATUS(Against(records, false), StatusCode::kResourceExhausted,
                "tls handshake with client:1: more than 65536 bytes");
}

TEST_F(TlsHandshakeTest, RefusesAChainWithoutAnEnd) {
  TlsCredential credential = authority_.Issue();
  while (credential.certificate_pem.size() < 2 * limits::kTlsPeerChainBytesMax) {
    credential.certificate_pem += authority_.pem();
  }
  Run(Client(Trusting()), Server({.credential = credential}));
  EXPECT_STATUS(client_.status(), StatusCode::kFailedPrecondition, "excessive message size");
}

TEST_F(TlsHandshakeTest, AClientHearsPlainAnswers) {
  StreamProbe peer(loop_, std::move(near_));
  client_handshake_ =
      TlsConnect(loop_, std::move(far_), Client(Trusting()), "gw.test", absl::Seconds(10), [&](Outcome outcome) {
        client_ = std::move(outcome);
        loop_.Stop();
      });
  peer.Write("HTTP/1.1 400 Bad Request\r\n\r\n");
  loop_.Run();
  EXPECT_STATUS(client_.status(), StatusCode::kFailedPrecondition,
                "tls handshake with server:2: the peer does not speak TLS");
}

TEST_F(TlsHandshakeTest, TimeIsLimited) {
  client_handshake_ =
      TlsConnect(loop_, std::move(far_), Client(Trusting()), "gw.test", absl::Seconds(3), [&](Outcome outcome) {
        client_ = std::move(outcome);
        loop_.Stop();
      });
  loop_.Post([&] { clock_.Advance(absl::Seconds(3)); });
  loop_.Run();
  EXPECT_STATUS(client_.status(), StatusCode::kDeadlineExceeded, "not done within 3s");
}

TEST_F(TlsHandshakeTest, BeginsInTheMiddleOfAPlainConversation) {
  StreamProbe asks(loop_, std::move(far_)), answers(loop_, std::move(near_));
  asks.Write("SSLRequest");
  answers.ReadUntil("SSLRequest");
  answers.Write("S");
  asks.ReadUntil("S");
  far_ = asks.Release();
  near_ = answers.Release();
  Run(Client(Trusting()), Server({.credential = authority_.Issue()}));
  EXPECT_OK(client_.status());
  EXPECT_OK(server_.status());
}

TEST_F(TlsHandshakeTest, DialsAndGoesOnWithTls) {
  std::unique_ptr<TlsStream> accepted;
  const auto context = Server({.credential = authority_.Issue()});
  auto listener = Listen(loop_, {.host = "127.0.0.1"}, [&](std::unique_ptr<ByteStream> plain) {
    server_handshake_ = TlsAccept(loop_, std::move(plain), context, absl::Seconds(10), nullptr, [&](Outcome outcome) {
      accepted = *std::move(outcome);
      loop_.Stop();
    });
  });
  ASSERT_OK(listener.status());
  absl::StatusOr<std::unique_ptr<ByteStream>> dialled = absl::UnknownError("not done");
  const auto dial = DialSecure(loop_, (*listener)->address(), {.context = Client(Trusting())}, absl::Seconds(10),
                               [&](absl::StatusOr<std::unique_ptr<ByteStream>> stream) {
                                 dialled = std::move(stream);
                                 loop_.Stop();
                               });
  while (accepted == nullptr || absl::IsUnknown(dialled.status())) loop_.Run();
  ASSERT_OK(dialled.status());
  StreamProbe reader(loop_, *std::move(dialled));
  StreamProbe writer(loop_, std::move(accepted));
  writer.Write("hello");
  EXPECT_EQ(reader.ReadUntil("hello"), "hello");
}

TEST(TlsContext, SaysWhatIsWrongWithItsTexts) {
  const TestAuthority authority("CA");
  const TlsCredential good = authority.Issue(), other = authority.Issue();
  const auto status = [](const TlsServerOptions& options) { return TlsContext::MakeServer(options).status(); };
  EXPECT_STATUS(status({}), StatusCode::kInvalidArgument, "certificate: no certificate in PEM form");
  EXPECT_STATUS(status({.credential = {good.certificate_pem, "x"}}), StatusCode::kInvalidArgument,
                "key: no private key in PEM form");
  EXPECT_STATUS(status({.credential = {good.certificate_pem, other.key_pem}}), StatusCode::kInvalidArgument,
                "key: it does not belong to the certificate of CN=leaf");
  EXPECT_STATUS(status({.credential = good, .client_auth = TlsClientAuth::kOptional, .client_ca_pem = "x"}),
                StatusCode::kInvalidArgument, "authorities: no certificate in PEM form");
  EXPECT_STATUS(TlsContext::MakeClient({.ca_pem = "x"}).status(), StatusCode::kInvalidArgument,
                "authorities: no certificate");
}

TEST(TlsContext, AsksNobodyForAPassphrase) {
  const TestAuthority authority("CA");
  const TlsCredential good = authority.Issue();
  BIO* from = BIO_new_mem_buf(good.key_pem.data(), -1);
  EVP_PKEY* key = PEM_read_bio_PrivateKey(from, nullptr, nullptr, nullptr);
  BIO* to = BIO_new(BIO_s_mem());
  PEM_write_bio_PrivateKey(to, key, EVP_aes_128_cbc(), reinterpret_cast<const unsigned char*>("secret"), 6, nullptr,
                           nullptr);
  char* text = nullptr;
  const long size = BIO_get_mem_data(to, &text);
  EXPECT_STATUS(TlsContext::MakeServer({.credential = {good.certificate_pem, std::string(text, size)}}).status(),
                StatusCode::kInvalidArgument, "key: it is encrypted");
  BIO_free(from);
  BIO_free(to);
  EVP_PKEY_free(key);
}

TEST(TlsContext, KeepsTheNewestTicketOfEachPeerAndNotOfAll) {
  const auto context = *TlsContext::MakeClient({.verify = TlsVerify::kNone});
  const auto kept = [&context](const std::string& peer) {
    SSL_SESSION* session = context->FindSession(peer);
    SSL_SESSION_free(session);
    return session;
  };
  SSL_SESSION* const older = SSL_SESSION_new();
  context->KeepSession("a", older);
  EXPECT_EQ(kept("a"), older);
  SSL_SESSION* const newer = SSL_SESSION_new();
  context->KeepSession("a", newer);
  EXPECT_EQ(kept("a"), newer);
  EXPECT_EQ(kept("b"), nullptr);
  for (size_t i = 1; i < limits::kTlsSessionsKept; ++i) context->KeepSession(std::to_string(i), SSL_SESSION_new());
  EXPECT_NE(kept("a"), nullptr);
  context->KeepSession("one more", SSL_SESSION_new());
  EXPECT_EQ(kept("a"), nullptr);
}

TEST(TlsContext, TellsWhoItIsAndUntilWhen) {
  const TestAuthority authority("CA");
  const auto context = TlsContext::MakeServer({.credential = authority.Issue({.subject = "gw"})});
  ASSERT_OK(context.status());
  EXPECT_TRUE((*context)->description().starts_with("CN=gw, until 20")) << (*context)->description();
}

}  // namespace
}  // namespace hoop
