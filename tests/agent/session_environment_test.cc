#include "agent/session_environment.h"

#include <fmt/format.h>

#include "base/encoding.h"
#include "tests/support/status_matchers.h"

namespace hoop {
namespace {

absl::StatusOr<SessionEnvironment> Build(const std::map<std::string, std::string>& variables,
                                         std::string type = "postgres") {
  AgentConnectionParams params{.connection_name = "pg", .connection_type = std::move(type), .user_id = "ada"};
  params.env_vars = variables;
  return BuildSessionEnvironment(params, {}, {{"HOME", "/agent"}}, /*exports_all=*/false, "sid");
}

TEST(SessionEnvironment, AnAgentOnDemandBringsAllItsVariables) {
  AgentConnectionParams params{.connection_name = "c", .env_vars = {{"envvar:HOST", Base64Encode("theirs")}}};
  const auto environment =
      BuildSessionEnvironment(params, {}, {{"HOST", "own"}, {"HOOP_SESSION_ID", "x"}}, /*exports_all=*/true, "sid");
  ASSERT_OK(environment);
  EXPECT_EQ(environment->Get("HOST"), "own");
  EXPECT_EQ(environment->Get("HOOP_SESSION_ID"), "sid");
}

TEST(SessionEnvironment, MirrorsThePasswordForTheDatabasesOwnProgram) {
  const std::map<std::string, std::string> pass = {{"envvar:PASS", Base64Encode("p")}};
  EXPECT_EQ(Build(pass)->Get("PGPASSWORD"), "p");
  EXPECT_EQ(Build(pass, "mysql")->Get("MYSQL_PWD"), "p");
  EXPECT_EQ(Build(pass, "mssql")->Get("SQLCMDPASSWORD"), "p");
  EXPECT_EQ(Build(pass, "tcp")->Get("PGPASSWORD"), "");
}

TEST(SessionEnvironment, TellsTheDatabasesOwnProgramHowMuchTlsIsWanted) {
  const auto environment = Build({{"envvar:SSLMODE", Base64Encode("verify-full")},
                                  {"envvar:SSLROOTCERT", Base64Encode("root")},
                                  {"filesystem:SSLCERT", Base64Encode("certificate")}});
  EXPECT_EQ(environment->Get("PGSSLMODE"), "verify-full");
  EXPECT_EQ(environment->files.at("PGSSLROOTCERT"), "root");
  EXPECT_EQ(environment->files.at("PGSSLCERT"), "certificate");
  EXPECT_FALSE(environment->files.contains("PGSSLKEY"));
  EXPECT_FALSE(Build({})->variables.contains("PGSSLMODE"));
}

TEST(SessionEnvironment, AsksTheAgentOnlyWhereTheValueSaysSo) {
  const auto environment = Build({{"envvar:HOME", Base64Encode("system.agent.envs")},
                                  {"envvar:NONE", Base64Encode("system.agent.envs")},
                                  {"envvar:OTHER", Base64Encode("x")}});
  EXPECT_EQ(environment->Get("HOME"), "/agent");
  EXPECT_EQ(environment->Get("NONE"), "system.agent.envs");
  EXPECT_EQ(environment->Get("OTHER"), "x");
}

TEST(SessionEnvironment, TellsTheCommandWhoseSessionItIs) {
  const auto environment = Build({});
  EXPECT_EQ(environment->Get("HOOP_SESSION_ID"), "sid");
  EXPECT_EQ(environment->Get("HOOP_USER_ID"), "ada");
  EXPECT_EQ(environment->Get("HOOP_CONNECTION_NAME"), "pg");
}

TEST(SessionEnvironment, RefusesKeysAndValuesItCannotRead) {
  for (const char* key : {"NAME", "envvar:", "envvar:A:B", "envvar:A=B", "other:A", ""}) {
    EXPECT_STATUS(Build({{key, ""}}), absl::StatusCode::kInvalidArgument, "unknown format");
  }
  EXPECT_STATUS(Build({{"envvar:A", "not base64"}}), absl::StatusCode::kInvalidArgument, "envvar:A is not base64");
  EXPECT_STATUS(Build({{"envvar:A", Base64Encode(std::string_view("a\0b", 3))}}), absl::StatusCode::kInvalidArgument,
                "zero byte");
}

TEST(Arguments, ExpandVariablesInAllButTheProgram) {
  const std::map<std::string, std::string> variables = {{"A", "one"}, {"B_2", "two"}};
  const auto words = ExpandArguments({"$A", "$A", "x${B_2}y", "$A$B_2/$C"}, {"plain", "${A}"}, variables);
  ASSERT_OK(words);
  EXPECT_EQ(*words, (std::vector<std::string>{"$A", "one", "xtwoy", "onetwo/", "plain", "one"}));
}

TEST(Arguments, RefuseWordsWhoseVariablesAreAllEmpty) {
  EXPECT_STATUS(ExpandArguments({"echo", "$X", "ok", "${Y}z"}, {}, {{"A", "1"}}), absl::StatusCode::kInvalidArgument,
                "could not find environment variable $X, ${Y} of the session: $NAME and ${NAME} in arguments are "
                "replaced; for a literal $, put the text into a variable (-e) or on standard input");
  EXPECT_STATUS(ExpandArguments({"grep", "end$", "$X $X", "${X"}, {}, {}), absl::StatusCode::kInvalidArgument,
                "environment variable $X of the session, and $, ${ are no variables: $NAME");
  EXPECT_EQ(StatusText(ExpandArguments({"bash"}, {"-c", "echo $(date)"}, {}).status()),
            "$( is no variable: $NAME and ${NAME} in arguments are replaced; for a literal $, put the text into a "
            "variable (-e) or on standard input");
  EXPECT_STATUS(ExpandArguments({"bash"}, {"$A $$ $? ${A:-b}"}, {{"A", "1"}}), absl::StatusCode::kInvalidArgument,
                "$$, $?, ${A:-b} are no variables: ");
  EXPECT_STATUS(ExpandArguments({}, {}, {}), absl::StatusCode::kInvalidArgument, "at least one argument");
  EXPECT_STATUS(ExpandArguments({"a", std::string("b\0", 2)}, {}, {}), absl::StatusCode::kInvalidArgument, "zero byte");
}

// The connection's command may leave one out: `mongodb://$USER@$HOST/?$OPTIONS`.
TEST(Arguments, OfTheUserAreRefusedWithAVariableThatIsNone) {
  const std::map<std::string, std::string> variables = {{"A", "1"}, {"EMPTY", ""}};
  EXPECT_EQ(*ExpandArguments({"sh", "$A/$OPTIONS"}, {"$A$EMPTY costs 5$"}, variables),
            (std::vector<std::string>{"sh", "1/", "1 costs 5$"}));
  EXPECT_STATUS(ExpandArguments({"sh", "-c"}, {"echo $A $1 ${NO}", "$A$"}, variables),
                absl::StatusCode::kInvalidArgument, "environment variable $1, ${NO} of the session");
  EXPECT_STATUS(ExpandArguments({"sh"}, {"$A ${"}, variables), absl::StatusCode::kInvalidArgument, "${ is no variable");
  EXPECT_STATUS(ExpandArguments({"sh"}, {"$EMPTY"}, variables), absl::StatusCode::kInvalidArgument,
                "environment variable $EMPTY of the session");
}

TEST(Arguments, NameNoMoreOfALongScriptThanItsFirstVariables) {
  const std::string script = "$a $b $c $d $e $f secret ${" + std::string(100, 'x') + "}";
  EXPECT_STATUS(ExpandArguments({"sh", "-c", script}, {}, {}), absl::StatusCode::kInvalidArgument,
                "environment variable $a, $b, $c, $d, $e ... of the session");
  EXPECT_STATUS(ExpandArguments({"sh", "-c", script.substr(18)}, {}, {}), absl::StatusCode::kInvalidArgument,
                fmt::format("environment variable ${{{} of the session", std::string(62, 'x')));
}

// How a literal dollar is written.
TEST(Arguments, AreReplacedOnce) {
  const std::map<std::string, std::string> variables = {{"SCRIPT", "echo $1 ${HOME}"}, {"D", "$"}};
  EXPECT_EQ(*ExpandArguments({"sh", "-c", "$SCRIPT", "${D}1"}, {}, variables),
            (std::vector<std::string>{"sh", "-c", "echo $1 ${HOME}", "$1"}));
}

TEST(Arguments, TakeBrokenReferencesAsTheyAre) {
  const std::map<std::string, std::string> variables = {{"A", "1"}};
  EXPECT_EQ(*ExpandArguments({"p", "$A $ ${}", "$A ${B"}, {}, variables),
            (std::vector<std::string>{"p", "1 $ ", "1 B"}));
}

}  // namespace
}  // namespace hoop
