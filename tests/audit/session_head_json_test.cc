#include "audit/session_head_json.h"

#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"

namespace hoop {
namespace {

TEST(SessionHeadJson, ComesBackAsItWas) {
  SessionHead head;
  head.session_id = "s1";
  head.client_args = {"-c", "${S}"};
  head.client_env = {{"envvar:S", "bHM="}};
  head.policy = RecordPolicy::kBuffered;
  head.started_at = absl::FromUnixMicros(7);
  const auto back = SessionHeadFromJson(SessionHeadToJson(head));
  ASSERT_OK(back);
  EXPECT_EQ(back->session_id, head.session_id);
  EXPECT_EQ(back->client_args, head.client_args);
  EXPECT_EQ(back->client_env, head.client_env);
  EXPECT_EQ(back->policy, head.policy);
  EXPECT_EQ(back->started_at, head.started_at);
}

TEST(SessionHeadJson, NamesWhatIsWrong) {
  const std::string json = SessionHeadToJson(SessionHead());
  const auto with = [&json](const std::string& member) { return json.substr(0, json.size() - 1) + "," + member + "}"; };
  ASSERT_OK(SessionHeadFromJson(with(R"("client_env": {"envvar:S": "bHM="})")));
  EXPECT_EQ(SessionHeadFromJson(with(R"("client_env": [])")).status(),
            absl::DataLossError("the open record has a client_env that is no object"));
  EXPECT_EQ(SessionHeadFromJson(with(R"("client_env": {"envvar:S": 1})")).status(),
            absl::DataLossError("the open record has a client_env that is no text"));
  EXPECT_EQ(SessionHeadFromJson("").status(), absl::DataLossError("the open record is no JSON object"));
}

}  // namespace
}  // namespace hoop
