// POST /sessions as a caller sees it: what is asked for, what is answered in each case.
#include "tests/rest/rest_fixture.h"

namespace hoop::rest {
namespace {

class ExecTest : public RestTest {
 protected:
  ExecTest() {
    ConnectionRow row;
    row.id = "11111111-1111-4111-8111-111111111111";
    row.org_id = store_.org_id();
    row.name = "bash";
    row.type = "custom";
    row.agent_id = "a1";
    EXPECT_OK(store_->connections().Insert(row));
  }

  // The session as the gateway leaves it behind: its row, its record.
  void Leave(const ExecOrder& order, std::optional<int> exit_code, const std::string& reason,
             const std::vector<std::pair<RecordKind, std::string>>& said) {
    SessionHead head;
    head.session_id = order.session_id;
    head.org_id = order.identity.org_id;
    head.user_id = order.identity.user_id;
    head.connection = order.connection;
    head.wire_type = "command-line";
    head.verb = "exec";
    head.started_at = clock_.Now();
    EXPECT_OK(store_->sessions().Insert(head));
    for (const auto& [kind, payload] : said) Record(head, kind, payload);
    End(head, exit_code, reason);
  }

  // What POST /sessions answers about a command that ends so.
  nlohmann::json Answer(std::optional<int> exit_code, const std::string& reason,
                        const std::vector<std::pair<RecordKind, std::string>>& said) {
    exec_.ends = [=, this](const ExecOrder& order) {
      Leave(order, exit_code, reason, said);
      clock_.Advance(absl::Milliseconds(18));
      return absl::OkStatus();
    };
    const Response response = Ask("ann", "POST", "/api/sessions", R"({"connection":"bash","script":"x"})");
    EXPECT_EQ(response.status, 200);
    return nlohmann::json::parse(response.body);
  }
};

TEST_F(ExecTest, AsksForWhatTheBodySays) {
  Ask("ann", "POST", "/api/sessions",
      R"({"connection":"bash","script":"echo $BAR","client_args":["-s","one"],"env_vars":{"envvar:BAR":"YmFy"}})");
  ASSERT_EQ(exec_.orders.size(), 1u);
  const ExecOrder& order = exec_.orders[0];
  EXPECT_EQ(order.identity.email, "ann@example.test");
  EXPECT_EQ(order.connection, "bash");
  EXPECT_EQ(order.script, "echo $BAR");
  EXPECT_EQ(order.client_args, (std::vector<std::string>{"-s", "one"}));
  EXPECT_EQ(order.env_vars, (std::map<std::string, std::string>{{"envvar:BAR", "YmFy"}}));
}

TEST_F(ExecTest, ReadsTheOutputBackFromTheRecord) {
  const auto answer = Answer(
      0, "finished", {{RecordKind::kInput, "in"}, {RecordKind::kOutput, "out\n"}, {RecordKind::kErrorOutput, "err\n"}});
  EXPECT_EQ(answer["session_id"], exec_.orders[0].session_id);
  EXPECT_EQ(answer["output"], "out\nerr\n");
  EXPECT_EQ(answer["output_status"], "success");
  EXPECT_EQ(answer["exit_code"], 0);
  EXPECT_EQ(answer["execution_time"], 18);
  EXPECT_EQ(answer["truncated"], false);
  EXPECT_EQ(answer["has_review"], false);
  EXPECT_TRUE(answer["ai_analysis"].is_null());
}

TEST_F(ExecTest, AFailedCommandIsAnAnswerWithItsCode) {
  const auto answer = Answer(3, "failed executing command, reason=exit status 3", {{RecordKind::kOutput, "half"}});
  EXPECT_EQ(answer["output"], "half\nfailed executing command, reason=exit status 3");
  EXPECT_EQ(answer["output_status"], "failed");
  EXPECT_EQ(answer["exit_code"], 3);
  EXPECT_EQ(Answer(std::nullopt, "client left", {})["exit_code"], -2);
  EXPECT_EQ(Answer(std::nullopt, "client left", {})["output_status"], "failed");
}

TEST_F(ExecTest, OutputIsCutAtItsBound) {
  const std::string most(limits::kRestExecOutputBytesMax, 'x');
  EXPECT_EQ(Answer(0, "finished", {{RecordKind::kOutput, most}})["truncated"], false);
  const auto answer = Answer(0, "finished", {{RecordKind::kOutput, most}, {RecordKind::kOutput, "y"}});
  EXPECT_EQ(answer["truncated"], true);
  EXPECT_EQ(answer["output"].get<std::string>().size(), limits::kRestExecOutputBytesMax);
}

TEST_F(ExecTest, WhatIsRefusedSaysSoAsTheStreamDid) {
  for (const auto& [status, text] : {std::pair{FailedPrecondition("agent is offline"),
                                               "rpc error: code = FailedPrecondition desc = agent is offline"},
                                     {Cancelled("no"), "rpc error: code = Canceled desc = no"},
                                     {Unavailable("later"), "rpc error: code = Unavailable desc = later"}}) {
    exec_.ends = [status = status](const ExecOrder&) { return status; };
    const auto answer = AskJson("ann", "POST", "/api/sessions", R"({"connection":"bash","script":"x"})");
    EXPECT_EQ(answer["output"], text);
    EXPECT_EQ(answer["output_status"], "failed");
    EXPECT_EQ(answer["exit_code"], -2);
  }
}

TEST_F(ExecTest, WhatStillRunsIsAnsweredSo) {
  const Response response = Ask("ann", "POST", "/api/sessions", R"({"connection":"bash","script":"sleep 60"})");
  EXPECT_EQ(response.status, 202);
  const auto answer = nlohmann::json::parse(response.body);
  EXPECT_EQ(answer["output_status"], "running");
  EXPECT_EQ(answer["exit_code"], -2);
  EXPECT_EQ(answer["output"], "");
  EXPECT_EQ(answer["session_id"], exec_.orders[0].session_id);
}

TEST_F(ExecTest, RefusesWhatMakesNoSense) {
  const auto refused = [this](const std::string& body) {
    const Response response = Ask("ann", "POST", "/api/sessions", body);
    return fmt::format("{} {}", response.status, response.body);
  };
  EXPECT_EQ(refused(R"({"connection":"nosuch","script":"x"})"), R"(400 {"message":"connection nosuch not found"})");
  EXPECT_EQ(refused(R"({"script":"x"})"), R"(400 {"message":"connection  not found"})");
  EXPECT_EQ(refused("{"), R"(400 {"message":"the body is not valid JSON"})");
  EXPECT_EQ(refused(R"({"connection":"bash","env_vars":{"BAR":"YmFy"}})"),
            R"(422 {"message":"env_vars: BAR does not begin with envvar:"})");
  EXPECT_EQ(refused(R"({"connection":"bash","env_vars":{"envvar:BAR":"!"}})"),
            R"(422 {"message":"env_vars: envvar:BAR is not base64"})");
  EXPECT_TRUE(exec_.orders.empty());
}

TEST_F(ExecTest, WhatIsSaidAboutTheSessionGoesAlong) {
  const std::string body = R"({"connection":"bash","labels":{"a":"b"},"metadata":{"k":1},
                               "session_batch_id":"b1","correlation_id":"c1"})";
  EXPECT_EQ(Ask("ann", "POST", "/api/sessions", body).status, 202);
  const SessionNotes& notes = exec_.orders.at(0).notes;
  EXPECT_EQ(notes.labels.at("a"), "b");
  EXPECT_EQ(notes.metadata.at("k"), "1");
  EXPECT_EQ(notes.batch_id, "b1");
  EXPECT_EQ(notes.correlation_id, "c1");
  for (const std::string& bad : {std::string("two words"), std::string(limits::kRestCorrelationBytesMax + 1, 'x')}) {
    EXPECT_EQ(Ask("ann", "POST", "/api/sessions", R"({"connection":"bash","correlation_id":")" + bad + "\"}").status,
              422);
  }
}

