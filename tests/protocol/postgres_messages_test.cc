#include "protocol/postgres/messages.h"

#include "tests/support/status_matchers.h"

namespace hoop::postgres {
namespace {

TEST(StartupMessage, ReplacesTheUserAndKeepsEverythingElse) {
  StartupMessage startup{kProtocol30,
                         {{"database", "u"}, {"user", "u"}, {"options", "-c a=u"}, {"user", "other"}, {"empty", ""}}};
  startup.SetUser("secret");
  auto read = ParseStartup(BuildStartup(startup));
  ASSERT_OK(read);
  const std::vector<std::pair<std::string, std::string>> expected = {
      {"database", "u"}, {"user", "secret"}, {"options", "-c a=u"}, {"empty", ""}};
  EXPECT_EQ(read->parameters, expected);
  EXPECT_EQ(read->Get("user"), "secret");
  EXPECT_EQ(read->Get("absent"), "");
}

TEST(StartupMessage, GetsAUserWhenTheClientNamesNone) {
  StartupMessage startup{kProtocol30, {{"database", "d"}}};
  startup.SetUser("secret");
  EXPECT_EQ(startup.parameters.front().first, "user");
}

TEST(StartupMessage, RefusesWhatIsCut) {
  const std::string whole = BuildStartup({kProtocol30, {{"user", "noop"}, {"database", "d"}}});
  for (size_t size = 0; size < whole.size(); ++size) EXPECT_FALSE(ParseStartup(whole.substr(0, size)).ok()) << size;
  // A length that is right, over parameters that are not.
  const std::string unterminated = std::string("\0\0\0\x0d\0\3\0\0user\0", 13);
  EXPECT_STATUS(ParseStartup(unterminated), absl::StatusCode::kInvalidArgument, "inside a text");
  const std::string trailing = std::string("\0\0\0\x0b\0\3\0\0\0xy", 11);
  EXPECT_STATUS(ParseStartup(trailing), absl::StatusCode::kInvalidArgument, "goes on");
}

TEST(ErrorResponse, IsBuiltWithItsFourFields) {
  const std::string message = BuildLoginFailure("no route");
  EXPECT_EQ(message.substr(5),
            std::string("SFATAL\0VFATAL\0C08006\0Mfailed initializing connection, reason=no route\0\0", 71));
  auto read = ParseErrorResponse(message);
  ASSERT_OK(read);
  EXPECT_EQ(read->severity, "FATAL");
  EXPECT_EQ(read->code, "08006");
  EXPECT_EQ(read->message, "failed initializing connection, reason=no route");
}

TEST(ErrorResponse, PrefersTheSeverityThatIsNeverTranslated) {
  const std::string body("SFEHLER\0VERROR\0C42601\0Mbad\0Xskipped\0\0", 38);
  auto read = ParseErrorResponse(BuildMessage('E', body));
  ASSERT_OK(read);
  EXPECT_EQ(read->severity, "ERROR");
  EXPECT_STATUS(ParseErrorResponse(BuildMessage('E', "SERROR")), absl::StatusCode::kInvalidArgument, "inside a text");
  EXPECT_STATUS(ParseErrorResponse(BuildMessage('Z', "I")), absl::StatusCode::kInvalidArgument, "type");
}

TEST(CancelRequest, KeepsKeysOfBothProtocols) {
  for (const size_t key_bytes : {4u, 32u, 256u}) {
    auto read = ParseCancelRequest(BuildCancelRequest({77, std::string(key_bytes, 'k')}));
    ASSERT_OK(read);
    EXPECT_EQ(read->process_id, 77u);
    EXPECT_EQ(read->key.size(), key_bytes);
  }
  EXPECT_STATUS(ParseCancelRequest(BuildCancelRequest({77, "k"})), absl::StatusCode::kInvalidArgument, "key of 1");
  EXPECT_STATUS(ParseCancelRequest(BuildSslRequest()), absl::StatusCode::kInvalidArgument, "not a cancel");
}

TEST(Messages, AreBuiltAsTheProtocolSays) {
  EXPECT_EQ(BuildAuthentication({}), std::string("R\0\0\0\x08\0\0\0\0", 9));
  EXPECT_EQ(BuildReadyForQuery('I'), std::string("Z\0\0\0\5I", 6));
  EXPECT_EQ(BuildTerminate(), std::string("X\0\0\0\4", 5));
  EXPECT_EQ(BuildSslRequest(), std::string("\0\0\0\x08\x04\xd2\x16\x2f", 8));
  EXPECT_EQ(BuildParameterStatus("a", "b"), std::string("S\0\0\0\x08"
                                                        "a\0b\0",
                                                        9));
  EXPECT_EQ(BuildPassword("pw"), std::string("p\0\0\0\7pw\0", 8));
  EXPECT_EQ(BuildSaslInitialResponse("M", "xy"), std::string("p\0\0\0\x0cM\0\0\0\0\2xy", 13));
  auto key = ParseBackendKey(BuildBackendKey({1, "abcd"}));
  ASSERT_OK(key);
  EXPECT_EQ(key->key, "abcd");
  EXPECT_FALSE(ParseBackendKey(BuildMessage('K', "abc")).ok());
  EXPECT_FALSE(ParseAuthentication(BuildMessage('R', "abc")).ok());
}

TEST(Messages, ReadTheListOfSaslMechanisms) {
  auto mechanisms = ParseSaslMechanisms(std::string_view("SCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0", 34));
  ASSERT_OK(mechanisms);
  EXPECT_EQ(mechanisms->size(), 2u);
  EXPECT_FALSE(ParseSaslMechanisms("SCRAM").ok());
}

}  // namespace
}  // namespace hoop::postgres
