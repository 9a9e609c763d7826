#include "audit/session_head_json.h"

#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"

namespace hoop {
namespace {

TEST(SessionHeadJson, ComesBackAsItWas) {
  SessionHead head;
  head.session_id = "s1";
  head.command = {"psql"};
  head.policy = RecordPolicy::kBuffered;
  head.started_at = absl::FromUnixMicros(7);
  const auto back = SessionHeadFromJson(SessionHeadToJson(head));
  ASSERT_OK(back);
  EXPECT_EQ(back->session_id, head.session_id);
  EXPECT_EQ(back->command, head.command);
  EXPECT_EQ(back->policy, head.policy);
  EXPECT_EQ(back->started_at, head.started_at);
}

TEST(SessionHeadJson, NamesWhatIsWrong) {
  const std::string json = SessionHeadToJson(SessionHead());
  const auto with = [&json](const std::string& member) { return json.substr(0, json.size() - 1) + "," + member + "}"; };
  EXPECT_EQ(SessionHeadFromJson(with(R"("command": 1)")).status(),
            absl::DataLossError("the open record has no list command"));
  EXPECT_EQ(SessionHeadFromJson(with(R"("command": [1])")).status(),
            absl::DataLossError("the open record has a command that is no text"));
  EXPECT_EQ(SessionHeadFromJson("").status(), absl::DataLossError("the open record is no JSON object"));
}

TEST(SessionGivenJson, ComesBackAsItWas) {
  SessionHead head;
  EXPECT_EQ(SessionGivenToJson(head), "");
  head.client_args = {"-c", "${S}"};
  head.client_env = {{"envvar:S", "bHM="}};
  EXPECT_EQ(SessionHeadToJson(head).find("${S}"), std::string::npos);
  SessionHead back;
  ASSERT_OK(SessionGivenFromJson(SessionGivenToJson(head), back));
  EXPECT_EQ(back.client_args, head.client_args);
  EXPECT_EQ(back.client_env, head.client_env);
}

TEST(SessionGivenJson, NamesWhatIsWrong) {
  SessionHead head;
  for (const auto& [json, error] : {
           std::pair("", "the given record is no JSON object"),
           std::pair("{}", "the given record has no list client_args"),
           std::pair(R"({"client_args": [1]})", "the given record has a client_args that is no text"),
           std::pair(R"({"client_args": [], "client_env": []})", "the given record has no object client_env"),
           std::pair(R"({"client_args": [], "client_env": {"envvar:S": 1}})",
                     "the given record has a client_env that is no text"),
       }) {
    EXPECT_EQ(SessionGivenFromJson(json, head), absl::DataLossError(error));
  }
}

}  // namespace
}  // namespace hoop
