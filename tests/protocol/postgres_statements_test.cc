#include "protocol/postgres/statements.h"

#include <fmt/format.h>

#include "base/limits/postgres.h"
#include "protocol/postgres/byte_order.h"
#include "protocol/postgres/messages.h"
#include "tests/support/status_matchers.h"

namespace hoop::postgres {
namespace {

using Outcome = Statement::Outcome;
using SKind = Statement::Kind;

std::string Zero(std::string_view text) { return std::string(text) + '\0'; }
std::string Number16(uint16_t value) { return {static_cast<char>(value >> 8), static_cast<char>(value)}; }
std::string Number32(uint32_t value) {
  std::string bytes;
  AppendUint32(bytes, value);
  return bytes;
}

// What clients say.
std::string Query(std::string_view sql) { return BuildMessage('Q', Zero(sql)); }
std::string Parse(std::string_view name, std::string_view sql, const std::vector<uint32_t>& types = {}) {
  std::string body = Zero(name) + Zero(sql) + Number16(static_cast<uint16_t>(types.size()));
  for (const uint32_t type : types) body += Number32(type);
  return BuildMessage('P', body);
}
std::string Bind(std::string_view portal, std::string_view statement, uint16_t parameters = 0) {
  std::string body = Zero(portal) + Zero(statement) + Number16(1) + Number16(0) + Number16(parameters);
  for (uint16_t i = 0; i < parameters; ++i) body += Number32(1) + "7";
  return BuildMessage('B', body + Number16(0));
}
std::string Execute(std::string_view portal, uint32_t rows = 0) {
  return BuildMessage('E', Zero(portal) + Number32(rows));
}
std::string Describe(char what, std::string_view name) { return BuildMessage('D', what + Zero(name)); }
std::string Close(char what, std::string_view name) { return BuildMessage('C', what + Zero(name)); }
std::string Sync() { return BuildMessage('S', ""); }

// What servers say.
std::string Done(std::string_view tag) { return BuildMessage('C', Zero(tag)); }
std::string Row() { return BuildMessage('D', Number16(1) + Number32(1) + "x"); }
std::string Ready(char status = 'I') { return BuildReadyForQuery(status); }
std::string Plain(char type) { return BuildMessage(type, ""); }
std::string Error(std::string_view code, std::string_view text) {
  return BuildErrorResponse({"ERROR", std::string(code), std::string(text)});
}

class StatementReaderTest : public ::testing::Test {
 protected:
  StatementReaderTest() {
    EXPECT_OK(Client(BuildStartup({kProtocol30, {{"user", "noop"}}})));
    EXPECT_OK(
        Server(BuildAuthentication({}) + BuildParameterStatus("a", "b") + BuildBackendKey({1, "abcd"}) + Ready()));
  }

  absl::Status Client(std::string_view bytes) { return reader_.OnRequest(Tick(), bytes); }
  absl::Status Server(std::string_view bytes) { return reader_.OnReply(Tick(), bytes); }

  // A line for each statement told since the last call.
  std::vector<std::string> Told() {
    std::vector<std::string> lines;
    for (const Statement& statement : std::exchange(told_, {})) {
      constexpr std::string_view kOutcomes[] = {"done", "failed", "suspended", "unfinished"};
      std::string line = fmt::format("{} #{} {} [{}]", statement.sql, statement.index,
                                     kOutcomes[static_cast<int>(statement.outcome)], statement.command_tag);
      if (statement.rows) line += fmt::format(" rows={}", *statement.rows);
      if (!statement.error_code.empty()) line += fmt::format(" {} {}", statement.error_code, statement.error_message);
      lines.push_back(line);
    }
    return lines;
  }

  using Lines = std::vector<std::string>;

  std::vector<Statement> told_;
  StatementReader reader_{[this](const Statement& statement) { told_.push_back(statement); }};

