// client_login and server_login: the two halves of the way in.
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>

#include "base/encoding.h"
#include "base/limits/postgres.h"
#include "protocol/postgres/client_login.h"
#include "protocol/postgres/server_login.h"
#include "tests/support/status_matchers.h"

namespace hoop::postgres {
namespace {

using State = ServerLogin::State;

StartupMessage ProgramStartup() { return {kProtocol30, {{"user", "noop"}, {"database", "shop"}}}; }

TEST(ClientLogin, AnswersAnyNumberOfEncryptionRequestsWithN) {
  std::string gss = BuildSslRequest();
  gss.back() = '\x30';
  ClientLogin login;
  EXPECT_OK(login.OnClientBytes(gss));
  EXPECT_EQ(login.TakeForClient(), std::vector<std::string>{"N"});
  EXPECT_OK(login.OnClientBytes(BuildSslRequest()));
  EXPECT_EQ(login.TakeForClient(), std::vector<std::string>{"N"});
  EXPECT_FALSE(login.startup());
  EXPECT_OK(login.OnClientBytes(BuildStartup(ProgramStartup()) + "early"));
  ASSERT_TRUE(login.startup());
  EXPECT_EQ(login.startup()->Get("database"), "shop");
  EXPECT_OK(login.OnClientBytes(" bird"));
  EXPECT_EQ(login.TakeRest(), "early bird");
}

TEST(ClientLogin, ReadsByteByByte) {
  ClientLogin login;
  for (const char byte : BuildSslRequest() + BuildStartup(ProgramStartup())) EXPECT_OK(login.OnClientBytes({&byte, 1}));
  EXPECT_TRUE(login.startup());
}

TEST(ClientLogin, GivesTheCancelRequestAsItCame) {
  const std::string request = BuildCancelRequest({4711, "key!"});
  ClientLogin login;
  EXPECT_OK(login.OnClientBytes(request));
  EXPECT_EQ(login.cancel_request(), request);
  EXPECT_TRUE(login.TakeForClient().empty());
}

TEST(ClientLogin, RefusesStrangersAndFloods) {
  ClientLogin http;
  EXPECT_STATUS(http.OnClientBytes("GET / HTTP/1.1\r\n\r\n"), absl::StatusCode::kInvalidArgument, "start-up");
  ClientLogin flood;
  EXPECT_OK(flood.OnClientBytes(BuildStartup(ProgramStartup())));
  EXPECT_STATUS(flood.OnClientBytes(std::string(limits::kPostgresEarlyBytesMax + 1, 'x')),
                absl::StatusCode::kResourceExhausted, "before its login");
}

class ServerLoginTest : public ::testing::Test {
 protected:
  ServerLogin Login(bool encrypted = false, std::string server_end_point = "") {
    return ServerLogin({"target", "target-pass", encrypted, std::move(server_end_point)}, ProgramStartup());
  }

  static std::string Sasl(Authentication kind, std::string body) {
    return BuildAuthentication({kind, std::move(body)});
  }

  // The one ErrorResponse at the end of what the program gets.
  static std::string ErrorText(ServerLogin& login) {
    const std::vector<std::string> messages = login.TakeForClient();
    EXPECT_EQ(std::count_if(messages.begin(), messages.end(), [](const auto& message) { return message[0] == 'E'; }),
              1);
    auto error = ParseErrorResponse(messages.back());
    EXPECT_OK(error);
    return error.ok() ? error->code + " " + error->message : "";
  }

