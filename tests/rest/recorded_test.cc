// Replays what a gateway of 2026 was asked and compares the shape of our answers with its own: status, keys, types of
// values, and whether it is what openapi_schemas.cc says. Where we differ on purpose, tests/vectors/rest/differs.json
// says why; what is not served, unserved.json. docs/rest_replay.md is the table of it all.
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/ids.h"
#include "tests/rest/rest_fixture.h"
#include "tests/rest/schema_check.h"

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

// The ids that upstream gave, and ours of the same things.
class IdMap final {
 public:
  void Learn(const json& theirs, const json& ours) {
    if (theirs.is_string() && ours.is_string() && IsUuid(theirs.get<std::string>())) ids_[theirs] = ours;
    if (theirs.is_array() && ours.is_array() && !theirs.empty() && !ours.empty()) Learn(theirs[0], ours[0]);
    if (!theirs.is_object() || !ours.is_object()) return;
    for (const auto& [key, value] : theirs.items()) {
      if (ours.contains(key)) Learn(value, ours[key]);
    }
  }
  std::string Ours(std::string text) const {
    for (const auto& [theirs, ours] : ids_) {
      for (size_t at = 0; (at = text.find(theirs, at)) != std::string::npos; at += ours.size()) {
        text.replace(at, theirs.size(), ours);
      }
    }
    return text;
  }

 private:
  std::map<std::string, std::string> ids_;
};

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
    exec_.ends = [this](const ExecOrder& order) { return End(order); };
  }

  // What the gateway and its agent make of a recorded command.
  absl::Status End(const ExecOrder& order) {
    SessionHead head;
    head.session_id = order.session_id;
    head.org_id = order.identity.org_id;
    head.user_id = order.identity.user_id;
    head.connection = order.connection;
    head.connection_type = "custom";
    head.wire_type = "command-line";
    head.verb = "exec";
    head.started_at = clock_.Now();
    EXPECT_OK(store_->sessions().Insert(head, order.notes));
    Record(head, RecordKind::kInput, order.script);
    const bool fails = order.script == "exit 3";
    RestTest::End(head, fails ? 3 : 0, fails ? "failed executing command, reason=exit status 3" : "finished");
    if (order.connection == "noexec-gold") return FailedPrecondition("exec is disabled for this connection");
    if (order.connection == "uag-gold") return FailedPrecondition("agent is offline");
    if (order.connection == "min-gold") return InvalidArgument("exec is not allowed for tcp type connections");
    return absl::OkStatus();
  }

  static std::string Path(const json& exchange) {
    const std::string target = exchange["request"]["path"];
    return target.substr(0, target.find('?'));
  }

  // All tokens were replaced by the same word. One of a user who is inactive or deleted is one that is not taken.
  static std::string Caller(const std::string& note) {
    if (note.find("inactive user") != std::string::npos || note.find("deleted user") != std::string::npos) {
      return "garbage";
    }
    return note.find("standard user") != std::string::npos || note.find("foreign session") != std::string::npos
               ? "ben"
               : "admin";
  }

  // Returns what differs, in words; empty: nothing.
  std::string Replay(const json& exchange) {
    const json& wanted = exchange["request"];
    std::string body;
    if (wanted.contains("body")) body = wanted["body"].dump();
    if (wanted.contains("raw_body")) body = wanted["raw_body"];
    // All passwords were replaced by the same word, the wrong one too.
    if (exchange["note"] == "login, wrong password") body.replace(body.find("<password>"), 10, "another");
    const std::string authorization = wanted["headers"].value("Authorization", "");
    const std::string who = authorization == "Bearer <jwt>" ? Caller(exchange["note"])
                            : authorization.empty()         ? ""
                                                            : "garbage";
    const Response ours = Ask(who, wanted["method"], ids_.Ours(wanted["path"]), ids_.Ours(body));
    std::string found;
    if (ours.status != exchange["status"]) found += fmt::format("status {}; ", ours.status);
    const json& theirs = exchange["response_body"];
    const bool is_json = ours.content_type.find("json") != std::string::npos && !ours.body.empty();
    if (theirs.is_structured() && ours.status == exchange["status"] && !is_json) found += "no JSON; ";
    if (theirs.is_structured() && ours.status == exchange["status"] && is_json) {
      const json answer = json::parse(ours.body);
      std::vector<std::string> differences;
      Compare("", theirs, answer, differences);
      for (const std::string& difference : differences) found += difference + "; ";
      ids_.Learn(theirs, answer);
    }
    CheckDescription(exchange, ours);
    return found;
  }

  // Our own answer is as our own description says.
  void CheckDescription(const json& exchange, const Response& ours) {
    const std::string method = exchange["request"]["method"];
    const auto match = api_.Match(method, Path(exchange));
    if (match->route == nullptr || ours.content_type.find("json") == std::string::npos || ours.body.empty()) return;
    std::string path = match->route->pattern, lower = method;
    for (size_t colon; (colon = path.find(':')) != std::string::npos;) {
      const size_t end = std::min(path.find('/', colon), path.size());
      path = path.substr(0, colon) + "{" + path.substr(colon + 1, end - colon - 1) + "}" + path.substr(end);
    }
    for (char& c : lower) c = static_cast<char>(std::tolower(c));
    const json& responses = description_["paths"].at(path).at(lower)["responses"];
    const std::string status = std::to_string(ours.status);
    const json& response = responses.at(responses.contains(status) ? status : "default");
    const json answer = json::parse(ours.body);
    // With pages asked for, and for a download, another object is answered: upstream's shapes.
    if (answer.contains("pages") || answer.contains("download_url")) return;
    std::vector<std::string> wrong;
    CheckSchema(description_, response["content"]["application/json"]["schema"], answer, "", wrong);
    for (const std::string& each : wrong) ADD_FAILURE() << exchange["note"] << " " << path << ": " << each;
  }

  json description_ = AskJson("", "GET", "/api/openapiv3.json");
  IdMap ids_;
};

