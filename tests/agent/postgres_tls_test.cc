// TLS towards the server of a connection: what each SSLMODE accepts and refuses, and what the user is told.
#include <openssl/ssl.h>

#include <algorithm>

#include "agent/connectors/postgres.h"
#include "net/tls_context.h"
#include "protocol/postgres/messages.h"
#include "tests/agent/scripted_gateway.h"
#include "tests/agent/socket_server.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_authority.h"

namespace hoop {
namespace {

constexpr std::string_view kSession = "sid-1";
constexpr std::string_view kId = "000001";

// The server's end of a TLS connection, with blocking calls.
class TlsServer final {
 public:
  TlsServer(const Descriptor& socket, const std::shared_ptr<TlsContext>& context)
      : ssl_(SSL_new(context->get()), SSL_free) {
    SSL_set_fd(ssl_.get(), socket.get());
    accepted_ = SSL_accept(ssl_.get()) == 1;
  }

  bool accepted() const { return accepted_; }
  std::string Read(size_t size) {
    std::string bytes(size, '\0');
    size_t there = 0;
    for (int count = 1; there < size && count > 0; there += static_cast<size_t>(std::max(count, 0))) {
      count = SSL_read(ssl_.get(), bytes.data() + there, static_cast<int>(size - there));
    }
    return bytes.substr(0, there);
  }
  void Write(std::string_view bytes) { SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size())); }

 private:
  std::unique_ptr<SSL, decltype(&SSL_free)> ssl_;
  bool accepted_ = false;
};

class PostgresTls : public ::testing::Test {
 protected:
  void Open(const std::string& mode, std::map<std::string, std::string> more = {}) {
    more.merge(server.variables());
    more.merge(std::map<std::string, std::string>{{"USER", "real"}, {"PASS", "s3cret"}, {"SSLMODE", mode}});
    gateway.Open(kSession, NetworkParams("postgres", more));
    server.Accept();  // liveness
    ASSERT_EQ(gateway.WaitFor(gateway.control(), packet::kClientSessionOpenOk).type, packet::kClientSessionOpenOk);
  }

  // The user's program begins; what the agent dials has asked for TLS and is answered.
  Descriptor Begin(std::string_view answer, std::string_view first = Startup()) {
    stream = &gateway.Connect(kSession, kId, "t1");
    gateway.Send(*stream, Packet(packet::kAgentPostgresWrite,
                                 {{spec::kSessionId, kSession}, {spec::kConnectionId, kId}}, first));
    Descriptor socket = server.Accept();
    EXPECT_EQ(ReadAll(socket.get(), 8), postgres::BuildSslRequest());
    WriteAll(socket, answer);
    return socket;
  }

  // The one error that the program gets before its connection is closed.
  std::string ErrorText() {
    gateway.WaitFor(*stream, packet::kClientConnectionClose);
    EXPECT_EQ(gateway.Count(*stream, packet::kClientPostgresWrite), 1);
    const auto error = postgres::ParseErrorResponse(gateway.WaitFor(*stream, packet::kClientPostgresWrite).payload);
    return error.ok() ? error->code + " " + error->message : error.status().ToString();
  }

  static std::string_view Startup() {
    static const std::string startup = postgres::BuildStartup({postgres::kProtocol30, {{"user", "noop"}}});
    return startup;
  }

  std::shared_ptr<TlsContext> Context(TlsServerOptions options) {
    auto context = TlsContext::MakeServer(options);
    EXPECT_OK(context);
    return *context;
  }

  const TestAuthority authority{"Test CA"}, other{"Other CA"};
  SocketServer server;
  ScriptedGateway gateway;
  ScriptedGateway::Stream* stream = nullptr;
};

TEST_F(PostgresTls, AServerWithoutTlsWillDoOnlyForPrefer) {
  Open("prefer");
  Descriptor socket = Begin("N");
  std::string head = ReadAll(socket.get(), 4);
  ASSERT_EQ(head.size(), 4u);
  EXPECT_OK(postgres::ParseStartup(head + ReadAll(socket.get(), static_cast<uint8_t>(head[3]) - 4u)));
}

TEST_F(PostgresTls, AServerWithoutTlsIsRefusedWhereItIsDemanded) {
  Open("require");
  const Descriptor socket = Begin("N");
  EXPECT_EQ(ErrorText(),
            "08006 failed initializing connection, reason=sslmode require: SSL is not enabled on the postgres server");
  EXPECT_EQ(ReadAll(socket.get()), "");
}

// What is not encrypted may have been said by anybody.
TEST_F(PostgresTls, AnErrorInsteadOfAnAnswerIsNotHandedOn) {
  Open("prefer");
  const Descriptor socket = Begin(postgres::BuildErrorResponse({"FATAL", "53300", "come to evil.test instead"}));
  EXPECT_EQ(ErrorText(),
            "08006 failed initializing connection, reason=server answered the request for TLS with an error");
}

TEST_F(PostgresTls, WhatIsNoPostgresServerIsNamed) {
  Open("prefer");
  const Descriptor socket = Begin("HTTP/1.1 400 Bad Request\r\n");
  EXPECT_NE(ErrorText().find("not a PostgreSQL server: it answered the request for TLS with 0x48"), std::string::npos);
}

TEST_F(PostgresTls, AServerThatGoesIsNamed) {
  Open("prefer");
  Begin("");
  EXPECT_NE(ErrorText().find("closed the connection at the request for TLS"), std::string::npos);
}

