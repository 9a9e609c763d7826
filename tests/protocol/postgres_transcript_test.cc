#include "protocol/postgres/transcript.h"

#include <fmt/format.h>

#include <map>

#include "base/limits/postgres.h"
#include "protocol/postgres/byte_order.h"
#include "protocol/postgres/escaped_text.h"
#include "protocol/postgres/messages.h"
#include "tests/support/status_matchers.h"

namespace hoop::postgres {
namespace {

using Lines = std::vector<std::string>;

std::string Zero(std::string_view text) { return std::string(text) + '\0'; }
std::string Number16(uint16_t value) { return {static_cast<char>(value >> 8), static_cast<char>(value)}; }
std::string Number32(uint32_t value) {
  std::string bytes;
  AppendUint32(bytes, value);
  return bytes;
}
std::string Value(std::string_view bytes) { return Number32(static_cast<uint32_t>(bytes.size())) + std::string(bytes); }
const std::string kNull = Number32(0xffffffff);

std::string Query(std::string_view sql) { return BuildMessage('Q', Zero(sql)); }
std::string Parse(std::string_view name, std::string_view sql) {
  return BuildMessage('P', Zero(name) + Zero(sql) + Number16(0));
}
std::string Bind(std::string_view portal, std::string_view name, const Lines& values) {
  std::string body = Zero(portal) + Zero(name) + Number16(1) + Number16(0);
  body += Number16(static_cast<uint16_t>(values.size()));
  for (const std::string& value : values) body += value;
  return BuildMessage('B', body + Number16(0));
}
std::string Execute(std::string_view portal) { return BuildMessage('E', Zero(portal) + Number32(0)); }
std::string Columns(const Lines& names) {
  std::string body = Number16(static_cast<uint16_t>(names.size()));
  for (const std::string& name : names) body += Zero(name) + std::string(18, '\1');
  return BuildMessage('T', body);
}
std::string Row(const Lines& values) {
  std::string body = Number16(static_cast<uint16_t>(values.size()));
  for (const std::string& value : values) body += value;
  return BuildMessage('D', body);
}
std::string Done(std::string_view tag) { return BuildMessage('C', Zero(tag)); }
const std::string kSync = BuildMessage('S', "");

class TranscriptTest : public ::testing::Test {
 protected:
  TranscriptTest() { transcript_.OnRequest(BuildStartup({kProtocol30, {{"user", "noop"}}})); }