struct Recorded {
  std::string note;  // "family: note"
  json exchange;
};

// In the order in which they were recorded: what is deleted at the end of its family is used by others.
std::vector<Recorded> LoadAll() {
  std::vector<Recorded> all, last;
  for (const char* family : {"open", "auth", "serviceaccounts", "agents", "connections", "sessions", "users", "plugins",
                             "keys", "reviews", "other"}) {
    for (json& exchange : Load(std::string(family) + ".json")) {
      if (!exchange.contains("request")) continue;
      std::string note = fmt::format("{}: {}", family, exchange["note"].get<std::string>());
      const bool deletes = note == "connections: delete" || note == "connections: delete unknown";
      (deletes ? last : all).push_back({std::move(note), std::move(exchange)});
    }
  }
  std::move(last.begin(), last.end(), std::back_inserter(all));
  return all;
}

// The entry with the longest beginning of `path`.
std::string WhyUnserved(const json& unserved, const std::string& path) {
  std::string best;
  for (const auto& [prefix, why] : unserved.items()) {
    if (path.starts_with(prefix) && prefix.size() > best.size() && (prefix != "/" || path == "/")) best = prefix;
  }
  return best;
}

void ComparePage(const std::string& page) {
  std::ifstream file(std::string(HOOP_TEST_VECTORS) + "/../../docs/rest_replay.md");
  std::stringstream written;
  written << file.rdbuf();
  if (written.str() == page) return;
  const std::string path = ::testing::TempDir() + "rest_replay.md";
  std::ofstream(path) << page;
  ADD_FAILURE() << "docs/rest_replay.md says otherwise. Read what changed, then: cp " << path << " docs/rest_replay.md";
}

TEST_F(RecordedTest, AnswersHaveTheShapeOf2026) {
  const json differs = Load("differs.json"), unserved = Load("unserved.json");
  std::set<std::string> explained, excused;
  size_t same = 0, different = 0, absent = 0;
  std::string rows;
  for (const auto& [note, exchange] : LoadAll()) {
    const std::string method = exchange["request"]["method"], path = Path(exchange);
    const auto row = [&, &note = note, &exchange = exchange](const std::string& ours, const std::string& why) {
      rows += fmt::format("| {} | `{} {}` | {} | {} | {} |\n", note, method,
                          exchange["request"]["path"].get<std::string>(), exchange["status"].get<int>(), ours, why);
    };
    if (method == "OPTIONS" || (path.ends_with("/") && path != "/")) {
      ++same;
      row("same", "answered by the door: edge_test.cc");
      continue;
    }
    const bool is_route_there = exchange["response_body"] != "404 page not found";
    if (const auto match = api_.Match(method, path); match.ok() && match->route == nullptr && is_route_there) {
      const std::string prefix = WhyUnserved(unserved, path);
      EXPECT_NE(prefix, "") << note << ": " << method << " " << path << " is not served";
      excused.insert(prefix);
      ++absent;
      row("not served", unserved.value(prefix, ""));
      continue;
    }
    const std::string found = Replay(exchange);
    if (!differs.contains(note)) {
      EXPECT_EQ(found, "") << note << " " << method << " " << path;
      ++same;
      row("same", "");
      continue;
    }
    EXPECT_EQ(found, differs[note]["ours"]) << note;
    EXPECT_FALSE(differs[note]["why"].get<std::string>().empty());
    explained.insert(note);
    ++different;
    row(found.substr(0, found.size() - 2), differs[note]["why"]);
    // What was made here and not there is not in the way of what follows.
    if (path == "/api/connections") {
      (void)store_->connections().Delete(store_.org_id(), exchange["request"]["body"].value("name", ""));
    }
  }
  EXPECT_EQ(explained.size(), differs.size());
  EXPECT_EQ(excused.size(), unserved.size());
  ComparePage(fmt::format(
      "# Recorded exchanges of REST\n\nWritten by `tests/rest/recorded_test.cc`, which asks what a gateway of 2026 was "
      "asked (`tests/vectors/rest`) and compares status, keys and\ntypes of values. {} same, {} different on purpose, "
      "{} "
      "not served.\n\n| exchange | request | recorded | ours | why |\n|---|---|---|---|---|\n{}",
      same, different, absent, rows));
}

}  // namespace
}  // namespace hoop::rest
