#include "protocol/postgres/framing.h"

#include <string>
#include <vector>

#include "base/limits/postgres.h"
#include "protocol/postgres/messages.h"
#include "tests/support/status_matchers.h"

namespace hoop::postgres {
namespace {

struct Cut {
  FrameKind kind;
  char type;
  std::string bytes;
};

// Feeds `stream` in chunks of `chunk` bytes and joins the pieces again.
absl::StatusOr<std::vector<Cut>> ReadAll(FrameReader& reader, std::string_view stream, size_t chunk) {
  std::vector<Cut> cuts;
  for (size_t at = 0; at < stream.size(); at += chunk) {
    std::string_view input = stream.substr(at, chunk);
    while (true) {
      auto piece = reader.Next(input);
      if (!piece.ok()) return piece.status();
      if (!*piece) break;
      if ((*piece)->first) cuts.push_back({(*piece)->kind, (*piece)->type, {}});
      cuts.back().bytes.append((*piece)->bytes);
      EXPECT_EQ((*piece)->last, cuts.back().bytes.size() == (*piece)->frame_bytes);
    }
    EXPECT_TRUE(input.empty());
  }
  return cuts;
}

absl::Status ErrorOf(Sender sender, std::string_view stream) {
  FrameReader reader(sender);
  return ReadAll(reader, stream, stream.size()).status();
}

TEST(FrameReader, CutsTheSameMessagesWhateverTheChunks) {
  const std::vector<std::string> messages = {BuildSslRequest(),
                                             BuildStartup({kProtocol30, {{"user", "noop"}}}),
                                             BuildMessage('Q', std::string("select 1\0", 9)),
                                             BuildMessage('S', ""),
                                             BuildMessage('d', std::string(300, 'x')),
                                             BuildTerminate()};
  std::string stream;
  for (const std::string& message : messages) stream += message;
  for (size_t chunk = 1; chunk <= stream.size(); ++chunk) {
    FrameReader reader(Sender::kFrontend);
    auto cuts = ReadAll(reader, stream, chunk);
    ASSERT_OK(cuts);
    ASSERT_EQ(cuts->size(), messages.size()) << "chunks of " << chunk;
    for (size_t i = 0; i < messages.size(); ++i) EXPECT_EQ((*cuts)[i].bytes, messages[i]);
    EXPECT_EQ((*cuts)[0].kind, FrameKind::kSslRequest);
    EXPECT_EQ((*cuts)[1].kind, FrameKind::kStartup);
    EXPECT_EQ((*cuts)[4].type, 'd');
    EXPECT_TRUE(reader.at_boundary());
  }
}

TEST(FrameReader, GivesAWholeMessageAsOnePieceThatPointsIntoTheInput) {
  FrameReader reader(Sender::kBackend);
  const std::string stream = BuildReadyForQuery('I') + BuildReadyForQuery('T');
  std::string_view input = stream;
  auto piece = reader.Next(input);
  ASSERT_OK(piece);
  EXPECT_TRUE((*piece)->first && (*piece)->last);
  EXPECT_EQ((*piece)->bytes.data(), stream.data());
  EXPECT_EQ((*piece)->header_bytes, 5u);
  EXPECT_EQ(input.size(), 6u);
}

TEST(FrameReader, LetsALargeBodyFlowWithoutKeepingIt) {
  FrameReader reader(Sender::kBackend);
  const uint32_t length = 900'000'000;
  const std::string header = {'D', static_cast<char>(length >> 24), static_cast<char>(length >> 16),
                              static_cast<char>(length >> 8), static_cast<char>(length)};
  const std::string chunk(60'000, 'r');
  size_t seen = 0;
  std::string_view input = header;
  auto piece = reader.Next(input);
  ASSERT_OK(piece);
  EXPECT_TRUE((*piece)->first);
  for (size_t sent = 0; sent < length - 4; sent += chunk.size()) {
    input = std::string_view(chunk).substr(0, length - 4 - sent);
    piece = reader.Next(input);
    ASSERT_OK(piece);
    EXPECT_FALSE((*piece)->first);
    seen += (*piece)->bytes.size();
  }
  EXPECT_EQ(seen, length - 4);
  EXPECT_TRUE((*piece)->last);
  EXPECT_TRUE(reader.at_boundary());
}

TEST(FrameReader, ReadsTheAnswerToAnEncryptionRequestAsOneByte) {
  FrameReader reader(Sender::kBackend);
  reader.ExpectEncryptionAnswer();
  reader.ExpectEncryptionAnswer();
  auto cuts = ReadAll(reader, "NN" + BuildAuthentication({}), 1);
  ASSERT_OK(cuts);
  ASSERT_EQ(cuts->size(), 3u);
  EXPECT_EQ((*cuts)[1].kind, FrameKind::kEncryptionAnswer);
  EXPECT_EQ((*cuts)[2].type, 'R');
}

TEST(FrameReader, TakesAnErrorResponseInsteadOfTheAnswer) {
  FrameReader reader(Sender::kBackend);
  reader.ExpectEncryptionAnswer();
  auto cuts = ReadAll(reader, BuildLoginFailure("old server"), 3);
  ASSERT_OK(cuts);
  EXPECT_EQ((*cuts)[0].type, 'E');
}

TEST(FrameReader, RefusesWhatIsNoStartup) {
  EXPECT_STATUS(ErrorOf(Sender::kFrontend, "GET / HTTP/1.1\r\n"), absl::StatusCode::kInvalidArgument,
                "not a PostgreSQL");
  EXPECT_STATUS(ErrorOf(Sender::kFrontend, std::string("\0\0\0\7\0\3\0\0", 8)), absl::StatusCode::kInvalidArgument,
                "7");
  EXPECT_STATUS(ErrorOf(Sender::kFrontend, BuildStartup({2 << 16, {}})), absl::StatusCode::kInvalidArgument, "2.0");
  EXPECT_STATUS(ErrorOf(Sender::kFrontend, std::string("\0\0\0\x09\x04\xd2\x16\x2f\0", 9)),
                absl::StatusCode::kInvalidArgument, "encryption request of 9");
  const StartupMessage large{kProtocol30, {{"options", std::string(limits::kPostgresStartupBytesMax, 'x')}}};
  EXPECT_STATUS(ErrorOf(Sender::kFrontend, BuildStartup(large)), absl::StatusCode::kInvalidArgument, "length");
}

TEST(FrameReader, RefusesEndlessEncryptionRequests) {
  std::string stream;
  for (size_t i = 0; i <= limits::kPostgresEncryptionRequestsMax; ++i) stream += BuildSslRequest();
  EXPECT_STATUS(ErrorOf(Sender::kFrontend, stream), absl::StatusCode::kResourceExhausted, "encryption requests");
}

TEST(FrameReader, RefusesBadTypedMessagesForEver) {
  FrameReader reader(Sender::kBackend);
  std::string_view input("\xff\0\0\0\x04", 5);
  EXPECT_STATUS(reader.Next(input), absl::StatusCode::kInvalidArgument, "0xff");
  const std::string good = BuildReadyForQuery('I');
  input = good;
  EXPECT_STATUS(reader.Next(input), absl::StatusCode::kInvalidArgument, "0xff");
  EXPECT_STATUS(ErrorOf(Sender::kBackend, std::string("Z\0\0\0\3", 5)), absl::StatusCode::kInvalidArgument, "length 3");
  EXPECT_STATUS(ErrorOf(Sender::kBackend, "D\x7f\xff\xff\xff"), absl::StatusCode::kResourceExhausted, "2147483647");
}

TEST(FrameReader, NamesAClientThatBeginsWithTls) {
  EXPECT_STATUS(ErrorOf(Sender::kFrontend, std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11)),
                absl::StatusCode::kFailedPrecondition, "sslnegotiation=direct");
}

}  // namespace
}  // namespace hoop::postgres
