// What the gateway's REST API speaks of, as the command line uses it: sessions, connections, agents, people. Values;
// hoop/api_client.h reads and writes them. Shapes on the wire: docs/rest.md. Not part of the ABI's promise yet.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace hoop {

struct SessionInfo {
  std::string id;
  std::string user;  // e-mail
  std::string user_name;
  std::string connection;
  std::string type;
  std::string subtype;
  std::string verb;
  std::string status;  // open, ready, done
  std::optional<absl::Time> started_at;
  std::optional<absl::Time> ended_at;
  std::optional<int> exit_code;
  uint64_t event_bytes = 0;
  std::string end_reason;
  std::string record;          // durable, buffered; empty from other gateways
  std::optional<bool> sealed;  // nullopt from other gateways
  std::string approvals;       // "1/2" of the groups that have to; empty: nobody has to
  std::string review_status;   // empty: no review
  uint64_t redacted = 0;       // what was masked in it
  // What it was given; Session() only.
  std::vector<std::string> client_args;
  std::map<std::string, std::string> client_env;  // "envvar:NAME" -> base64
  std::string script;                             // of an exec: its standard input
  std::string json;                               // as the gateway said it; Session() only
};

// An empty text does not narrow.
struct SessionQuery {
  int limit = 20;
  int offset = 0;
  // By the gateway's names: user, connection, type (patterns with %), review.status, review.approver, start_date ...
  std::map<std::string, std::string> filters;
};

struct SessionList {
  std::vector<SessionInfo> sessions;  // newest first
  std::optional<int64_t> total;
  bool total_is_capped = false;
  bool has_next_page = false;
  std::string next_cursor;  // the filter "cursor" of the next page; empty from other gateways
  std::string json;
};

// What came of a command that the gateway ran by itself.
struct ExecAnswer {
  std::string session_id;
  std::string output;
  std::string status;            // success, failed, running
  std::optional<int> exit_code;  // nullopt: it did not come to that
  bool has_review = false;       // it waits for one; `output` says where
  bool truncated = false;
};

struct StatementInfo {
  uint64_t number = 0;
  std::string connection_id;
  std::string outcome;  // done, failed, suspended, unfinished
  std::string sql;
  bool sql_truncated = false;
  std::string parameter_types;  // "int4, text"
  std::optional<absl::Time> started_at;
  absl::Duration duration;
  std::string command_tag;
  std::optional<uint64_t> rows;
  uint64_t copy_bytes = 0;
  std::string error;  // "42P01 relation ..."
};

struct StatementPage {
  std::vector<StatementInfo> statements;
  std::vector<std::string> problems;
  std::string next_cursor;  // empty: the last page
  std::string json;
};

struct ConnectionInfo {
  std::string id;
  std::string name;
  std::string type;
  std::string subtype;
  std::string protocol;  // what sessions speak, by type and subtype: postgres, tcp, command-line ...
  std::string resource;
  std::string agent_id;
  std::string status;  // online, offline
  std::string record;  // durable, buffered; empty from other gateways
  std::vector<std::string> command;
  std::vector<std::string> secret_keys;    // "envvar:HOST"
  std::vector<std::string> access_groups;  // whose members may use it; none: everybody
  std::vector<std::string> reviewers;
  std::vector<std::string> redact_types;
  std::map<std::string, std::string> tags;
  bool exec_enabled = true;
  bool connect_enabled = true;
  bool runbooks_enabled = true;
};

struct AgentInfo {
  std::string id;
  std::string name;
  std::string mode;
  std::string version;
  std::string hostname;
  std::string platform;
  std::string status;  // CONNECTED, DISCONNECTED
};

// What a connection is made of; what is not given is not sent: defaults on creation, kept on an update.
struct ConnectionSpec {
  std::optional<std::string> type;
  std::optional<std::string> subtype;
  std::optional<std::string> agent_id;
  std::optional<std::string> record;         // durable, buffered
  std::optional<std::string> access_schema;  // enabled, disabled
  std::optional<std::string> jira_issue_template_id;
  std::optional<bool> exec_enabled;
  std::optional<bool> connect_enabled;
  std::optional<bool> runbooks_enabled;
  std::optional<std::vector<std::string>> command;
  std::optional<std::vector<std::string>> access_groups;  // whose members may use it; none: everybody
  std::optional<std::vector<std::string>> reviewers;
  std::optional<std::vector<std::string>> redact_types;
  std::optional<std::vector<std::string>> guardrail_rules;
  std::optional<std::string> resource;  // what it leads to
  std::optional<std::map<std::string, std::string>> tags;
  // "envvar:HOST" -> the plain value; no value: as it is stored. Keys that are not here go.
  std::optional<std::map<std::string, std::optional<std::string>>> secrets;
};

// The value that is meant by what stands behind NAME=: "base64://...", "file://<path>", or the text itself.
// Of a file's text the line ends at its end do not count (ReadTextFile of value_file.h).
// InvalidArgument: not base64, or no such file; the text begins with `variable`.
absl::StatusOr<std::string> SecretValue(std::string_view variable, std::string_view text);
// The same for what becomes a file at the agent ("filesystem:NAME"): of a file, all of it.
absl::StatusOr<std::string> SecretContent(std::string_view variable, std::string_view text);

struct UserInfo {
  std::string id;  // as the gateway knows it: the subject
  std::string email;
  std::string name;
  std::string slack_id;
  std::string picture;
  std::string status;  // active, inactive, invited
  std::string role;    // admin, standard, auditor
  bool verified = false;
  std::vector<std::string> groups;
};

struct ServiceAccountInfo {
  std::string subject;
  std::string name;
  std::string status;  // active, inactive
  std::vector<std::string> groups;
};

struct PluginInfo {
  std::string name;
  std::string source;
  int priority = 0;
  std::string config_id;                                        // empty: it has no configuration
  std::map<std::string, std::vector<std::string>> connections;  // by their names
};

// A plugin as it is to be. Connections by their ids, each with its words.
struct PluginSpec {
  std::string name;
  std::optional<std::string> source;
  int priority = 0;
  std::map<std::string, std::vector<std::string>> connections;
};

struct ResourceSpec {
  std::string name;
  std::string type;
  std::string subtype;
  std::string agent_id;
  std::map<std::string, std::string> env;
};

// How the gateway is.
struct HealthInfo {
  std::string server;  // as it calls itself: "hoop/0.1.0"
  bool ready = false;  // sessions can be begun
  std::string parts;   // "journal: ok, store: ok"; empty from gateways that do not say
};

}  // namespace hoop