  Transcript transcript_;
};

TEST(Transcript, ShowsALoginWithoutItsPassword) {
  Transcript transcript;
  EXPECT_EQ(transcript.OnRequest(BuildSslRequest()), Lines());
  EXPECT_EQ(transcript.OnReply("N"), Lines());
  EXPECT_EQ(transcript.OnRequest(BuildStartup({kProtocol30, {{"user", "ida"}, {"database", "orders"}}})),
            (Lines{"login: user=ida database=orders"}));
  EXPECT_EQ(transcript.OnReply(BuildAuthentication({.kind = Authentication::kCleartextPassword, .body = ""})), Lines());
  EXPECT_EQ(transcript.OnRequest(BuildPassword("s3cret")), Lines());
  EXPECT_EQ(transcript.OnReply(BuildAuthentication({}) + BuildParameterStatus("a", "b") + BuildReadyForQuery('I')),
            Lines());
  EXPECT_EQ(transcript.OnRequest(BuildTerminate()), Lines{"terminate"});
}

TEST_F(TranscriptTest, ShowsAQueryItsRowsAndItsEnd) {
  EXPECT_EQ(transcript_.OnRequest(Query("select * from t")), Lines{"query: select * from t"});
  const std::string reply = Columns({"id", "name", "b"}) + Row({Value("1"), kNull, Value(std::string("\0\1", 2))}) +
                            Row({Value("2"), Value(""), Value("two\nlines")}) + Done("SELECT 2") +
                            BuildReadyForQuery('I');
  EXPECT_EQ(transcript_.OnReply(reply), (Lines{"columns: id | name | b", "row: 1 | \\N | \\x00\\x01",
                                               "row: 2 |  | two\\nlines", "done: SELECT 2"}));
}

TEST_F(TranscriptTest, ShowsMessagesThatComeInPieces) {
  const std::string row = Row({Value("seventeen")});
  transcript_.OnRequest(Query("select 17"));
  EXPECT_EQ(transcript_.OnReply(row.substr(0, 7)), Lines());
  EXPECT_EQ(transcript_.OnReply(row.substr(7)), Lines{"row: seventeen"});
}

TEST_F(TranscriptTest, ShowsParametersWhereAStatementIsExecuted) {
  EXPECT_EQ(
      transcript_.OnRequest(Parse("", "select $1, $2") +
                            Bind("", "", {Value("o'x"), kNull, Value(std::string("\0\7", 2))}) + Execute("") + kSync),
      (Lines{"query: select $1, $2", "parameters: o'x | \\N | \\x00\\x07"}));
  EXPECT_EQ(transcript_.OnRequest(Parse("later", "select 2") + kSync), Lines{"prepare: select 2"});
  EXPECT_EQ(transcript_.OnRequest(Bind("p", "later", {}) + Execute("p") + kSync), Lines{"query: select 2"});
  EXPECT_EQ(transcript_.OnRequest(Bind("q", "foreign", {}) + Execute("q") + Execute("nowhere") + kSync),
            (Lines{"execute: statement \"foreign\"", "execute: portal \"nowhere\""}));
}

// Whoever reads a line must know what was there: no value is like another, or like the mark of something else.
TEST_F(TranscriptTest, ShowsEveryValueInAFormOfItsOwn) {
  const std::map<std::string, std::string> forms = {
      {"", "row: "},
      {"NULL", "row: NULL"},
      {"\\N", "row: \\\\N"},
      {"...", "row: ..."},
      {"\\...", "row: \\\\..."},
      {"a | b", "row: a \\| b"},
      {"a\\| b", "row: a\\\\\\| b"},
      {" ", "row:  "},
      {"\n", "row: \\n"},
      {"\\n", "row: \\\\n"},
      {"\r\t", "row: \\r\\t"},
      {"one \x01 byte", "row: one \\x01 byte"},
      {"\\x01", "row: \\\\x01"},
      {"\x1b[2J\x7f", "row: \\x1b[2J\\x7f"},
      {"\xc2\x9b", "row: \\xc2\\x9b"},
      {"grün €", "row: grün €"},
      {"gr\xfcn", "row: gr\\xfcn"},
      {"\xed\xa0\x80", "row: \\xed\\xa0\\x80"},
      {std::string("\0\0\0A", 4), "row: \\x00\\x00\\x00\\x41"},
  };
  for (const auto& [value, line] : forms) EXPECT_EQ(transcript_.OnReply(Row({Value(value)})), Lines{line});
  EXPECT_EQ(transcript_.OnReply(Row({kNull}) + Row({})), (Lines{"row: \\N", "row:"}));
  EXPECT_EQ(transcript_.OnReply(Row({Value("a"), Value("b")}) + Row({Value("a | b")})),
            (Lines{"row: a | b", "row: a \\| b"}));
}

TEST_F(TranscriptTest, TellsColumnsFromNamesThatLookLikeTwo) {
  EXPECT_EQ(transcript_.OnReply(Columns({"a | b", "c\nd"}) + Columns({"a", "b"}) + Columns({""})),
            (Lines{"columns: a \\| b | c\\nd", "columns: a | b", "columns: "}));
}

TEST_F(TranscriptTest, TellsParametersFromSqlThatLooksLikeThem) {
  EXPECT_EQ(transcript_.OnRequest(Query("select 1\nparameters: 2")), Lines{"query: select 1\\nparameters: 2"});
  EXPECT_EQ(transcript_.OnRequest(Query("select E'\\n'")), Lines{"query: select E'\\\\n'"});
  EXPECT_EQ(transcript_.OnRequest(Parse("", "select $1") + Bind("", "", {Value("")}) + Execute("")),
            (Lines{"query: select $1", "parameters: "}));
}

TEST(Transcript, TellsTheSettingsOfALoginApart) {
  Transcript transcript;
  EXPECT_EQ(transcript.OnRequest(BuildStartup({kProtocol30, {{"user", "ida database=x"}, {"a b=c", "d"}}})),
            (Lines{"login: user=ida\\ database=x a\\ b\\=c=d"}));
}

TEST_F(TranscriptTest, ShowsWordsOfTheServerOnOneLine) {
  EXPECT_EQ(transcript_.OnReply(BuildErrorResponse({"ERROR", "P0001", "one\ntwo\\n"})),
            Lines{"error: P0001 one\\ntwo\\\\n"});
  EXPECT_EQ(transcript_.OnReply(BuildMessage('A', Number32(7) + Zero("my news") + Zero("a b"))),
            Lines{"notification: my\\ news a b"});
  EXPECT_EQ(transcript_.OnReply(BuildMessage('V', kNull)), Lines{"result: \\N"});
}

TEST_F(TranscriptTest, ShowsErrorsNoticesAndCopies) {
  EXPECT_EQ(transcript_.OnReply(BuildErrorResponse({"ERROR", "42P01", "relation \"x\" does not exist"})),
            Lines{"error: 42P01 relation \"x\" does not exist"});
  EXPECT_EQ(transcript_.OnReply(BuildMessage('N', 'C' + Zero("00000") + 'M' + Zero("hey") + 'D' + Zero("you") + '\0')),
            Lines{"notice: 00000 hey (you)"});
  EXPECT_EQ(transcript_.OnReply(BuildMessage('d', "1\t2\n")), Lines{"copy: 1\\t2"});
  EXPECT_EQ(transcript_.OnRequest(BuildMessage('d', "3\t4\n") + BuildMessage('f', Zero("enough"))),
            (Lines{"copy: 3\\t4", "copy fails: enough"}));
  EXPECT_EQ(transcript_.OnReply(BuildMessage('A', Number32(7) + Zero("news") + Zero("text"))),
            Lines{"notification: news text"});
  EXPECT_EQ(transcript_.OnReply(BuildMessage('I', "") + BuildMessage('s', "") + BuildMessage('V', Value("9"))),
            (Lines{"done: nothing was asked", "suspended: there are more rows", "result: 9"}));
}

TEST_F(TranscriptTest, ShowsTheBeginningOfWhatIsTooLong) {
  const std::string sql = "select '" + std::string(limits::kStatementTextBytesMax, 'x') + "'";
  const Lines lines = transcript_.OnRequest(Query(sql));
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0], fmt::format("query: {}\\...", sql.substr(0, limits::kStatementTextBytesMax)));
  EXPECT_EQ(transcript_.OnReply(Row({Value("1"), Value(sql)})), Lines{"row: 1 | \\..."});
}

TEST_F(TranscriptTest, ShowsBytesThatAreNoProtocolAsTheyAre) {
  const Lines lines = transcript_.OnReply("\x01rubbish");
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_TRUE(lines[0].starts_with("not understood from here on: not a PostgreSQL message of the server")) << lines[0];
  EXPECT_EQ(lines[1], "\\x01rubbish");
  EXPECT_EQ(transcript_.OnRequest(Query("x")), Lines{"Q\\x00\\x00\\x00\\x06x\\x00"});
  Transcript encrypted;
  encrypted.OnRequest(BuildSslRequest());
  EXPECT_EQ(encrypted.OnReply("S"), (Lines{"not understood from here on: the connection goes on encrypted", "S"}));
}

TEST_F(TranscriptTest, ShowsMalformedMessagesAsTheyAre) {
  const std::string bad = BuildMessage('Q', "no end") + Query("x");
  EXPECT_EQ(transcript_.OnRequest(Query("y") + bad),
            (Lines{"query: y", "not understood from here on: message ends inside a text", EscapedText(bad)}));
}

}  // namespace
}  // namespace hoop::postgres
