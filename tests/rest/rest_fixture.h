// An Api on a real store with everything around it played: people by token, a record by list, sessions and agents by
// name. For the tests of rest/.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "base/encoding.h"
#include "base/status.h"
#include "identity/agent_keys.h"
#include "nlohmann/json.hpp"
#include "rest/api.h"
#include "tests/fakes/manual_clock.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_store.h"

namespace hoop::rest {

// The token is the name of the person. Any thread.
class NamedVerifier final : public IdpVerifier {
 public:
  absl::StatusOr<Identity> Verify(std::string_view token, absl::Time) override {
    if (token == "down" || is_down) return Unavailable("issuer: connection refused");
    const auto found = people.find(std::string(token));
    if (found == people.end()) return Unauthenticated("token: unknown");
    return found->second;
  }
  std::map<std::string, Identity> people;
  bool is_down = false;
};

// Records that a test wrote. A page is made of whole entries' payloads; its cursor is the number of the next one, with
// a byte that no header may hold.
class ListedAuditStore final : public AuditStore {
 public:
  absl::StatusOr<std::unique_ptr<SessionRecord>> Open(const SessionHead&, RecordObserver&) override {
    return Unimplemented("nobody writes here");
  }
  absl::StatusOr<RecordPage> ReadPage(std::string_view session_id, std::string_view cursor, size_t bytes_max) override {
    const auto found = records.find(std::string(session_id));
    if (found == records.end()) return NotFound("session {}", session_id);
    size_t next = 0;
    if (!cursor.empty()) {
      if (cursor.substr(0, 2) != "\r\n") return InvalidArgument("cursor of somebody else");
      next = std::stoul(std::string(cursor.substr(2)));
    }
    RecordPage page;
    while (next < found->second.size() && page.bytes.size() < bytes_max) page.bytes += found->second[next++].payload;
    if (next < found->second.size()) page.next_cursor = "\r\n" + std::to_string(next);
    return page;
  }
  absl::Status Read(std::string_view session_id, absl::AnyInvocable<bool(const RecordEntry&)> visit) override {
    for (const RecordEntry& entry : records[std::string(session_id)]) {
      ++entries_read;
      if (!visit(entry)) break;
    }
    return absl::OkStatus();
  }
  absl::StatusOr<VerifyReport> Verify(std::string_view) override { return Unimplemented("nothing is signed here"); }
  absl::Status Flush() override {
    if (on_flush) on_flush();
    return absl::OkStatus();
  }
  std::string public_key() const override { return Base64Encode(std::string(32, 'k')); }

  std::function<void()> on_flush;  // what the journal knew already
  std::map<std::string, std::vector<RecordEntry>> records;
  size_t entries_read = 0;
};

class NotedSessionControl final : public SessionControl {
 public:
  absl::Status Kill(std::string_view session_id, std::string_view by) override {
    killed.push_back(fmt::format("{} by {}", session_id, by));
    return answer;
  }
  absl::Status Watch(std::string_view session_id, std::weak_ptr<RecordWatcher> watcher) override {
    watchers[std::string(session_id)] = std::move(watcher);
    return watch_answer;
  }
  void EndOfUser(std::string_view user_id, std::string_view reason) override {
    ended.push_back(fmt::format("{}: {}", user_id, reason));
  }
  void EndOnConnection(std::string_view, std::string_view connection, std::string_view reason) override {
    ended.push_back(fmt::format("{}: {}", connection, reason));
  }
  std::vector<std::string> killed;
  std::vector<std::string> ended;
  absl::Status answer;
  std::map<std::string, std::weak_ptr<RecordWatcher>> watchers;  // by session
  absl::Status watch_answer;
};

// Commands end at once, as `ends` says, or when a test says so to those who wait.
class NotedExecRunner final : public ExecRunner {
 public:
  void Run(ExecOrder order, Ended ended) override {
    orders.push_back(order);
    ends ? ended(ends(order)) : waiting.push_back(std::move(ended));
  }
  std::vector<ExecOrder> orders;
  std::vector<Ended> waiting;
  std::function<absl::Status(const ExecOrder&)> ends;
};

class ListedAgentPresence final : public AgentPresence {
 public:
  bool IsOnline(std::string_view agent_id) const override { return online.contains(std::string(agent_id)); }
  absl::StatusOr<bool> IsAwaited(const AgentRow& agent, const std::vector<std::string>& items) override {
    asked = fmt::format("{} [{}]", agent.name, fmt::join(items, ","));
    return awaited;
  }
  void Disconnect(std::string_view agent_id) override { disconnected.emplace_back(agent_id); }
  void DisconnectRoute(std::string_view route) override { disconnected.emplace_back(route); }
  std::set<std::string> online;
  std::vector<std::string> disconnected;
  std::string asked;
  absl::StatusOr<bool> awaited = false;
};

class NotedProxyManager final : public ProxyManager {
 public:
  void Connect(ProxyOrder order, Done done) override {
    if (answer.ok()) state = {ProxyState::Status::kConnected, std::move(order), {{"session", "s1"}}, absl::UnixEpoch()};
    done(answer);
  }
  void Disconnect(std::string_view, Done done) override {
    if (state) state->status = ProxyState::Status::kDisconnected;
    done(state ? absl::OkStatus() : NotFound("there is no session"));
  }
  std::optional<ProxyState> State(std::string_view) const override { return state; }