// Bytes behind the answer are no record of TLS: they never count as if they had come through it.
TEST_F(PostgresTls, PlainBytesBehindTheAnswerAreRefused) {
  Open("prefer");
  const Descriptor socket = Begin("S" + postgres::BuildAuthentication({postgres::Authentication::kOk, ""}));
  EXPECT_NE(ErrorText().find("sslmode prefer: tls handshake"), std::string::npos);
}

TEST_F(PostgresTls, ACertificateThatIsNoneIsNamed) {
  Open("verify-full", {{"SSLROOTCERT", "no certificate"}});
  const Descriptor socket = Begin("S");
  EXPECT_NE(ErrorText().find("secrets for TLS: authorities: no certificate in PEM form"), std::string::npos);
}

TEST_F(PostgresTls, AnUnknownAuthorityIsRefusedWhereItIsVerified) {
  Open("verify-ca", {{"SSLROOTCERT", other.pem()}});
  const Descriptor socket = Begin("S");
  EXPECT_FALSE(TlsServer(socket, Context({.credential = authority.Issue()})).accepted());
  const std::string text = ErrorText();
  EXPECT_NE(text.find("sslmode verify-ca: tls handshake"), std::string::npos) << text;
  EXPECT_NE(text.find("Test CA"), std::string::npos) << text;
}

TEST_F(PostgresTls, AWrongNameIsRefusedByVerifyFull) {
  Open("verify-full", {{"SSLROOTCERT", authority.pem()}});
  const Descriptor socket = Begin("S");
  EXPECT_FALSE(TlsServer(socket, Context({.credential = authority.Issue({.names = "DNS:other.test"})})).accepted());
  const std::string text = ErrorText();
  EXPECT_NE(text.find("other.test"), std::string::npos) << text;
}

TEST_F(PostgresTls, TheNameMayBeGivenApartFromTheHost) {
  Open("verify-full", {{"SSLROOTCERT", authority.pem()}, {"SSLSERVERNAME", "db.test"}});
  const Descriptor socket = Begin("S");
  TlsServer tls(socket, Context({.credential = authority.Issue({.names = "DNS:db.test"})}));
  ASSERT_TRUE(tls.accepted());
  EXPECT_EQ(tls.Read(8).substr(4), std::string("\0\3\0\0", 4));  // the start-up message
}

TEST_F(PostgresTls, VerifyCaDoesNotLookAtTheName) {
  Open("verify-ca", {{"SSLROOTCERT", authority.pem()}});
  const Descriptor socket = Begin("S");
  EXPECT_TRUE(TlsServer(socket, Context({.credential = authority.Issue({.names = "DNS:other.test"})})).accepted());
}

TEST_F(PostgresTls, ShowsTheConnectionsOwnCertificate) {
  const TlsCredential own = other.Issue({.subject = "agent"});
  Open("verify-full", {{"SSLROOTCERT", authority.pem()}, {"SSLCERT", own.certificate_pem}, {"SSLKEY", own.key_pem}});
  const Descriptor socket = Begin("S");
  TlsServer tls(socket, Context({.credential = authority.Issue(),
                                 .client_auth = TlsClientAuth::kRequired,
                                 .client_ca_pem = other.pem()}));
  EXPECT_TRUE(tls.accepted());
  EXPECT_EQ(tls.Read(8).size(), 8u);
}

TEST_F(PostgresTls, BindsScramToTheServersCertificate) {
  Open("require");
  const Descriptor socket = Begin("S");
  TlsServer tls(socket, Context({.credential = authority.Issue()}));
  ASSERT_TRUE(tls.accepted());
  tls.Read(Startup().size());
  tls.Write(postgres::BuildAuthentication(
      {postgres::Authentication::kSasl, std::string("SCRAM-SHA-256\0SCRAM-SHA-256-PLUS\0\0", 34)}));
  EXPECT_EQ(tls.Read(52).substr(5), std::string("SCRAM-SHA-256-PLUS\0\0\0\0"
                                                "5p=tls-server-end-point,,",
                                                47));
}

TEST_F(PostgresTls, ACancelRequestIsEncryptedToo) {
  const std::string cancel = postgres::BuildCancelRequest({77, "abcd"});
  Open("require");
  const Descriptor socket = Begin("S", cancel);
  TlsServer tls(socket, Context({.credential = authority.Issue()}));
  ASSERT_TRUE(tls.accepted());
  EXPECT_EQ(tls.Read(cancel.size()), cancel);
}

TEST_F(PostgresTls, WhereTheAgentDemandsVerifiedTlsLessIsRefusedAtTheSessionsOpening) {
  gateway.agent.OnLoop([this] { gateway.context.require_verified_tls = true; });
  std::map<std::string, std::string> secrets = server.variables();
  secrets.merge(std::map<std::string, std::string>{{"USER", "u"}, {"PASS", "p"}, {"SSLMODE", "require"}});
  for (const std::string verb : {"connect", "exec"}) {
    AgentConnectionParams params = NetworkParams("postgres", secrets);
    params.client_verb = verb;
    params.command = {"psql"};
    gateway.Open("sid-" + verb, params, verb);
    EXPECT_NE(gateway.WaitFor(*gateway.WaitForStream(verb), packet::kClientSessionClose)
                  .payload.find("sslmode require: this agent demands verify-ca or verify-full"),
              std::string::npos);
  }
}

}  // namespace
}  // namespace hoop
