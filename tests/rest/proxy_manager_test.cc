// The routes of the desktop app as its user sees them: what is asked for, what is answered in each case.
#include "tests/rest/rest_fixture.h"

namespace hoop::rest {
namespace {

class ProxyManagerTest : public RestTest {
 protected:
  ProxyManagerTest() {
    AddConnection("11111111-1111-4111-8111-111111111111", "pg", "database", "postgres");
    AddConnection("11111111-1111-4111-8111-111111111112", "bash", "custom", "");
  }
  void AddConnection(const std::string& id, const std::string& name, const std::string& type,
                     const std::string& subtype) {
    ConnectionRow row;
    row.id = id;
    row.org_id = store_.org_id();
    row.name = name;
    row.type = type;
    row.subtype = subtype;
    row.agent_id = "a1";
    EXPECT_OK(store_->connections().Insert(row));
  }
  std::pair<int, std::string> Refusal(const std::string& method, const std::string& route,
                                      const std::string& body = "") {
    const Response response = Ask("ann", method, "/api/proxymanager/" + route, body);
    return {response.status, nlohmann::json::parse(response.body)["message"]};
  }
};

TEST_F(ProxyManagerTest, OpensASessionOnTheUsersOwnProcess) {
  const auto state = AskJson("ann", "POST", "/api/proxymanager/connect", R"({"connection_name":"pg","port":"5488"})");
  EXPECT_EQ(state["status"], "connected");
  EXPECT_EQ(state["connection_name"], "pg");
  EXPECT_EQ(state["connection_type"], "database");
  EXPECT_EQ(state["connection_subtype"], "postgres");
  EXPECT_EQ(state["port"], "5488");
  EXPECT_EQ(state["access_duration"], 1'800'000'000'000) << "half an hour, in nanoseconds";
  EXPECT_EQ(state["metadata"]["session"], "s1");
  EXPECT_EQ(proxy_manager_.state->order.identity.user_id, "id-ann");
  EXPECT_EQ(AskJson("ann", "GET", "/api/proxymanager/status"), state);
  const Response gone = Ask("ann", "POST", "/api/proxymanager/disconnect");
  EXPECT_EQ(gone.status, 202);
  EXPECT_EQ(nlohmann::json::parse(gone.body)["status"], "disconnected");
  EXPECT_EQ(Refusal("GET", "status"), (std::pair<int, std::string>{404, "connection not found"}));
}

TEST_F(ProxyManagerTest, SaysWhatIsWrongWithAnOrder) {
  using Answer = std::pair<int, std::string>;
  EXPECT_EQ(Refusal("POST", "connect", R"({"port":"1"})").first, 422);
  EXPECT_EQ(Refusal("POST", "connect", R"({"connection_name":"pg"})").first, 422);
  EXPECT_EQ(Refusal("POST", "connect", R"({"connection_name":"pg","port":"70000"})"),
            Answer(422, "port: 70000 is none"));
  EXPECT_EQ(Refusal("POST", "connect", R"({"connection_name":"pg","port":"1","access_duration":1})").first, 422);
  EXPECT_EQ(
      Refusal("POST", "connect", R"({"connection_name":"pg","port":"1","access_duration":18446744073709551615})").first,
      400);
  EXPECT_EQ(Refusal("POST", "connect", R"({"connection_name":"none","port":"1"})"),
            Answer(404, "connection not found"));
  EXPECT_EQ(Refusal("POST", "connect", R"({"connection_name":"bash","port":"1"})"),
            Answer(400, "connection type is not supported"));
  proxy_manager_.answer = FailedPrecondition("agent is offline");
  EXPECT_EQ(Refusal("POST", "connect", R"({"connection_name":"pg","port":"1"})"), Answer(400, "agent is offline"));
}

TEST_F(ProxyManagerTest, SaysThatNoProcessIsThere) {
  using Answer = std::pair<int, std::string>;
  EXPECT_EQ(Refusal("GET", "status"), Answer(404, "entity not found"));
  EXPECT_EQ(Refusal("POST", "disconnect"), Answer(404, "entity not found"));
  proxy_manager_.answer = NotFound("the user's proxy manager is not there");
  const auto [status, text] = Refusal("POST", "connect", R"({"connection_name":"pg","port":"1"})");
  EXPECT_EQ(status, 400);
  EXPECT_TRUE(text.starts_with("proxy manager state ") && text.ends_with(" not found")) << text;
}

}  // namespace
}  // namespace hoop::rest