  absl::Status answer;
  std::optional<ProxyState> state;
};

// What an Api stands on; nobody has an account.
class PartsTest : public ::testing::Test {
 protected:
  ApiParts Parts() { return PartsWith(audit_, verifier_); }
  ApiParts PartsWith(AuditStore& audit, IdpVerifier& verifier) {
    return {.store = *store_,
            .audit = audit,
            .verifier = verifier,
            .accounts = accounts_,
            .sessions = control_,
            .agents = presence_,
            .exec = exec_,
            .proxy_manager = proxy_manager_,
            .agent_verifier = agent_verifier_,
            .clock = clock_,
            .log = Log(),
            .info = {.api_url = "http://127.0.0.1:8009", .grpc_url = "grpc://127.0.0.1:8010"}};
  }

  // What Edge does with a request, without the sockets. `who` is the bearer token; empty: no credentials.
  static Response AskOf(const Api& api, const std::string& who, const std::string& method, const std::string& target,
                        const std::string& body = "") {
    const size_t question = target.find('?');
    const auto match = api.Match(method, target.substr(0, question));
    if (!match.ok()) return RefusalOf(match.status());
    if (match->route == nullptr || match->slash_differs) return PlainNotFound();
    std::optional<std::string> authorization;
    if (!who.empty()) authorization = "Bearer " + who;
    auto identity = api.Authorize(*match->route, authorization);
    if (!identity.ok()) return RefusalOf(identity.status());
    Request request{.path_parameters = match->path_parameters, .identity = *identity, .bearer = who, .peer = "::1"};
    return Settled(api, *match->route,
                   api.Run(*match->route, question == std::string::npos ? "" : target.substr(question + 1), body,
                           std::move(request)));
  }
  static Response Settled(const Api& api, const Route& route, Outcome outcome) {
    if (Response* response = std::get_if<Response>(&outcome)) return *response;
    Deferral deferral = std::get<Deferral>(std::move(outcome));
    std::optional<absl::Status> happened;  // nothing: the patience is over
    deferral.start([&happened](absl::Status what) { happened = std::move(what); });
    return api.Settle(route, deferral.answer(happened));
  }

  hoop::testing::TempStore store_;
  ManualClock clock_;
  NamedVerifier verifier_;
  ListedAuditStore audit_;
  NotedSessionControl control_;
  ListedAgentPresence presence_;
  NotedExecRunner exec_;
  NotedProxyManager proxy_manager_;
  AgentVerifier agent_verifier_{store_->agents()};
  TokenSigner signer_{Ed25519Key::Generate(), "us"};
  LocalAccounts accounts_{store_->users(), signer_,      clock_,
                          store_.org_id(), RoleGroups(), ScryptCost{.log_n = 4, .r = 1, .p = 1}};
};

// The same with people in the store, and an Api.
class RestTest : public PartsTest {
 protected:
  RestTest() {
    AddPerson("admin", true, false, {"admin"});
    AddPerson("auditor", false, true, {"auditor"});
    AddPerson("ann", false, false, {"dba"});
    AddPerson("ben", false, false, {});
    verifier_.people["stranger"] = verifier_.people["admin"];
    verifier_.people["stranger"].org_id = "another";
  }

  void AddPerson(const std::string& name, bool is_admin, bool is_auditor, std::vector<std::string> groups) {
    UserRow user;
    user.id = "id-" + name;
    user.org_id = store_.org_id();
    user.subject = user.email = name + "@example.test";
    user.name = name;
    user.groups = groups;
    user.created_at = user.updated_at = clock_.Now();
    EXPECT_OK(store_->users().Insert(user));
    verifier_.people[name] = {.org_id = store_.org_id(),
                              .user_id = user.id,
                              .subject = user.subject,
                              .email = user.email,
                              .name = name,
                              .groups = groups,
                              .is_admin = is_admin,
                              .is_auditor = is_auditor,
                              .expires_at = clock_.Now() + absl::Hours(1)};
  }

  Response Ask(const std::string& who, const std::string& method, const std::string& target,
               const std::string& body = "") {
    return AskOf(api_, who, method, target, body);
  }
  nlohmann::json AskJson(const std::string& who, const std::string& method, const std::string& target,
                         const std::string& body = "") {
    const Response response = Ask(who, method, target, body);
    EXPECT_LT(response.status, 300) << response.body;
    return nlohmann::json::parse(response.body);
  }

  // A session of `who`; the id ends in `number`.
  SessionHead AddSession(const std::string& who, int number, const std::string& wire_type = "command-line") {
    SessionHead head;
    head.session_id = fmt::format("00000000-0000-4000-8000-{:012}", number);
    head.org_id = store_.org_id();
    head.user_id = "id-" + who;
    head.user_email = who + "@example.test";
    head.user_name = who;
    head.connection = "bash";
    head.connection_type = "custom";
    head.wire_type = wire_type;
    head.agent_id = "a1";
    head.verb = wire_type == "command-line" ? "exec" : "connect";
    head.origin = "client";
    head.started_at = clock_.Now() + absl::Seconds(number);
    EXPECT_OK(store_->sessions().Insert(head));
    return head;
  }
  void Record(const SessionHead& head, RecordKind kind, std::string_view payload, std::string_view connection_id = "0",
              absl::Duration after = absl::ZeroDuration()) {
    const bool request = kind == RecordKind::kInput;
    auto& entries = audit_.records[head.session_id];
    entries.push_back({entries.size() + 1, head.started_at + after, request ? Direction::kRequest : Direction::kReply,
                       kind, std::string(connection_id), std::string(payload)});
  }
  void End(const SessionHead& head, std::optional<int> exit_code, const std::string& reason) {
    EXPECT_OK(store_->sessions().Finish(head.session_id, head.started_at + absl::Seconds(1),
                                        {.reason = reason, .exit_code = exit_code}, "{}"));
  }

  Api api_{Parts()};
};

}  // namespace hoop::rest
