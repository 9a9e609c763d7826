// `hoop admin get` and `hoop admin serverinfo`: a table per kind, with the columns of the real command line.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "admin_commands.h"
#include "table.h"

namespace hoop::cli {
namespace {

using Json = nlohmann::ordered_json;

std::string OrDash(const std::string& text) { return text.empty() ? "-" : text; }

std::string JoinOrDash(const std::vector<std::string>& texts) {
  return texts.empty() ? "-" : fmt::format("{}", fmt::join(texts, ", "));
}

absl::Status NoSuch(std::string_view kind, const std::string& name, std::string_view list) {
  return absl::NotFoundError(
      fmt::format("{} {} not found; `hoop admin get {}` lists them", kind, Harmless(name), list));
}

// A kind that the gateway has as a list: all of it as a table, or what `is_named` finds in it.
template <typename Value>
struct Listing {
  std::string_view kind;  // "user"
  std::string_view list;  // "users"
  std::vector<std::string> headline;
  bool (*is_named)(const Value&, const std::string& name);
};

template <typename Value, typename Row>
absl::Status ShowListing(const Listing<Value>& listing, const AdminGetOptions& options,
                         const absl::StatusOr<std::vector<Value>>& values, Row to_row) {
  if (!values.ok()) return values.status();
  Rows rows = {listing.headline};
  for (const Value& value : *values) {
    if (options.name.empty() || listing.is_named(value, options.name)) rows.push_back(to_row(value));
  }
  if (rows.size() == 1 && !options.name.empty()) return NoSuch(listing.kind, options.name, listing.list);
  PrintTable(rows, options.form == OutputForm::kWide);
  return absl::OkStatus();
}

absl::Status ShowAgents(ApiClient& api, const AdminGetOptions& options) {
  const Listing<AgentInfo> listing{
      "agent",
      "agents",
      {"UID", "NAME", "MODE", "VERSION", "HOSTNAME", "PLATFORM", "STATUS"},
      [](const AgentInfo& agent, const std::string& name) { return agent.name == name || agent.id == name; }};
  return ShowListing(listing, options, api.Agents(), [](const AgentInfo& agent) -> std::vector<std::string> {
    return {agent.id,
            agent.name,
            OrDash(agent.mode),
            OrDash(agent.version),
            OrDash(agent.hostname),
            OrDash(agent.platform),
            agent.status == "CONNECTED" ? "ONLINE" : "OFFLINE"};
  });
}

// The plugins of each connection; none where they may not be listed.
std::map<std::string, std::vector<std::string>> PluginsByConnection(ApiClient& api) {
  std::map<std::string, std::vector<std::string>> names;
  const auto plugins = api.Plugins();
  if (!plugins.ok()) return names;
  for (const PluginInfo& plugin : *plugins) {
    for (const auto& [connection, config] : plugin.connections) names[connection].push_back(plugin.name);
  }
  return names;
}

absl::Status ShowConnections(ApiClient& api, const AdminGetOptions& options) {
  const bool wide = options.form == OutputForm::kWide, one = !options.name.empty();
  auto agents = AgentNames(api);
  auto plugins = PluginsByConnection(api);
  Listing<ConnectionInfo> listing{"connection",
                                  "connections",
                                  {"NAME", "COMMAND", "TYPE", "AGENT", "STATUS", "SECRETS", "PLUGINS"},
                                  [](const ConnectionInfo& connection, const std::string& name) {
                                    return connection.name == name || connection.id == name;
                                  }};
  const bool tags = options.show_tags || wide;
  if (tags) listing.headline.emplace_back("TAGS");
  if (wide) listing.headline.emplace_back("GROUPS");
  constexpr size_t kLong = 33;  // as the real one: thirty characters and "..."
  const auto cut = [wide, one](const std::string& text) { return wide || one ? text : Shortened(text, kLong); };
  return ShowListing(listing, options, api.Connections(),
                     [&](const ConnectionInfo& connection) -> std::vector<std::string> {
                       const auto& its = plugins[connection.name];
                       std::vector<std::string> row = {
                           connection.name,
                           cut(CommandText(connection.command)),
                           TypeText(connection.type, connection.subtype),
                           OrDash(agents[connection.agent_id]),
                           OrDash(connection.status),
                           std::to_string(connection.secret_keys.size()),
                           its.empty() ? "-" : cut(fmt::format("({}) {}", its.size(), fmt::join(its, ", ")))};
                       std::vector<std::string> pairs;
                       for (const auto& [key, value] : connection.tags) pairs.push_back(key + "=" + value);
                       if (tags) row.push_back(JoinOrDash(pairs));
                       if (wide) row.push_back(JoinOrDash(connection.access_groups));
                       return row;
                     });
}

absl::Status ShowUsers(ApiClient& api, const AdminGetOptions& options) {
  const Listing<UserInfo> listing{
      "user",
      "users",
      {"ID", "EMAIL", "NAME", "SLACKID", "STATUS", "VERIFIED", "GROUPS"},
      [](const UserInfo& user, const std::string& name) { return user.email == name || user.id == name; }};
  return ShowListing(listing, options, api.Users(), [](const UserInfo& user) -> std::vector<std::string> {
    return {user.id,
            user.email,
            OrDash(user.name),
            OrDash(user.slack_id),
            OrDash(user.status),
            user.verified ? "true" : "false",
            JoinOrDash(user.groups)};
  });
}

absl::Status ShowSelf(ApiClient& api, const AdminGetOptions& options) {
  const auto user = api.Self();
  if (!user.ok()) return user.status();
  PrintTable({{"ID", "EMAIL", "NAME", "SLACKID", "STATUS", "ROLE", "GROUPS"},
              {user->id, user->email, OrDash(user->name), OrDash(user->slack_id), user->status, OrDash(user->role),
               JoinOrDash(user->groups)}},
             options.form == OutputForm::kWide);
  return absl::OkStatus();
}

absl::Status ShowServiceAccounts(ApiClient& api, const AdminGetOptions& options) {
  const Listing<ServiceAccountInfo> listing{
      "service account",
      "serviceaccounts",
      {"SUBJECT", "NAME", "STATUS", "GROUPS"},
      [](const ServiceAccountInfo& account, const std::string& name) { return account.subject == name; }};
  return ShowListing(listing, options, api.ServiceAccounts(),
                     [](const ServiceAccountInfo& account) -> std::vector<std::string> {
                       return {account.subject, OrDash(account.name), account.status, JoinOrDash(account.groups)};
                     });
}

absl::Status ShowPlugins(ApiClient& api, const AdminGetOptions& options) {
  const Listing<PluginInfo> listing{
      "plugin",
      "plugins",
      {"NAME", "SOURCE", "PRIORITY", "CONNECTIONS", "CONFIG"},
      [](const PluginInfo& plugin, const std::string& name) { return plugin.name == name; }};
  return ShowListing(listing, options, api.Plugins(), [](const PluginInfo& plugin) -> std::vector<std::string> {
    return {plugin.name, OrDash(plugin.source), std::to_string(plugin.priority),
            std::to_string(plugin.connections.size()), OrDash(plugin.config_id)};
  });
}

// A group by itself, with who is in it.
absl::Status ShowGroups(ApiClient& api, const AdminGetOptions& options) {
  const auto groups = api.Groups();
  if (!groups.ok()) return groups.status();
  const auto users = api.Users();
  if (!users.ok()) return users.status();
  Rows rows = {{"NAME", "MEMBERS"}};
  for (const std::string& group : *groups) {
    if (!options.name.empty() && group != options.name) continue;
    std::vector<std::string> members;
    for (const UserInfo& user : *users) {
      if (std::find(user.groups.begin(), user.groups.end(), group) != user.groups.end()) members.push_back(user.email);
    }
    rows.push_back({group, JoinOrDash(members)});
  }
  if (rows.size() == 1 && !options.name.empty()) return NoSuch("group", options.name, "groups");
  PrintTable(rows, options.form == OutputForm::kWide);
  return absl::OkStatus();
}

// What narrows or pages a list of sessions. The gateway takes no notice of others: a wrong name would list them all.
constexpr std::string_view kSessionFilters[] = {
    "user",  "connection", "type",   "batch_id", "correlation_id", "start_date",      "end_date",
    "limit", "offset",     "cursor", "count",    "review.status",  "review.approver", "jira_issue_key"};

absl::StatusOr<SessionQuery> ReadSessionQuery(const AdminGetOptions& options) {
  SessionQuery query;
  for (const std::string& pair : options.query) {
    const size_t equals = pair.find('=');
    if (equals == std::string::npos || equals == 0) {
      return absl::InvalidArgumentError(fmt::format("-q {}: not of the form NAME=VALUE", Harmless(pair)));
    }
    const std::string name = pair.substr(0, equals);
    if (std::find(std::begin(kSessionFilters), std::end(kSessionFilters), name) == std::end(kSessionFilters)) {
      return absl::InvalidArgumentError(
          fmt::format("-q {}: no such filter; there are {}", Harmless(name), fmt::join(kSessionFilters, ", ")));
    }
    query.filters[name] = pair.substr(equals + 1);
  }
  return query;
}

absl::Status ShowSessions(ApiClient& api, const AdminGetOptions& options) {
  if (!options.name.empty()) return absl::InvalidArgumentError("one session has no table: `hoop sessions get ID`");
  const auto query = ReadSessionQuery(options);
  if (!query.ok()) return query.status();
  const auto list = api.Sessions(*query);
  if (!list.ok()) return list.status();
  if (options.form == OutputForm::kJson) {
    Print(list->json + "\n");
    return absl::OkStatus();
  }
  Rows rows = {{"UID", "USER", "CONNECTION", "TYPE", "VERB", "SIZE", "APPROVERS", "REDACTED", "STATUS", "AGE"}};
  for (const SessionInfo& session : list->sessions) {
    std::string status = session.status;
    if (session.exit_code) status += fmt::format(" ({})", *session.exit_code);
    rows.push_back({session.id, session.user, session.connection, TypeText(session.type, session.subtype), session.verb,
                    std::to_string(session.event_bytes), OrDash(session.approvals), std::to_string(session.redacted),
                    status, session.started_at ? AgeText(absl::Now() - *session.started_at) : "-"});
  }
  PrintTable(rows, options.form == OutputForm::kWide);
  return absl::OkStatus();
}

absl::Status ShowJson(ApiClient& api, std::string_view list, std::string_view kind, const std::string& name) {
  const auto json = name.empty() ? api.GetJson(list) : api.GetJson(list, kind, name);
  if (json.ok()) Print(*json + "\n");
  if (absl::IsUnimplemented(json.status())) {  // ours has no reviews, say
    return absl::UnimplementedError(fmt::format("{} are not served by this gateway", list));
  }
  return json.status();
}

// What has no route for one: it is picked from the list.
absl::Status PickJson(ApiClient& api, std::string_view list, const char* key, const std::string& name) {
  const auto text = api.GetJson(list);
  if (!text.ok()) return text.status();
  if (name.empty()) {
    Print(*text + "\n");
    return absl::OkStatus();
  }
  for (const Json& item : Json::parse(*text, nullptr, false)) {
    const auto found = item.is_object() ? item.find(key) : item.end();
    if (!item.is_object() || found == item.end() || *found != name) continue;
    Print(item.dump() + "\n");
    return absl::OkStatus();
  }
  return NoSuch(list.substr(0, list.size() - 1), name, list);
}

absl::Status ShowServer(ApiClient& api, const AdminGetOptions& options) {
  return ShowServerInfo(api, {.json = options.form == OutputForm::kJson});
}

using Show = absl::Status (*)(ApiClient& api, const AdminGetOptions& options);

// What a kind's JSON is read from; null where the kind's table does it.
using ShowAsJson = absl::Status (*)(ApiClient& api, const std::string& name);

struct View {
  std::string_view kind;
  Show table;  // null: it has only JSON
  ShowAsJson json;
};

constexpr View kViews[] = {
    {"agents", ShowAgents,
     [](ApiClient& api, const std::string& name) { return ShowJson(api, "agents", "agent", name); }},
    {"connections", ShowConnections,
     [](ApiClient& api, const std::string& name) { return ShowJson(api, "connections", "connection", name); }},
    {"users", ShowUsers, [](ApiClient& api, const std::string& name) { return ShowJson(api, "users", "user", name); }},
    {"userinfo", ShowSelf, [](ApiClient& api, const std::string&) { return ShowJson(api, "userinfo", "", ""); }},
    {"groups", ShowGroups,
     [](ApiClient& api, const std::string&) { return ShowJson(api, "users", "list of", "groups"); }},
    {"serviceaccounts", ShowServiceAccounts,
     [](ApiClient& api, const std::string& name) { return PickJson(api, "serviceaccounts", "subject", name); }},
    {"plugins", ShowPlugins,
     [](ApiClient& api, const std::string& name) { return ShowJson(api, "plugins", "plugin", name); }},
    {"sessions", ShowSessions, nullptr},
    {"reviews", nullptr,
     [](ApiClient& api, const std::string& name) { return ShowJson(api, "reviews", "review", name); }},
    {"orgkeys", nullptr,
     [](ApiClient& api, const std::string&) { return ShowJson(api, "orgs", "organization", "keys"); }},
    {"serverinfo", ShowServer, nullptr},
};

// Nested names joined by dots, lists by commas.
void Flatten(const Json& json, const std::string& name, Rows& rows) {
  if (json.is_object() && !json.empty()) {
    for (const auto& [key, value] : json.items()) Flatten(value, name.empty() ? key : name + "." + key, rows);
    return;
  }
  std::string text;
  if (json.is_array()) {
    for (const Json& item : json) {
      text += (text.empty() ? "" : ", ") + (item.is_string() ? item.get<std::string>() : item.dump());
    }
  } else if (json.is_string()) {
    text = json.get<std::string>();
  } else if (!json.is_null() && !json.is_object()) {
    text = json.dump();
  }
  rows.push_back({name, OrDash(text)});
}

}  // namespace

absl::Status AdminGet(ApiClient& api, const AdminGetOptions& given) {
  const auto object = ReadObjectName(given.resource, given.name);
  if (!object.ok()) return object.status();
  AdminGetOptions options = given;
  options.name = object->name;
  if (!options.query.empty() && object->kind != "sessions") {
    return absl::InvalidArgumentError("-q narrows sessions, and nothing else");
  }
  for (const View& view : kViews) {
    if (view.kind != object->kind) continue;
    const bool json = options.form == OutputForm::kJson || view.table == nullptr;
    // One session as JSON is what `sessions get` shows, without its statements.
    if (json && view.kind == "sessions" && !options.name.empty()) {
      return ShowJson(api, "sessions", "session", options.name);
    }
    if (json && view.json != nullptr) return view.json(api, options.name);
    return view.table(api, options);
  }
  return absl::InvalidArgumentError(fmt::format("resource type \"{}\" is not listed", object->kind));
}

absl::Status SayMade(ApiClient& api, bool json, const std::string& line, const std::string& kind,
                     const std::string& name) {
  if (json) return AdminGet(api, {.resource = kind, .name = name, .form = OutputForm::kJson});
  Print(line + "\n");
  return absl::OkStatus();
}

absl::Status ShowServerInfo(ApiClient& api, const ServerInfoOptions& options) {
  const auto text = api.GetJson("serverinfo");
  if (!text.ok()) return text.status();
  const Json json = Json::parse(*text, nullptr, false);
  if (options.json || !json.is_object()) {
    Print(*text + "\n");
    return absl::OkStatus();
  }
  Rows rows;
  Flatten(json, "", rows);
  Print(FormatTable(rows));
  return absl::OkStatus();
}

}  // namespace hoop::cli
