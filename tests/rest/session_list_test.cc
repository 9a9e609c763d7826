// The list of sessions: filters, pages by key, what was said about a session.
#include "tests/rest/rest_fixture.h"

namespace hoop::rest {
namespace {

class SessionListTest : public RestTest {
 protected:
  // A session with notes; its id.
  std::string AddNoted(int number, const SessionNotes& notes) {
    SessionHead head = AddSession("ann", number);
    EXPECT_OK(store_->sessions().Delete(head.session_id));
    EXPECT_OK(store_->sessions().Insert(head, notes));
    return head.session_id;
  }
  std::vector<std::string> Ids(const std::string& query) {
    std::vector<std::string> ids;
    const auto answer = AskJson("admin", "GET", "/api/sessions?" + query);
    for (const auto& row : answer["data"]) ids.push_back(row["id"]);
    return ids;
  }
  using Texts = std::vector<std::string>;
};

TEST_F(SessionListTest, PagesByKeyMissAndRepeatNothingWhileSessionsBegin) {
  Texts expected, seen;
  for (int i = 1; i <= 7; ++i) expected.insert(expected.begin(), AddSession("ann", i).session_id);
  std::string cursor;
  for (int page = 0; page < 4; ++page) {
    const auto answer = AskJson("admin", "GET", "/api/sessions?limit=2&cursor=" + cursor);
    for (const auto& row : answer["data"]) seen.push_back(row["id"]);
    EXPECT_EQ(answer["has_next_page"], page < 3);
    EXPECT_EQ(answer["next_cursor"].get<std::string>().empty(), page == 3);
    cursor = answer["next_cursor"];
    AddSession("ann", 100 + page);
  }
  EXPECT_EQ(seen, expected);
}

TEST_F(SessionListTest, RefusesAForeignCursor) {
  for (const char* bad : {"x", "MTI", "MTIzOm5vdC1hLXV1aWQ", "!!"}) {
    EXPECT_EQ(Ask("admin", "GET", std::string("/api/sessions?cursor=") + bad).status, 422) << bad;
  }
  AddSession("ann", 1);
  AddSession("ann", 2);
  const std::string cursor = AskJson("admin", "GET", "/api/sessions?limit=1")["next_cursor"];
  EXPECT_EQ(Ask("admin", "GET", "/api/sessions?offset=1&cursor=" + cursor).status, 422);
  EXPECT_EQ(Ask("admin", "GET", "/api/sessions?cursor=" + cursor).status, 200);
}

TEST_F(SessionListTest, FindsBatchesAndCorrelatedSessions) {
  const std::string a = AddNoted(1, {.batch_id = "b1", .correlation_id = "c1"});
  const std::string b = AddNoted(2, {.batch_id = "b1"});
  AddNoted(3, {});
  EXPECT_EQ(Ids("batch_id=b1"), (Texts{b, a}));
  EXPECT_EQ(Ids("correlation_id=c1"), Texts{a});
  EXPECT_EQ(Ids("correlation_id=b1"), Texts{});
  EXPECT_EQ(Ids("connection=bash&batch_id=b1"), (Texts{b, a}));
  EXPECT_EQ(Ids("connection=ba%25&batch_id=b1"), (Texts{b, a}));
  EXPECT_EQ(Ids("connection=ba"), Texts{});
}

TEST_F(SessionListTest, NoSessionHasAReviewOrATicket) {
  AddSession("ann", 1);
  for (const char* query : {"review.status=APPROVED", "review.approver=a@b.test", "jira_issue_key=X-1"}) {
    const auto answer = AskJson("admin", "GET", std::string("/api/sessions?") + query);
    EXPECT_TRUE(answer["data"].empty());
    EXPECT_EQ(answer["total"], 0);
    EXPECT_EQ(answer["has_next_page"], false);
  }
}

TEST_F(SessionListTest, ShowsWhatWasSaidAboutASession) {
  const std::string id = AddNoted(1, {.labels = {{"a", "b"}},
                                      .metadata = {{"k", "v"}},
                                      .connection_tags = {{"env", "test"}},
                                      .batch_id = "b1",
                                      .correlation_id = "c1"});
  const auto session = AskJson("ann", "GET", "/api/sessions/" + id);
  EXPECT_EQ(session["labels"]["a"], "b");
  EXPECT_EQ(session["metadata"]["k"], "v");
  EXPECT_EQ(session["connection_tags"]["env"], "test");
  EXPECT_EQ(session["session_batch_id"], "b1");
  EXPECT_EQ(session["correlation_id"], "c1");
  const auto bare = AskJson("ann", "GET", "/api/sessions/" + AddNoted(2, {}));
  EXPECT_TRUE(bare["metadata"].is_null());
  EXPECT_FALSE(bare.contains("correlation_id"));
}

TEST_F(SessionListTest, MetadataIsReplacedByTheOwner) {
  const std::string path = "/api/sessions/" + AddNoted(1, {.metadata = {{"k", "v"}}}) + "/metadata";
  EXPECT_EQ(Ask("ann", "PATCH", path, R"({"metadata":{"n":7,"b":true}})").status, 204);
  const auto session = AskJson("ann", "GET", path.substr(0, path.size() - 9));
  EXPECT_EQ(session["metadata"], (nlohmann::json{{"n", "7"}, {"b", "true"}}));
  EXPECT_EQ(Ask("ben", "PATCH", path, R"({"metadata":{}})").status, 404);
  EXPECT_EQ(Ask("auditor", "PATCH", path, R"({"metadata":{}})").status, 403);
  EXPECT_EQ(Ask("ann", "PATCH", path, R"({"metadata":[]})").status, 400);
}

TEST_F(SessionListTest, MetadataHasBounds) {
  nlohmann::json body = {{"metadata", nlohmann::json::object()}};
  const std::string path = "/api/sessions/" + AddNoted(1, {}) + "/metadata";
  for (size_t i = 0; i < limits::kRestMetadataKeysMax; ++i) body["metadata"][std::to_string(i)] = "x";
  EXPECT_EQ(Ask("ann", "PATCH", path, body.dump()).status, 204);
  body["metadata"]["more"] = "x";
  EXPECT_EQ(Ask("ann", "PATCH", path, body.dump()).status, 422);
  body["metadata"] = {{"k", std::string(limits::kRestMetadataBytesMax - 1, 'x')}};
  EXPECT_EQ(Ask("ann", "PATCH", path, body.dump()).status, 204);
  body["metadata"] = {{"k", std::string(limits::kRestMetadataBytesMax, 'x')}};
  EXPECT_EQ(Ask("ann", "PATCH", path, body.dump()).status, 422);
}

}  // namespace
}  // namespace hoop::rest