  const std::string ok_ = BuildAuthentication({});
  const std::string greeting_ = BuildParameterStatus("server_version", "15") + BuildBackendKey({7, "abcd"});
  const std::string mechanisms_{"SCRAM-SHA-256\0\0", 15};
  const std::string plus_{"SCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0", 34};
  const std::string plus_only_{"SCRAM-SHA-256-PLUS\0\0", 20};
};

TEST_F(ServerLoginTest, TrustRelaysTheGreetingMessageByMessage) {
  ServerLogin login = Login();
  login.Start();
  auto startup = ParseStartup(login.TakeForServer());
  ASSERT_OK(startup);
  EXPECT_EQ(startup->Get("user"), "target");
  EXPECT_EQ(startup->Get("database"), "shop");
  for (const char byte : ok_ + greeting_ + BuildReadyForQuery('I')) login.OnServerBytes({&byte, 1});
  EXPECT_EQ(login.state(), State::kReady);
  const std::vector<std::string> messages = login.TakeForClient();
  ASSERT_EQ(messages.size(), 4u);
  EXPECT_EQ(messages[0], ok_);
  EXPECT_EQ(messages[2][0], 'K');
  EXPECT_EQ(messages[3][0], 'Z');
  EXPECT_EQ(login.TakeForServer(), "");
}

TEST_F(ServerLoginTest, HandsOnWhatFollowsReadyForQuery) {
  ServerLogin login = Login();
  login.Start();
  login.OnServerBytes(ok_ + BuildReadyForQuery('I') + "part of a notif");
  EXPECT_EQ(login.TakeForClient().back(), "part of a notif");
}

TEST_F(ServerLoginTest, ScramAsksForTheKeyAndGoesOnWithIt) {
  ServerLogin login = Login();
  login.Start();
  login.TakeForServer();
  login.OnServerBytes(Sasl(Authentication::kSasl, mechanisms_));
  const std::string first = login.TakeForServer();
  const std::string nonce = first.substr(first.find("r=") + 2);
  EXPECT_EQ(nonce.size(), 24u);
  login.OnServerBytes(Sasl(Authentication::kSaslContinue, "r=" + nonce + "more,s=YWJj,i=4096"));
  ASSERT_EQ(login.state(), State::kDeriveKey);
  EXPECT_EQ(login.key_request().iterations, 4096u);
  EXPECT_EQ(login.TakeForServer(), "");
  login.OnKeyDerived(DeriveSaltedPassword(login.key_request()));
  EXPECT_EQ(login.state(), State::kTalking);
  EXPECT_NE(login.TakeForServer().find("c=biws,r=" + nonce + "more,p="), std::string::npos);
  EXPECT_TRUE(login.TakeForClient().empty());
  login.OnServerBytes(Sasl(Authentication::kSaslFinal, "v=AAAA"));
  EXPECT_EQ(login.state(), State::kFailed);
  EXPECT_NE(ErrorText(login).find("08006 failed initializing connection, reason=server does not prove"),
            std::string::npos);
}

std::string Hmac(std::string_view key, std::string_view text) {
  unsigned char digest[32];
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(text.data()),
       text.size(), digest, nullptr);
  return {reinterpret_cast<const char*>(digest), sizeof digest};
}

// The server's side of a SCRAM login as far as `login` goes, with a server that knows the password and expects
// `binding` (gs2-header and the data behind it).
void AnswerScram(ServerLogin& login, const std::string& mechanisms, std::vector<std::string>& said,
                 const std::string& binding = "n,,") {
  const auto say = [&login, &said](std::string message) {
    said.push_back(message);
    login.OnServerBytes(message);
  };
  say(BuildAuthentication({Authentication::kSasl, mechanisms}));
  const std::string initial = login.TakeForServer();
  const std::string header = binding.substr(0, binding.find(",,") + 2);
  EXPECT_NE(initial.find(header + "n=,r="), std::string::npos) << initial;
  const std::string client_first = initial.substr(initial.find("n=,"));
  const std::string nonce = client_first.substr(client_first.find("r=") + 2) + "more";
  const std::string server_first = "r=" + nonce + ",s=YWJj,i=64";
  say(BuildAuthentication({Authentication::kSaslContinue, server_first}));
  const std::string key = DeriveSaltedPassword(login.key_request()).value();
  login.OnKeyDerived(key);
  const std::string signature =
      Hmac(Hmac(key, "Server Key"), client_first + "," + server_first + ",c=" + Base64Encode(binding) + ",r=" + nonce);
  say(BuildAuthentication({Authentication::kSaslFinal, "v=" + Base64Encode(signature)}));
}

TEST_F(ServerLoginTest, ScramEndsWellWithAServerThatProvesItself) {
  ServerLogin login = Login();
  login.Start();
  login.TakeForServer();
  std::vector<std::string> said;
  AnswerScram(login, mechanisms_, said);
  login.OnServerBytes(ok_ + greeting_ + BuildReadyForQuery('I'));
  EXPECT_EQ(login.state(), State::kReady) << login.failure();
  EXPECT_EQ(login.TakeForClient().front(), ok_);
}

TEST_F(ServerLoginTest, ChangedAndCutBytesNeverCrash) {
  std::vector<std::string> said;
  {
    ServerLogin login = Login();
    login.Start();
    login.TakeForServer();
    AnswerScram(login, mechanisms_, said);
  }
  std::string transcript;
  for (const std::string& message : said) transcript += message;
  transcript += ok_ + greeting_ + BuildErrorResponse({"FATAL", "57P01", "bye"});
  for (size_t at = 0; at < transcript.size(); ++at) {
    for (const int change : {0x01, 0x20, 0x80, 0xff}) {
      std::string changed = transcript;
      changed[at] = static_cast<char>(changed[at] ^ change);
      ServerLogin login = Login();
      login.Start();
      login.OnServerBytes(changed);
      if (login.state() == State::kDeriveKey) login.OnKeyDerived(std::string(32, 'k'));
      login.OnServerEnd(absl::OkStatus());
      EXPECT_EQ(login.state(), State::kFailed);
      ErrorText(login);  // one error, whatever happened
    }
  }
  const std::string hello = BuildSslRequest() + BuildStartup(ProgramStartup());
  for (size_t at = 0; at < hello.size(); ++at) {
    ClientLogin cut;
    EXPECT_OK(cut.OnClientBytes(std::string(hello, 0, at)));
    EXPECT_FALSE(cut.startup());
    std::string changed = hello;
    changed[at] = static_cast<char>(changed[at] ^ 0x81);
    ClientLogin login;
    login.OnClientBytes(changed).IgnoreError();
  }
}

TEST_F(ServerLoginTest, RefusesAnOkWithoutTheServersProof) {
  ServerLogin login = Login();
  login.Start();
  login.OnServerBytes(Sasl(Authentication::kSasl, mechanisms_) + ok_);
  EXPECT_STATUS(login.failure(), absl::StatusCode::kPermissionDenied, "without proving");
}

TEST_F(ServerLoginTest, RelaysTheServersRefusalOnce) {
  ServerLogin login = Login();
  login.Start();
  const std::string refusal =
      BuildErrorResponse({"FATAL", "28P01", "password authentication failed for user \"target\""});
  login.OnServerBytes(refusal);
  EXPECT_STATUS(login.failure(), absl::StatusCode::kUnauthenticated, "28P01");
  login.OnServerEnd(absl::OkStatus());
  EXPECT_EQ(login.TakeForClient(), std::vector<std::string>{refusal});
}

TEST_F(ServerLoginTest, RelaysARefusalAfterTheAuthentication) {
  ServerLogin login = Login();
  login.Start();
  login.OnServerBytes(ok_ + BuildErrorResponse({"FATAL", "3D000", "database \"shop\" does not exist"}));
  EXPECT_STATUS(login.failure(), absl::StatusCode::kNotFound, "shop");
  EXPECT_EQ(ErrorText(login), "3D000 database \"shop\" does not exist");
}

TEST_F(ServerLoginTest, AnswersCleartextAndMd5) {
  ServerLogin clear = Login();
  clear.Start();
  clear.TakeForServer();
  clear.OnServerBytes(Sasl(Authentication::kCleartextPassword, ""));
  EXPECT_EQ(clear.TakeForServer(), BuildPassword("target-pass"));
  ServerLogin md5 = Login();
  md5.Start();
  md5.TakeForServer();
  md5.OnServerBytes(Sasl(Authentication::kMd5Password, "salt"));
  // md5(md5("target-pass" "target") "salt"), made with md5sum.
  EXPECT_EQ(md5.TakeForServer(), BuildPassword("md5d2be354c9d7cc4cbdf0298ae8febe722"));
}

TEST_F(ServerLoginTest, BindsTheExchangeToTlsAsFarAsBothCan) {
  const struct {
    std::string offered;
    bool encrypted;
    std::string server_end_point;
    std::string mechanism;
    std::string binding;
  } cases[] = {
      {plus_, true, "hash", "SCRAM-SHA-256-PLUS", "p=tls-server-end-point,,hash"},
      {plus_only_, true, "hash", "SCRAM-SHA-256-PLUS", "p=tls-server-end-point,,hash"},
      {mechanisms_, true, "hash", "SCRAM-SHA-256", "y,,"},
      {plus_, true, "", "SCRAM-SHA-256", "n,,"},  // a certificate without a hash
      {mechanisms_, true, "", "SCRAM-SHA-256", "n,,"},
      {mechanisms_, false, "", "SCRAM-SHA-256", "n,,"},
  };
  for (const auto& each : cases) {
    ServerLogin login = Login(each.encrypted, each.server_end_point);
    login.Start();
    login.TakeForServer();
    std::vector<std::string> said;
    AnswerScram(login, each.offered, said, each.binding);
    login.OnServerBytes(ok_ + greeting_ + BuildReadyForQuery('I'));
    EXPECT_EQ(login.state(), State::kReady) << each.binding << ": " << login.failure();
    ServerLogin first = Login(each.encrypted, each.server_end_point);
    first.Start();
    first.TakeForServer();
    first.OnServerBytes(Sasl(Authentication::kSasl, each.offered));
    const std::string initial = first.TakeForServer();
    EXPECT_EQ(initial.substr(5, initial.find('\0', 5) - 5), each.mechanism);
    EXPECT_NE(initial.find(each.binding.substr(0, each.binding.find(",,") + 2) + "n=,r="), std::string::npos);
  }
}

TEST_F(ServerLoginTest, RefusesAnOfferOfChannelBindingWithoutTls) {
  ServerLogin login = Login();
  login.Start();
  login.OnServerBytes(Sasl(Authentication::kSasl, plus_));
  EXPECT_STATUS(login.failure(), absl::StatusCode::kPermissionDenied, "this connection has none");
}

TEST_F(ServerLoginTest, NamesTheMethodsItCannotServe) {
  const std::pair<uint32_t, std::string_view> methods[] = {
      {2, "Kerberos V5"}, {4, "crypt"}, {6, "SCM"}, {7, "GSSAPI"}, {8, "GSSAPI"}, {9, "SSPI"}, {42, "type 42"}};
  for (const auto& [method, name] : methods) {
    ServerLogin login = Login();
    login.Start();
    login.OnServerBytes(Sasl(static_cast<Authentication>(method), ""));
    EXPECT_STATUS(login.failure(), absl::StatusCode::kUnimplemented, "not supported here");
    EXPECT_NE(ErrorText(login).find("asks for " + std::string(name)), std::string::npos) << login.failure();
  }
}

TEST_F(ServerLoginTest, PassesTheNegotiationOfTheProtocolVersion) {
  StartupMessage startup = ProgramStartup();
  startup.version = kProtocol30 + 2;
  startup.parameters.emplace_back("_pq_.odd", "1");
  startup.parameters.emplace_back("replication", "database");
  ServerLogin login({"target", "x"}, startup);
  login.Start();
  auto sent = ParseStartup(login.TakeForServer());
  ASSERT_OK(sent);
  EXPECT_EQ(sent->version, kProtocol30 + 2);
  EXPECT_EQ(sent->Get("_pq_.odd"), "1");
  EXPECT_EQ(sent->Get("replication"), "database");
  const std::string negotiation = BuildMessage('v', "whatever it says");
  const std::string long_key = BuildBackendKey({7, std::string(256, 'k')});
  login.OnServerBytes(negotiation + ok_ + long_key + BuildReadyForQuery('I'));
  EXPECT_EQ(login.state(), State::kReady);
  EXPECT_EQ(login.TakeForClient(), (std::vector<std::string>{negotiation, ok_, long_key, BuildReadyForQuery('I')}));
}

TEST_F(ServerLoginTest, FailsWithOneErrorWhateverTheServerSays) {
  const std::pair<std::string, std::string_view> cases[] = {
      {Sasl(Authentication::kSasl, std::string("OTHER\0MORE\0\0", 12)),
       "no SASL mechanism that can be used here; it has: OTHER, MORE"},
      {Sasl(Authentication::kSaslFinal, "v=x"), "has not begun"},
      {Sasl(Authentication::kSasl, "cut"), "inside a text"},
      {Sasl(Authentication::kSasl, mechanisms_) + Sasl(Authentication::kSasl, mechanisms_), "twice"},
      {Sasl(Authentication::kSaslContinue, "r=x"), "has not begun"},
      {Sasl(Authentication::kMd5Password, "toolong"), "salt of 7"},
      {ok_ + ok_, "authenticates twice"},
      {BuildReadyForQuery('I'), "message Z before"},
      {ok_ + BuildMessage('D', ""), "message D after"},
      {"HTTP/1.1 400 Bad Request\r\n", "bytes"},
      {std::string("\0\0\0\0\0", 5), "type"},
      {BuildMessage('E', "cut"), "inside a text"},
      {ok_ + BuildMessage('S', std::string(limits::kPostgresLoginMessageBytesMax, 'x')), "during the login"},
  };
  for (const auto& [bytes, text] : cases) {
    ServerLogin login = Login();
    login.Start();
    login.OnServerBytes(bytes);
    EXPECT_EQ(login.state(), State::kFailed);
    EXPECT_NE(ErrorText(login).find(text), std::string::npos) << login.failure();
  }
}

TEST_F(ServerLoginTest, FailsWhenTheServerGoes) {
  ServerLogin silent = Login();
  silent.Start();
  silent.OnServerEnd(absl::OkStatus());
  EXPECT_STATUS(silent.failure(), absl::StatusCode::kUnavailable, "closed the connection");
  EXPECT_NE(ErrorText(silent).find("closed the connection"), std::string::npos);
  ServerLogin reset = Login();
  reset.Start();
  reset.OnServerEnd(absl::UnavailableError("connection reset"));
  EXPECT_STATUS(reset.failure(), absl::StatusCode::kUnavailable, "reset");
}

TEST_F(ServerLoginTest, BoundsWhatComesWhileTheKeyIsDerived) {
  ServerLogin login = Login();
  login.Start();
  login.OnServerBytes(Sasl(Authentication::kSasl, mechanisms_));
  const std::string first = login.TakeForServer();
  login.OnServerBytes(Sasl(Authentication::kSaslContinue, first.substr(first.find("r=")) + "x,s=YWJj,i=1"));
  ASSERT_EQ(login.state(), State::kDeriveKey);
  login.OnServerBytes(std::string(limits::kPostgresLoginMessageBytesMax + 1, 'x'));
  EXPECT_STATUS(login.failure(), absl::StatusCode::kResourceExhausted, "while it had to wait");
  login.OnKeyDerived(std::string(32, 'k'));
  EXPECT_EQ(login.state(), State::kFailed);
}

}  // namespace
}  // namespace hoop::postgres
