// Replays what a gateway of 2026 was asked and compares the shape of our answers with its own: status, keys, types of
// values. Where we differ on purpose, tests/vectors/rest/differs.json says why.
#include <filesystem>
#include <fstream>

#include "tests/rest/rest_fixture.h"

namespace hoop::rest {
namespace {

using nlohmann::json;

json Load(const std::string& name) {
  std::ifstream file(std::string(HOOP_TEST_VECTORS) + "/rest/" + name);
  return json::parse(file);
}

// Paths ("data.0.user") at which `ours` has not what `theirs` has. Null fits everything: upstream mixes it with
// empty lists and objects.
void Compare(const std::string& path, const json& theirs, const json& ours, std::vector<std::string>& differences) {
  if (theirs.is_null() || ours.is_null()) return;
  if (theirs.type() != ours.type() && !(theirs.is_number() && ours.is_number())) {
    differences.push_back(path + ": another type");
    return;
  }
  if (theirs.is_array() && !theirs.empty() && !ours.empty()) Compare(path + ".0", theirs[0], ours[0], differences);
  if (!theirs.is_object()) return;
  const bool is_map = path.ends_with("secret") || path.ends_with("metadata") || path.ends_with("connection_tags");
  for (const auto& [key, value] : theirs.items()) {
    if (is_map) continue;
    const std::string below = path.empty() ? key : path + "." + key;
    if (!ours.contains(key)) {
      differences.push_back(below + ": missing");
    } else {
      Compare(below, value, ours[key], differences);
    }
  }
}

class RecordedTest : public RestTest {
 protected:
  RecordedTest() {
    EXPECT_OK(accounts_.EnsureAdmin("admin@example.test", "<password>", "Admin"));
    AgentRow agent{.id = "32f5981b-0c67-5a8c-9794-c6d7d1de76e0",
                   .org_id = store_.org_id(),
                   .name = "agent1",
                   .mode = "standard",
                   .key_hash = "h",
                   .metadata = {{"version", "unknown"}},
                   .created_at = clock_.Now(),
                   .updated_at = clock_.Now()};
    EXPECT_OK(store_->agents().Insert(agent));
    presence_.online = {agent.id};
    SessionHead head = AddSession("admin", 1);
    End(head, 0, "done");
    recorded_session_ = head.session_id;
  }

  // Returns what differs, in words; empty: nothing.
  std::string Replay(const json& exchange) {
    const json& wanted = exchange["request"];
    std::string path = wanted["path"], body;
    if (wanted.contains("body")) body = wanted["body"].dump();
    if (wanted.contains("raw_body")) body = wanted["raw_body"];
    // All passwords were replaced by the same word, the wrong one too.
    if (exchange["note"] == "login, wrong password") body.replace(body.find("<password>"), 10, "another");
    const std::string recorded = "085bc072-782d-4814-a7cb-ba9b96b6c05c";
    if (const size_t at = path.find(recorded); at != std::string::npos) {
      path.replace(at, recorded.size(), recorded_session_);
    }
    const std::string authorization = wanted["headers"].value("Authorization", "");
    const std::string who = authorization == "Bearer <jwt>" ? "admin" : authorization.empty() ? "" : "garbage";
    const Response ours = Ask(who, wanted["method"], path, body);
    std::string found;
    if (ours.status != exchange["status"]) found += fmt::format("status {}; ", ours.status);
    const json& theirs = exchange["response_body"];
    if (theirs.is_structured() && ours.status == exchange["status"]) {
      std::vector<std::string> differences;
      Compare("", theirs, json::parse(ours.body), differences);
      for (const std::string& difference : differences) found += difference + "; ";
    }
    return found;
  }

  std::string recorded_session_;
};

TEST_F(RecordedTest, AnswersHaveTheShapeOf2026) {
  const json differs = Load("differs.json");
  size_t replayed = 0, explained = 0;
  for (const char* family : {"open", "auth", "agents", "connections", "sessions"}) {
    for (const json& exchange : Load(std::string(family) + ".json")) {
      if (!exchange.contains("request")) continue;
      const std::string method = exchange["request"]["method"], path = exchange["request"]["path"];
      if (method == "OPTIONS" || path.ends_with("/")) continue;  // answered by Edge, without a route
      const std::string note = fmt::format("{}: {}", family, exchange["note"].get<std::string>());
      const std::string found = Replay(exchange);
      ++replayed;
      if (differs.contains(note)) {
        ++explained;
        EXPECT_EQ(found, differs[note]["ours"]) << note;
        EXPECT_FALSE(differs[note]["why"].get<std::string>().empty());
        // What was made here and not there is not in the way of what follows.
        if (path == "/api/connections") {
          (void)store_->connections().Delete(store_.org_id(), exchange["request"]["body"]["name"].get<std::string>());
        }
      } else {
        EXPECT_EQ(found, "") << note << " " << method << " " << path;
      }
    }
  }
  EXPECT_GE(replayed, 50u);
  EXPECT_EQ(explained, differs.size());
}

}  // namespace
}  // namespace hoop::rest