 private:
  absl::Time Tick() { return now_ += absl::Milliseconds(10); }
  absl::Time now_ = absl::UnixEpoch();
};

TEST_F(StatementReaderTest, TellsASimpleQueryWithItsTime) {
  EXPECT_OK(Client(Query("select 1")));
  EXPECT_OK(Server(BuildMessage('T', Number16(0)) + Row()));
  EXPECT_OK(Server(Done("SELECT 1") + Ready()));
  ASSERT_EQ(told_.size(), 1u);
  EXPECT_EQ(told_[0].kind, SKind::kSimple);
  EXPECT_EQ(told_[0].started_at, absl::UnixEpoch() + absl::Milliseconds(30));
  EXPECT_EQ(told_[0].duration, absl::Milliseconds(20));
  EXPECT_EQ(Told(), Lines{"select 1 #0 done [SELECT 1] rows=1"});
}

TEST_F(StatementReaderTest, TellsEachResultOfATextWithSeveralStatements) {
  EXPECT_OK(Client(Query("insert; show x; bad; never")));
  EXPECT_OK(Server(Done("INSERT 0 3")));
  EXPECT_OK(Server(Row() + Done("SHOW")));
  EXPECT_OK(Server(Error("42601", "syntax") + Ready()));
  ASSERT_EQ(told_.size(), 3u);
  EXPECT_EQ(told_[1].duration, absl::Milliseconds(10));  // from the end of the one before
  EXPECT_EQ(Told(), (Lines{"insert; show x; bad; never #0 done [INSERT 0 3] rows=3",
                           "insert; show x; bad; never #1 done [SHOW] rows=1",
                           "insert; show x; bad; never #2 failed [] 42601 syntax"}));
}

TEST_F(StatementReaderTest, TellsAnEmptyQueryAndAStatementWithoutRows) {
  EXPECT_OK(Client(Query("")));
  EXPECT_OK(Server(Plain('I') + Ready()));
  EXPECT_OK(Client(Query("begin")));
  EXPECT_OK(Server(Done("BEGIN") + Ready('T')));
  EXPECT_EQ(Told(), (Lines{" #0 done []", "begin #0 done [BEGIN]"}));
}

TEST_F(StatementReaderTest, ResolvesPreparedStatementsAndPortals) {
  EXPECT_OK(Client(Parse("s1", "select $1", {23}) + Sync()));
  EXPECT_OK(Server(Plain('1') + Ready()));
  for (int run = 0; run < 2; ++run) {
    EXPECT_OK(Client(Bind("", "s1", 1) + Describe('P', "") + Execute("") + Sync()));
    EXPECT_OK(Server(Plain('2') + BuildMessage('T', Number16(0)) + Row() + Done("SELECT 1") + Ready()));
  }
  ASSERT_EQ(told_.size(), 2u);
  EXPECT_EQ(told_[1].kind, SKind::kExtended);
  EXPECT_EQ(told_[1].prepared_name, "s1");
  EXPECT_EQ(told_[1].parameter_count, 1u);
  EXPECT_EQ(told_[1].parameter_types, std::vector<uint32_t>{23});
  EXPECT_EQ(Told(), Lines(2, "select $1 #0 done [SELECT 1] rows=1"));
}

TEST_F(StatementReaderTest, LearnsParameterTypesFromTheServer) {
  EXPECT_OK(
      Client(Parse("s", "select $1, $2") + Describe('S', "s") + Sync() + Bind("", "s", 2) + Execute("") + Sync()));
  EXPECT_OK(Server(Plain('1') + BuildMessage('t', Number16(2) + Number32(23) + Number32(25)) + Plain('n') + Ready()));
  EXPECT_OK(Server(Plain('2') + Done("SELECT 0") + Ready()));
  ASSERT_EQ(told_.size(), 1u);
  EXPECT_EQ(told_[0].parameter_types, (std::vector<uint32_t>{23, 25}));
}

TEST_F(StatementReaderTest, APortalKeepsItsStatementWhenTheNameIsUsedAnew) {
  EXPECT_OK(Client(Parse("", "first") + Bind("p", "") + Parse("", "second") + Bind("q", "") + Execute("p") +
                   Execute("q") + Sync()));
  EXPECT_OK(Server(Plain('1') + Plain('2') + Plain('1') + Plain('2') + Done("SELECT 0") + Done("SELECT 0") + Ready()));
  EXPECT_EQ(Told(), (Lines{"first #0 done [SELECT 0] rows=0", "second #0 done [SELECT 0] rows=0"}));
}

TEST_F(StatementReaderTest, CountsTheExecutionsOfACursor) {
  EXPECT_OK(Client(Query("begin")));
  EXPECT_OK(Server(Done("BEGIN") + Ready('T')));
  EXPECT_OK(Client(Parse("", "select many") + Bind("c", "") + Execute("c", 2) + Sync()));
  EXPECT_OK(Server(Plain('1') + Plain('2') + Row() + Row() + Plain('s') + Ready('T')));
  EXPECT_OK(Client(Execute("c", 2) + Sync()));
  EXPECT_OK(Server(Row() + Done("SELECT 1") + Ready('T')));
  EXPECT_EQ(Told(), (Lines{"begin #0 done [BEGIN]", "select many #0 suspended [] rows=2",
                           "select many #1 done [SELECT 1] rows=1"}));
}

TEST_F(StatementReaderTest, ForgetsPortalsWithTheTransactionAndStatementsWhenClosed) {
  EXPECT_OK(Client(Parse("s", "text") + Bind("p", "s") + Sync() + Execute("p") + Sync()));
  EXPECT_OK(Server(Plain('1') + Plain('2') + Ready() + Error("34000", "portal does not exist") + Ready()));
  EXPECT_OK(Client(Close('S', "s") + Bind("p", "s") + Sync()));
  EXPECT_OK(Server(Plain('3') + Error("26000", "no such statement") + Ready()));
  ASSERT_EQ(told_.size(), 2u);
  EXPECT_TRUE(told_[0].sql_truncated);
  EXPECT_EQ(Told(), (Lines{" #0 failed [] 34000 portal does not exist", " #0 failed [] 26000 no such statement"}));
}

TEST_F(StatementReaderTest, AnErrorSkipsToSync) {
  EXPECT_OK(Client(Parse("", "one") + Bind("", "") + Execute("") + Parse("", "bad") + Bind("", "") + Execute("") +
                   Query("skipped") + Sync() + Parse("", "two") + Bind("", "") + Execute("") + Sync()));
  EXPECT_OK(Server(Plain('1') + Plain('2') + Done("SELECT 0") + Error("42601", "syntax") + Ready()));
  EXPECT_OK(Server(Plain('1') + Plain('2') + Done("SELECT 0") + Ready()));
  EXPECT_EQ(Told(),
            (Lines{"one #0 done [SELECT 0] rows=0", "bad #0 failed [] 42601 syntax", "two #0 done [SELECT 0] rows=0"}));
}

TEST_F(StatementReaderTest, RequestsBetweenAnErrorAndSyncAreIgnored) {
  EXPECT_OK(Client(Parse("", "bad")));
  EXPECT_OK(Server(Error("42601", "syntax")));
  EXPECT_OK(Client(Bind("", "") + Execute("") + Sync()));
  EXPECT_OK(Server(Ready()));
  EXPECT_OK(Client(Query("good")));
  EXPECT_OK(Server(Done("SELECT 0") + Ready()));
  EXPECT_EQ(Told(), (Lines{"bad #0 failed [] 42601 syntax", "good #0 done [SELECT 0] rows=0"}));
}

TEST_F(StatementReaderTest, ErrorsOfBindDescribeAndExecuteNameTheStatement) {
  EXPECT_OK(Client(Parse("s", "select $1") + Sync()));
  EXPECT_OK(Server(Plain('1') + Ready()));
  EXPECT_OK(Client(Bind("", "s", 1) + Execute("") + Sync()));
  EXPECT_OK(Server(Error("22P02", "bad value") + Ready()));
  EXPECT_OK(Client(Bind("", "s", 1) + Execute("") + Sync()));
  EXPECT_OK(Server(Plain('2') + Error("22012", "division by zero") + Ready()));
  EXPECT_OK(Client(Describe('S', "s") + Sync()));
  EXPECT_OK(Server(Error("XX000", "odd") + Ready()));
  EXPECT_EQ(Told(), (Lines{"select $1 #0 failed [] 22P02 bad value", "select $1 #0 failed [] 22012 division by zero",
                           "select $1 #0 failed [] XX000 odd"}));
}

TEST_F(StatementReaderTest, AFailedCommitIsToldWithTheStatementBeforeIt) {
  EXPECT_OK(Client(Parse("", "insert") + Bind("", "") + Execute("") + Sync()));
  EXPECT_OK(Server(Plain('1') + Plain('2') + Done("INSERT 0 1") + Error("23503", "deferred") + Ready()));
  EXPECT_EQ(Told(), (Lines{"insert #0 done [INSERT 0 1] rows=1", "insert #1 failed [] 23503 deferred"}));
}

TEST_F(StatementReaderTest, CountsCopyBytes) {
  const std::string begin_in = BuildMessage('G', std::string(3, '\0')),
                    begin_out = BuildMessage('H', std::string(3, '\0'));
  EXPECT_OK(Client(Query("copy t from stdin")));
  EXPECT_OK(Server(begin_in));
  EXPECT_OK(Client(BuildMessage('d', std::string(200'000, 'x')) + BuildMessage('d', "yz") + BuildMessage('c', "")));
  EXPECT_OK(Server(Done("COPY 2") + Ready()));
  EXPECT_OK(Client(Query("copy t to stdout")));
  EXPECT_OK(Server(begin_out + BuildMessage('d', "abc") + BuildMessage('c', "") + Done("COPY 1") + Ready()));
  ASSERT_EQ(told_.size(), 2u);
  EXPECT_EQ(told_[0].copy_in_bytes, 200'002u);
  EXPECT_EQ(told_[0].copy_out_bytes, 0u);
  EXPECT_EQ(told_[1].copy_out_bytes, 3u);
  EXPECT_EQ(Told(), (Lines{"copy t from stdin #0 done [COPY 2] rows=2", "copy t to stdout #0 done [COPY 1] rows=1"}));
}

TEST_F(StatementReaderTest, SyncDuringCopyInDoesNotCount) {
  EXPECT_OK(Client(Parse("", "copy t from stdin") + Bind("", "") + Execute("") + Sync()));
  EXPECT_OK(Server(Plain('1') + Plain('2') + BuildMessage('G', std::string(3, '\0'))));
  EXPECT_OK(Client(BuildMessage('d', "row") + Sync() + BuildMessage('c', "") + Sync()));
  EXPECT_OK(Server(Done("COPY 1") + Ready()));
  EXPECT_OK(Client(Query("next")));
  EXPECT_OK(Server(Done("SELECT 0") + Ready()));
  EXPECT_EQ(Told(), (Lines{"copy t from stdin #0 done [COPY 1] rows=1", "next #0 done [SELECT 0] rows=0"}));
}

TEST_F(StatementReaderTest, CopyInputAheadOfTheServersAnswerCounts) {
  const std::string begin_in = BuildMessage('G', std::string(3, '\0'));
  EXPECT_OK(Client(Parse("", "copy t") + Bind("", "") + Execute("") + Sync() + BuildMessage('d', "row") +
                   BuildMessage('d', "row") + BuildMessage('c', "") + Sync() + Query("copy a; copy b") +
                   BuildMessage('d', "a") + BuildMessage('c', "") + BuildMessage('d', "bb") + BuildMessage('f', "") +
                   Query("next")));
  EXPECT_OK(Server(Plain('1') + Plain('2') + begin_in + Done("COPY 2") + Ready()));
  EXPECT_OK(Server(begin_in + Done("COPY 1") + begin_in + Error("57014", "client failed") + Ready()));
  EXPECT_OK(Server(Done("SELECT 0") + Ready()));
  ASSERT_EQ(told_.size(), 4u);
  EXPECT_EQ(told_[0].copy_in_bytes, 6u);
  EXPECT_EQ(told_[1].copy_in_bytes, 1u);
  EXPECT_EQ(told_[2].copy_in_bytes, 2u);
  EXPECT_EQ(Told(), (Lines{"copy t #0 done [COPY 2] rows=2", "copy a; copy b #0 done [COPY 1] rows=1",
                           "copy a; copy b #1 failed [] 57014 client failed", "next #0 done [SELECT 0] rows=0"}));
}

TEST_F(StatementReaderTest, CopyInputThatNobodyWantsIsIgnored) {
  EXPECT_OK(Client(BuildMessage('d', "row") + BuildMessage('c', "") + Query("select 1") + BuildMessage('d', "row") +
                   BuildMessage('c', "") + Query("select 2")));
  EXPECT_OK(Server(Done("SELECT 0") + Ready() + Done("SELECT 0") + Ready()));
  EXPECT_EQ(Told(), (Lines{"select 1 #0 done [SELECT 0] rows=0", "select 2 #0 done [SELECT 0] rows=0"}));
}

TEST_F(StatementReaderTest, AFailedCopyGoesOn) {
  EXPECT_OK(Client(Query("copy t from stdin")));
  EXPECT_OK(Server(BuildMessage('G', std::string(3, '\0'))));
  EXPECT_OK(Client(BuildMessage('d', "row")));
  EXPECT_OK(Server(Error("22P04", "bad row")));
  EXPECT_OK(Client(BuildMessage('d', "row") + BuildMessage('c', "")));
  EXPECT_OK(Server(Ready()));
  EXPECT_OK(Client(Query("next")));
  EXPECT_OK(Server(Done("SELECT 0") + Ready()));
  EXPECT_EQ(Told(), (Lines{"copy t from stdin #0 failed [] 22P04 bad row", "next #0 done [SELECT 0] rows=0"}));
}

TEST_F(StatementReaderTest, AnErrorInsideOfPipelinedCopyInputSkipsToSync) {
  EXPECT_OK(Client(Parse("", "copy t from stdin") + Bind("", "") + Execute("") + BuildMessage('d', "bad")));
  EXPECT_OK(Server(Plain('1') + Plain('2') + BuildMessage('G', std::string(3, '\0')) + Error("22P02", "no number")));
  EXPECT_OK(Client(BuildMessage('d', "more") + Execute("") + Sync()));
  EXPECT_OK(Server(Ready()));
  EXPECT_OK(Client(Query("next")));
  EXPECT_OK(Server(Done("SELECT 0") + Ready()));
  EXPECT_EQ(Told(), (Lines{"copy t from stdin #0 failed [] 22P02 no number", "next #0 done [SELECT 0] rows=0"}));
}

TEST_F(StatementReaderTest, AnErrorInsideOfCopyOutputEndsIt) {
  EXPECT_OK(Client(Query("copy t to stdout")));
  EXPECT_OK(Server(BuildMessage('H', std::string(3, '\0')) + BuildMessage('d', "row") + Error("22012", "division")));
  EXPECT_OK(Server(Ready()));
  ASSERT_EQ(told_.size(), 1u);
  EXPECT_EQ(told_[0].copy_out_bytes, 3u);
  EXPECT_EQ(Told(), Lines{"copy t to stdout #0 failed [] 22012 division"});
}

// As a replica has it: a position, then data both ways for as long as it likes.
TEST_F(StatementReaderTest, CountsBothWaysOfReplication) {
  EXPECT_OK(Client(Query("START_REPLICATION 0/1")));
  EXPECT_OK(Server(BuildMessage('W', std::string(3, '\0')) + BuildMessage('d', "wal data")));
  EXPECT_OK(Client(BuildMessage('d', "reply") + BuildMessage('c', "")));
  EXPECT_OK(
      Server(BuildMessage('d', "late") + Plain('c') + Done("START_STREAMING") + Done("START_REPLICATION") + Ready()));
  EXPECT_OK(Client(Query("IDENTIFY_SYSTEM")));
  EXPECT_OK(Server(BuildMessage('T', Number16(0)) + Row() + Done("IDENTIFY_SYSTEM") + Ready()));
  ASSERT_EQ(told_.size(), 3u);
  EXPECT_EQ(told_[0].copy_in_bytes, 5u);
  EXPECT_EQ(told_[0].copy_out_bytes, 12u);
  EXPECT_EQ(Told(), (Lines{"START_REPLICATION 0/1 #0 done [START_STREAMING]",
                           "START_REPLICATION 0/1 #1 done [START_REPLICATION]",
                           "IDENTIFY_SYSTEM #0 done [IDENTIFY_SYSTEM] rows=1"}));
}

TEST_F(StatementReaderTest, AReplicaThatGoesLeavesAnUnfinishedStatement) {
  EXPECT_OK(Client(Query("START_REPLICATION 0/1")));
  EXPECT_OK(Server(BuildMessage('W', std::string(3, '\0')) + BuildMessage('d', "wal data")));
  EXPECT_OK(Client(BuildTerminate()));
  reader_.Finish();
  ASSERT_EQ(told_.size(), 1u);
  EXPECT_EQ(told_[0].copy_out_bytes, 8u);
  EXPECT_EQ(Told(), Lines{"START_REPLICATION 0/1 #0 unfinished []"});
}

TEST_F(StatementReaderTest, AFatalErrorEndsTheStatementUnderWay) {
  EXPECT_OK(Client(Query("select pg_sleep(60)")));
  EXPECT_OK(Server(BuildMessage('T', Number16(0)) +
                   BuildErrorResponse({"FATAL", "57P01", "terminating connection due to administrator command"})));
  reader_.Finish();
  EXPECT_EQ(Told(),
            Lines{"select pg_sleep(60) #0 failed [] 57P01 terminating connection due to administrator command"});
}

TEST_F(StatementReaderTest, WhatComesUnaskedMayComeAnywhere) {
  const std::string unasked = BuildMessage('A', Number32(1) + Zero("news") + Zero("")) +
                              BuildParameterStatus("a", "b") + BuildMessage('N', Zero(""));
  EXPECT_OK(Client(Parse("", "one") + Bind("", "") + Describe('P', "") + Execute("", 1) + Sync()));
  std::string replies;
  for (const std::string& reply :
       {Plain('1'), Plain('2'), BuildMessage('T', Number16(0)), Row(), Plain('s'), Ready('T')}) {
    replies += unasked + reply;
  }
  EXPECT_OK(Server(replies + unasked));
  EXPECT_EQ(Told(), Lines{"one #0 suspended [] rows=1"});
}

TEST_F(StatementReaderTest, TellsFunctionCalls) {
  EXPECT_OK(Client(BuildMessage('F', Number32(957) + std::string(6, '\0'))));
  EXPECT_OK(Server(BuildMessage('V', Number32(0)) + Ready()));
  EXPECT_EQ(told_.at(0).kind, SKind::kFunction);
  EXPECT_EQ(Told(), Lines{"function call 957 #0 done []"});
}

TEST_F(StatementReaderTest, IgnoresWhatComesUnasked) {
  EXPECT_OK(Client(Query("select 1")));
  EXPECT_OK(Server(BuildMessage('N', Zero("")) + BuildMessage('A', Number32(1)) + BuildParameterStatus("a", "c")));
  EXPECT_OK(Server(Done("SELECT 0") + Ready()));
  EXPECT_OK(Server(Error("57P01", "terminating connection")));
  EXPECT_OK(Client(BuildTerminate()));
  reader_.Finish();
  EXPECT_EQ(Told(), Lines{"select 1 #0 done [SELECT 0] rows=0"});
}

TEST_F(StatementReaderTest, TellsWhatHasNoAnswerAtTheEnd) {
  EXPECT_OK(Client(Query("first; second")));
  EXPECT_OK(Server(Done("SELECT 0") + Row()));
  EXPECT_OK(Client(Parse("", "third") + Bind("", "") + Execute("") + Sync()));
  reader_.Finish();
  EXPECT_EQ(Told(), (Lines{"first; second #0 done [SELECT 0] rows=0", "first; second #1 unfinished [] rows=1",
                           "third #0 unfinished []"}));
}

TEST_F(StatementReaderTest, CutsLongTextsAndSaysSo) {
  const std::string sql(2 * limits::kStatementTextBytesMax, 's');
  EXPECT_OK(Client(Query(sql) + Parse("", sql, {23}) + Bind("", "") + Execute("") + Sync()));
  EXPECT_OK(Server(Done("SELECT 0") + Ready() + Plain('1') + Plain('2') + Done("SELECT 0") + Ready()));
  ASSERT_EQ(told_.size(), 2u);
  for (const Statement& statement : told_) {
    EXPECT_LE(statement.sql.size(), limits::kStatementTextBytesMax);
    EXPECT_GT(statement.sql.size(), limits::kStatementTextBytesMax - 8);
    EXPECT_TRUE(statement.sql_truncated);
  }
}

TEST_F(StatementReaderTest, CutsLongErrors) {
  EXPECT_OK(Client(Query("q")));
  EXPECT_OK(Server(Error("42601", std::string(2 * limits::kStatementTextBytesMax, 'e')) + Ready()));
  EXPECT_EQ(told_.at(0).error_code, "42601");
  EXPECT_LE(told_.at(0).error_message.size(), limits::kStatementTextBytesMax);
}

TEST_F(StatementReaderTest, ForgetsTheOldestPreparedStatements) {
  const std::string sql(60'000, 's');
  const size_t count = limits::kPreparedTextsBytesMax / sql.size() + 10;
  for (size_t i = 0; i < count; ++i) {
    EXPECT_OK(Client(Parse(fmt::format("s{}", i), sql) + Sync()));
    EXPECT_OK(Server(Plain('1') + Ready()));
  }
  for (const size_t i : {size_t{0}, count - 1}) {
    EXPECT_OK(Client(Bind("", fmt::format("s{}", i)) + Execute("") + Sync()));
    EXPECT_OK(Server(Plain('2') + Done("SELECT 0") + Ready()));
  }
  ASSERT_EQ(told_.size(), 2u);
  EXPECT_EQ(told_[0].sql, "");
  EXPECT_TRUE(told_[0].sql_truncated);
  EXPECT_EQ(told_[1].sql, sql);
}

TEST_F(StatementReaderTest, BoundsRequestsWithoutAnAnswer) {
  std::string many;
  for (size_t i = 0; i < 4096; ++i) many += Sync();
  absl::Status status;
  for (size_t i = 0; status.ok() && i <= limits::kStatementPendingMax / 4096; ++i) status = Client(many);
  EXPECT_STATUS(status, absl::StatusCode::kResourceExhausted, "wait for an answer");
  EXPECT_STATUS(Server(Ready()), absl::StatusCode::kResourceExhausted, "wait for an answer");
}

TEST_F(StatementReaderTest, BoundsTextsWithoutAnAnswer) {
  const std::string query = Query(std::string(60'000, 's'));
  absl::Status status;
  for (size_t i = 0; status.ok() && i <= limits::kStatementPendingBytesMax / 60'000 + 1; ++i) status = Client(query);
  EXPECT_STATUS(status, absl::StatusCode::kResourceExhausted, "wait for an answer");
}

TEST_F(StatementReaderTest, DiscardAllForgetsNames) {
  EXPECT_OK(Client(Parse("s", "text") + Sync() + Query("discard all") + Bind("", "s") + Sync()));
  EXPECT_OK(Server(Plain('1') + Ready() + Done("DISCARD ALL") + Ready() + Error("26000", "gone") + Ready()));
  EXPECT_EQ(Told(), (Lines{"discard all #0 done [DISCARD ALL]", " #0 failed [] 26000 gone"}));
}

TEST_F(StatementReaderTest, RefusesRepliesThatNobodyAskedFor) {
  for (const std::string& reply :
       {Done("SELECT 0"), Plain('1'), Plain('2'), Plain('3'), Plain('s'), Plain('I'), Plain('n'), Row(), Ready(),
        BuildMessage('t', Number16(0)), BuildMessage('V', ""), BuildMessage('G', ""), BuildMessage('d', "")}) {
    StatementReader reader([](const Statement&) {});
    EXPECT_STATUS(reader.OnReply(absl::UnixEpoch(), reply), absl::StatusCode::kInvalidArgument, "no request");
  }
}

TEST_F(StatementReaderTest, RefusesMalformedMessages) {
  for (const std::string& request :
       {BuildMessage('Q', "no end"), BuildMessage('P', Zero("s") + "no end"),
        BuildMessage('P', Zero("s") + Zero("sql")),
        BuildMessage('P', Zero("s") + Zero("sql") + Number16(2) + Number32(1)), BuildMessage('B', Zero("p")),
        BuildMessage('B', Zero("p") + Zero("s") + Number16(9) + Number16(1)), BuildMessage('E', ""),
        BuildMessage('D', Zero("X")), BuildMessage('C', ""), BuildMessage('F', "12")}) {
    StatementReader reader([](const Statement&) {});
    ASSERT_OK(reader.OnRequest(absl::UnixEpoch(), BuildStartup({})));
    EXPECT_STATUS(reader.OnRequest(absl::UnixEpoch(), request), absl::StatusCode::kInvalidArgument, "of the client");
    EXPECT_STATUS(reader.OnRequest(absl::UnixEpoch(), Sync()), absl::StatusCode::kInvalidArgument, "of the client");
  }
}

TEST(StatementReader, ReadsALoginOfANewerProtocol) {
  std::vector<std::string> told;
  StatementReader reader([&told](const Statement& statement) { told.push_back(statement.sql); });
  const absl::Time at = absl::UnixEpoch();
  ASSERT_OK(reader.OnRequest(at, BuildStartup({kProtocol30 + 2, {{"user", "noop"}, {"_pq_.odd", "1"}}})));
  ASSERT_OK(reader.OnReply(at, BuildMessage('v', Number32(kProtocol30) + Number32(1) + Zero("_pq_.odd")) +
                                   BuildAuthentication({}) + BuildBackendKey({7, std::string(256, 'k')}) + Ready()));
  ASSERT_OK(reader.OnRequest(at, Query("select 1")));
  ASSERT_OK(reader.OnReply(at, Done("SELECT 1") + Ready()));
  EXPECT_EQ(told, std::vector<std::string>{"select 1"});
}

TEST(StatementReader, SaysWhenTheConnectionIsEncrypted) {
  StatementReader reader([](const Statement&) {});
  ASSERT_OK(reader.OnRequest(absl::UnixEpoch(), BuildSslRequest()));
  EXPECT_STATUS(reader.OnReply(absl::UnixEpoch(), "S\x16\x03"), absl::StatusCode::kFailedPrecondition, "encrypted");
}

}  // namespace
}  // namespace hoop::postgres
