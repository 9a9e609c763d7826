// Every route asked by every kind of caller, with real tokens: docs/rest_routes.md is the table of what must come out.
// A row that is new or different: the test says where the table as it is now was written; read it, then copy it there.
#include <fstream>
#include <sstream>

#include "base/agent_dsn.h"
#include "identity/api_keys.h"
#include "identity/local_verifier.h"
#include "tests/rest/rest_fixture.h"

namespace hoop::rest {
namespace {

using nlohmann::json;

constexpr char kAnotherOrg[] = "another";
constexpr char kCanary[] = "canary-of-the-first";

class RoleMatrixTest : public RestTest {
 protected:
  RoleMatrixTest() {
    EXPECT_OK(store_->database().Write(Durability::kNormal, [](Transaction& transaction) {
      return transaction.Execute("insert into organizations (id, name, created_at) values ($1, $1, 1)", {kAnotherOrg})
          .status();
    }));
    AddUser(store_.org_id(), "user", {"dba"}, UserStatus::kActive);
    AddUser(store_.org_id(), "inactive", {"admin"}, UserStatus::kInactive);
    AddUser(kAnotherOrg, "foreign admin", {"admin"}, UserStatus::kActive);
    for (const char* name : {"admin", "auditor"}) tokens_[name] = TokenOf("id-" + std::string(name), name);
    ServiceAccountRow account{.id = ServiceAccountId("ci"), .org_id = store_.org_id(), .subject = "ci"};
    EXPECT_OK(store_->service_accounts().Insert(account));
    tokens_["service account"] = accounts_.TokenFor(account, absl::Hours(1));
    tokens_["wrong token"] = "wrong";
    const std::string key = NewAgentKey();
    AgentRow agent{.id = "id-agent", .org_id = store_.org_id(), .name = "emb", .mode = "embedded"};
    agent.key_hash = HashAgentKey(key);
    EXPECT_OK(store_->agents().Insert(agent));
    tokens_["agent"] = fmt::format("grpc://emb:{}@127.0.0.1:8010?mode=embedded", key);
    ApiKeyRow api_key{
        .id = "id of the key", .org_id = store_.org_id(), .name = "key", .key_hash = HashApiKey("hpk_key")};
    EXPECT_OK(store_->api_keys().Insert(api_key));
    tokens_["api key"] = "hpk_key";
  }

  std::string TokenOf(const std::string& id, const std::string& name) {
    const std::string email = name + "@example.test";
    return signer_.Sign(email, id, email, clock_.Now());
  }
  void AddUser(const std::string& org_id, const std::string& name, std::vector<std::string> groups, UserStatus status) {
    UserRow user;
    user.id = "id of " + name;
    user.org_id = org_id;
    user.subject = user.email = name + "@example.test";
    user.groups = std::move(groups);
    user.status = status;
    EXPECT_OK(store_->users().Insert(user));
    tokens_[name] = TokenOf(user.id, name);
  }

  Response AskAs(const std::string& who, const Route& route, const std::string& path, const std::string& body = "") {
    std::optional<std::string> authorization;
    if (who != "nobody") authorization = "Bearer " + tokens_.at(who);
    auto identity = real_api_.Authorize(route, authorization);
    if (!identity.ok()) return RefusalOf(identity.status());
    const auto match = real_api_.Match(route.method, path);
    EXPECT_OK(match);
    EXPECT_EQ(match->route->pattern, route.pattern) << path;
    return Settled(real_api_, *match->route,
                   real_api_.Run(*match->route, "", body,
                                 {.path_parameters = match->path_parameters, .identity = *identity, .peer = "::1"}));
  }

