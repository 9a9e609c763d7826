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
  ServerLogin Login(SslMode mode = SslMode::kPrefer, bool can_start_tls = false) {
    return ServerLogin({"target", "target-pass", mode, can_start_tls}, ProgramStartup());
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
  const std::string mechanisms_{"SCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0", 34};
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

// The server's side of a SCRAM login as far as `login` goes, with a server that knows the password.
void AnswerScram(ServerLogin& login, const std::string& mechanisms, std::vector<std::string>& said) {
  const auto say = [&login, &said](std::string message) {
    said.push_back(message);
    login.OnServerBytes(message);
  };
  say(BuildAuthentication({Authentication::kSasl, mechanisms}));
  const std::string initial = login.TakeForServer();
  const std::string client_first = initial.substr(initial.find("n="));
  const std::string nonce = client_first.substr(client_first.find("r=") + 2) + "more";
  const std::string server_first = "r=" + nonce + ",s=YWJj,i=64";
  say(BuildAuthentication({Authentication::kSaslContinue, server_first}));
  const std::string key = DeriveSaltedPassword(login.key_request()).value();
  login.OnKeyDerived(key);
  const std::string signature = Hmac(Hmac(key, "Server Key"), client_first + "," + server_first + ",c=biws,r=" + nonce);
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

TEST_F(ServerLoginTest, SaysThatTlsIsNotThereYet) {
  for (const SslMode mode : {SslMode::kRequire, SslMode::kVerifyCa, SslMode::kVerifyFull}) {
    ServerLogin login = Login(mode);
    login.Start();
    EXPECT_STATUS(login.failure(), absl::StatusCode::kFailedPrecondition, "TLS to targets is not built in yet");
    EXPECT_NE(ErrorText(login).find("not built in yet"), std::string::npos);
    EXPECT_EQ(login.TakeForServer(), "");
  }
}

TEST_F(ServerLoginTest, AsksForTlsWhereTheCallerCanStartIt) {
  ServerLogin login = Login(SslMode::kRequire, true);
  login.Start();
  EXPECT_EQ(login.TakeForServer(), BuildSslRequest());
  login.OnServerBytes("S");
  ASSERT_EQ(login.state(), State::kStartTls);
  EXPECT_EQ(login.TakeForServer(), "");
  login.OnTlsStarted();
  EXPECT_OK(ParseStartup(login.TakeForServer()));
}

TEST_F(ServerLoginTest, GoesOnInPlainOnlyWherePreferAllows) {
  ServerLogin prefer = Login(SslMode::kPrefer, true);
  prefer.Start();
  prefer.TakeForServer();
  prefer.OnServerBytes("N");
  EXPECT_OK(ParseStartup(prefer.TakeForServer()));
  ServerLogin require = Login(SslMode::kRequire, true);
  require.Start();
  require.OnServerBytes("N");
  EXPECT_STATUS(require.failure(), absl::StatusCode::kFailedPrecondition, "SSL is not enabled on the postgres server");
  ServerLogin disable = Login(SslMode::kDisable, true);
  disable.Start();
  EXPECT_OK(ParseStartup(disable.TakeForServer()));
}

TEST_F(ServerLoginTest, RefusesPlainBytesBehindTheTlsAnswer) {
  ServerLogin login = Login(SslMode::kPrefer, true);
  login.Start();
  login.OnServerBytes("S" + ok_);
  EXPECT_STATUS(login.failure(), absl::StatusCode::kInvalidArgument, "unencrypted");
}

TEST_F(ServerLoginTest, FailsWithOneErrorWhateverTheServerSays) {
  const std::pair<std::string, std::string_view> cases[] = {
      {Sasl(static_cast<Authentication>(7), ""), "authentication type [7] not supported"},
      {Sasl(Authentication::kSasl, std::string("OTHER\0\0", 7)), "no SASL mechanism"},
      {Sasl(Authentication::kSasl, "cut"), "inside a text"},
      {Sasl(Authentication::kSasl, mechanisms_) + Sasl(Authentication::kSasl, mechanisms_), "twice"},
      {Sasl(Authentication::kSaslContinue, "r=x"), "authentication type [11]"},
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

TEST(SslMode, KnowsFiveWords) {
  EXPECT_EQ(ParseSslMode("").value(), SslMode::kPrefer);
  EXPECT_EQ(ParseSslMode("verify-full").value(), SslMode::kVerifyFull);
  EXPECT_STATUS(ParseSslMode("allow"), absl::StatusCode::kInvalidArgument, "wrong option (\"allow\") for SSLMODE");
}

}  // namespace
}  // namespace hoop::postgres