TEST_F(ExecTest, MetadataThatTheConnectionDemandsMustBeThere) {
  auto row = store_->connections().Find(store_.org_id(), "bash");
  ASSERT_OK(row);
  row->mandatory_metadata_fields = {"ticket"};
  ASSERT_OK(store_->connections().Update(*row));
  EXPECT_EQ(Ask("ann", "POST", "/api/sessions", R"({"connection":"bash"})").status, 422);
  EXPECT_EQ(Ask("ann", "POST", "/api/sessions", R"({"connection":"bash","metadata":{"ticket":"7"}})").status, 202);
}

TEST_F(ExecTest, AConnectionThatOthersMaySeeIsUnknown) {
  EXPECT_OK(store_->connection_groups().Replace(store_.org_id(), "11111111-1111-4111-8111-111111111111", {"dba"},
                                                clock_.Now()));
  EXPECT_EQ(Ask("ann", "POST", "/api/sessions", R"({"connection":"bash"})").status, 202);
  EXPECT_EQ(Ask("admin", "POST", "/api/sessions", R"({"connection":"bash"})").status, 202);
  EXPECT_EQ(Ask("ben", "POST", "/api/sessions", R"({"connection":"bash"})").status, 400);
  EXPECT_EQ(Ask("auditor", "POST", "/api/sessions", R"({"connection":"bash"})").status, 403);
}

TEST_F(ExecTest, ASessionWithoutAReviewIsNotRunAgain) {
  const SessionHead head = AddSession("ann", 1);
  const std::string path = "/api/sessions/" + head.session_id + "/exec";
  EXPECT_EQ(Ask("ann", "POST", path).status, 404);
  EXPECT_EQ(Ask("ben", "POST", path).body, R"({"message":"not found"})");
  EXPECT_EQ(Ask("ann", "POST", "/api/sessions/nosuch/exec").status, 404);
}

}  // namespace
}  // namespace hoop::rest