  std::map<std::string, std::string> tokens_;
  LocalVerifier local_verifier_{signer_, *store_, RoleGroups()};
  Api real_api_{PartsWith(audit_, local_verifier_)};
};

std::string WithParameters(std::string path, const std::string& value) {
  for (size_t colon; (colon = path.find(':')) != std::string::npos;) {
    path.replace(colon, std::min(path.find('/', colon), path.size()) - colon, value);
  }
  return "/api" + path;
}

const char* RuleName(Rule rule) {
  switch (rule) {
    case Rule::kAnonymous:
      return "anonymous";
    case Rule::kReader:
      return "reader";
    case Rule::kMember:
      return "member";
    case Rule::kAuditor:
      return "auditor";
    case Rule::kAdmin:
      return "admin";
    case Rule::kAgent:
      return "agent";
  }
  return "";
}

// What the rule alone says: "yes", or the status of the refusal.
std::string Expected(Rule rule, const std::string& who) {
  if (rule == Rule::kAnonymous) return "yes";
  if (who == "agent" || rule == Rule::kAgent) return who == "agent" && rule == Rule::kAgent ? "yes" : "401";
  if (who == "nobody" || who == "wrong token" || who == "inactive") return "401";
  if (who == "admin" || who == "foreign admin") return "yes";
  if (who == "auditor") return rule == Rule::kReader || rule == Rule::kAuditor ? "yes" : "403";
  return rule == Rule::kReader || rule == Rule::kMember ? "yes" : "403";
}

TEST_F(RoleMatrixTest, EveryRowLetsInExactlyWhomTheTableNames) {
  const char* const callers[] = {"nobody",          "wrong token", "inactive", "user",          "auditor",
                                 "service account", "api key",     "admin",    "foreign admin", "agent"};
  std::string table =
      "# Who may use which route\n\n"
      "Written by `tests/rest/role_matrix_test.cc`, which asks each route as each caller with a real token. \"yes\": "
      "the "
      "route runs. A caller of another\norganization is let in as what he is there, and sees only that; the same test "
      "shows that nothing of the first is answered or changed.\n\n"
      "| route | rule |";
  std::string line = "|---|---|";
  for (const char* who : callers) {
    table += fmt::format(" {} |", who);
    line += "---|";
  }
  table += "\n" + line + "\n";
  for (const Route& route : real_api_.routes().routes()) {
    table += fmt::format("| `{} {}` | {} |", route.method, route.pattern, RuleName(route.rule));
    for (const char* who : callers) {
      const int status =
          AskAs(who, route, WithParameters(route.pattern, "00000000-0000-4000-8000-000000000000")).status;
      // Beyond the rule, 401 and 403 are answers of the routes themselves: a wrong password, a second registration.
      const std::string expected = Expected(route.rule, who);
      const std::string cell = expected == "yes" && route.rule == Rule::kAnonymous ? "yes"
                               : status == 401 || status == 403                    ? std::to_string(status)
                                                                                   : "yes";
      EXPECT_EQ(cell, expected) << route.method << " " << route.pattern << " as " << who << ": " << status;
      table += fmt::format(" {} |", cell);
    }
    table += "\n";
  }
  std::ifstream file(std::string(HOOP_TEST_VECTORS) + "/../../docs/rest_routes.md");
  std::stringstream written;
  written << file.rdbuf();
  if (written.str() == table) return;
  const std::string path = ::testing::TempDir() + "rest_routes.md";
  std::ofstream(path) << table;
  ADD_FAILURE() << "docs/rest_routes.md says otherwise. Read what changed, then: cp " << path << " docs/rest_routes.md";
}

// Everything that belongs to the first organization is named after the canary.
class ForeignTest : public RoleMatrixTest {
 protected:
  ForeignTest() {
    Make("/users", json{{"email", Email()}, {"groups", {kCanary}}});
    Make("/users/groups", json{{"name", Named("group")}});
    Make("/serviceaccounts", json{{"subject", Named("account")}, {"status", "active"}});
    Make("/api-keys", json{{"name", Named("key")}});
    Make("/agents", json{{"name", Named("agent")}});
    Make("/connections", json{{"name", Named("connection")},
                              {"type", "custom"},
                              {"agent_id", "a1"},
                              {"connection_tags", {{"env", kCanary}}}});
    Make("/resources", json{{"name", Named("resource")}, {"type", "custom"}});
    session_id_ = AddSession("ann", 1).session_id;
  }
  static std::string Named(const std::string& kind) { return kind + "-" + kCanary; }
  static std::string Email() { return std::string(kCanary) + "@example.test"; }

  void Make(const std::string& path, const json& body) {
    const auto match = real_api_.Match("POST", "/api" + path);
    const Response response = AskAs("admin", *match->route, "/api" + path, body.dump());
    EXPECT_EQ(response.status, 201) << path << response.body;
  }
  // All that the first organization has, in one text.
  std::string Everything() {
    std::string all;
    for (const char* path : {"/users", "/users/groups", "/serviceaccounts", "/api-keys", "/agents", "/connections",
                             "/sessions", "/audit/logs"}) {
      const auto match = real_api_.Match("GET", std::string("/api") + path);
      all += AskAs("admin", *match->route, std::string("/api") + path).body + "\n";
    }
    return all;
  }

  void ExpectNothing(const Route& route, const std::string& path, const std::string& body) {
    if (real_api_.Match(route.method, path)->route != &route) return;  // another row takes this path
    const Response response = AskAs("foreign admin", route, path, body);
    const std::string about =
        fmt::format("{} {}: {} {}", route.method, path, response.status, response.body.substr(0, 300));
    const bool echoes_the_path = response.status == 404;
    EXPECT_TRUE(echoes_the_path || response.body.find(kCanary) == std::string::npos) << about;
    const bool silent = response.status == 404 || (route.method == "DELETE" && response.status == 204);
    EXPECT_TRUE(silent || route.pattern.find(':') == std::string::npos) << about;
  }

  std::string session_id_;
};

TEST_F(ForeignTest, AnotherOrganizationSeesAndChangesNothing) {
  const std::string before = Everything();
  const std::string ids[] = {
      Email(),      Named("group"),    Named("account"), kCanary,  Named("agent"),    Named("connection"),
      Named("key"), Named("resource"), session_id_,      "id-ann", "ann@example.test"};
  const json body = {
      {"name", "x-new"},      {"type", "custom"},        {"agent_id", "a"},           {"subject", "x"},
      {"status", "inactive"}, {"groups", json::array()}, {"password", "long enough"}, {"connection", "x"}};
  // Those without parameters first: what is said with the names of others is kept in the own log, too.
  for (const bool with_parameter : {false, true}) {
    for (const Route& route : real_api_.routes().routes()) {
      if (with_parameter != (route.pattern.find(':') != std::string::npos)) continue;
      for (const std::string& id : ids) ExpectNothing(route, WithParameters(route.pattern, id), body.dump());
    }
  }
  EXPECT_EQ(Everything(), before);
  EXPECT_TRUE(control_.killed.empty());
  EXPECT_TRUE(control_.ended.empty());
  for (const std::string& id : presence_.disconnected) {
    EXPECT_EQ(id, AgentId(kAnotherOrg, kOrganizationAgent)) << "it deleted its own key";
  }
}

}  // namespace
}  // namespace hoop::rest
