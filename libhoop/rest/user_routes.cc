// People: list, get, invite or create, change, delete; and the groups that they are in.
#include <algorithm>
#include <utility>

#include "base/limits/http.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "rest/json.h"
#include "rest/names.h"
#include "rest/routes.h"
#include "rest/user_access.h"

namespace hoop::rest {
namespace {

constexpr char kLastAdmin[] = "it is the last active administrator";

// As the store compares them.
bool SameEmail(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(x) == lower(y); });
}

Json UserJson(const UserRow& user, const RoleGroups& roles) {
  const bool is_admin = std::find(user.groups.begin(), user.groups.end(), roles.admin) != user.groups.end();
  return {{"id", user.subject},
          {"name", user.name},
          {"email", user.email},
          {"status", UserStatusText(user.status)},
          {"verified", user.status != UserStatus::kInvited},
          {"role", is_admin ? "admin" : "standard"},
          {"slack_id", user.slack_id},
          {"picture", user.picture},
          {"groups", user.groups}};
}

absl::StatusOr<UserStatus> ReadStatus(const std::string& text, UserStatus otherwise) {
  if (text.empty()) return otherwise;
  for (const UserStatus status : {UserStatus::kActive, UserStatus::kInactive, UserStatus::kInvited}) {
    if (text == UserStatusText(status)) return status;
  }
  return InvalidArgument("wrong status value \"{}\"", text);
}

absl::Status CheckProfile(const UserRow& user) {
  for (const std::string* text : {&user.name, &user.slack_id, &user.picture}) {
    if (text->size() > limits::kProfileTextBytesMax) {
      return InvalidArgument("user: a text is longer than {} bytes", limits::kProfileTextBytesMax);
    }
  }
  return CheckGroups(user.groups);
}

absl::StatusOr<Response> ListUsers(const ApiParts& parts, const Request& request) {
  HOOP_ASSIGN_OR_RETURN(const std::vector<UserRow> users, parts.store.users().List(request.identity->org_id));
  Json list = Json::array();
  for (const UserRow& user : users) list.push_back(UserJson(user, parts.roles));
  return JsonAnswer(200, list);
}

absl::StatusOr<Response> CreateUser(const ApiParts& parts, const Request& request) {
  HOOP_ASSIGN_OR_RETURN(ObjectReader body, ObjectReader::Parse(request.body));
  UserRow user;
  user.org_id = request.identity->org_id;
  user.email = body.RequiredText("email");
  user.name = body.Text("name");
  user.slack_id = body.Text("slack_id");
  user.picture = body.Text("picture");
  user.groups = body.Texts("groups");
  const std::string password = body.Text("password"), status = body.Text("status");
  HOOP_RETURN_IF_ERROR(body.status());
  HOOP_RETURN_IF_ERROR(CheckProfile(user));
  HOOP_ASSIGN_OR_RETURN(user.status, ReadStatus(status, UserStatus::kInvited));
  // Nobody verifies a local account later: it is there at once.
  if (parts.info.auth_method == "local") user.status = UserStatus::kActive;
  const absl::StatusOr<UserRow> added = parts.accounts.Add(user, password);
  if (absl::IsAlreadyExists(added.status())) return AlreadyExists("user already exists with email {}", user.email);
  HOOP_RETURN_IF_ERROR(added.status());
  parts.log.Info("user created", "user", added->email, "by", request.identity->email);
  HOOP_ASSIGN_OR_RETURN(const UserRow now, parts.store.users().FindById(added->id));
  return JsonAnswer(201, UserJson(now, parts.roles));
}

// Takes over what the body mentions. Who changes himself stays active and an administrator.
absl::Status ReadChanges(const ApiParts& parts, const Identity& by, ObjectReader& body, UserRow& user) {
  if (body.Mentions("name")) user.name = body.Text("name");
  if (body.Mentions("slack_id")) user.slack_id = body.Text("slack_id");
  if (body.Mentions("picture")) user.picture = body.Text("picture");
  const bool was_admin = std::find(user.groups.begin(), user.groups.end(), parts.roles.admin) != user.groups.end();
  if (body.Mentions("groups")) user.groups = body.Texts("groups");
  const std::string status = body.Text("status"), email = body.Text("email");
  HOOP_RETURN_IF_ERROR(body.status());
  HOOP_RETURN_IF_ERROR(CheckProfile(user));
  HOOP_ASSIGN_OR_RETURN(user.status, ReadStatus(status, user.status));
  if (!email.empty() && !SameEmail(email, user.email)) return InvalidArgument("email: it cannot be changed");
  if (user.id == by.user_id) {
    if (user.status != UserStatus::kActive) return InvalidArgument("cannot deactivate yourself");
    if (was_admin) user.groups.push_back(parts.roles.admin);
  }
  return absl::OkStatus();
}

absl::StatusOr<Response> UpdateUser(const ApiParts& parts, const Request& request) {
  HOOP_ASSIGN_OR_RETURN(ObjectReader body, ObjectReader::Parse(request.body));
  HOOP_ASSIGN_OR_RETURN(UserRow user, FindUser(parts, request));
  HOOP_RETURN_IF_ERROR(ReadChanges(parts, *request.identity, body, user));
  user.updated_at = parts.clock.Now();
  const absl::Status updated = parts.store.users().Update(user, parts.roles.admin);
  if (absl::IsFailedPrecondition(updated)) return InvalidArgument("{}", kLastAdmin);
  HOOP_RETURN_IF_ERROR(updated);
  if (user.status != UserStatus::kActive) parts.sessions.EndOfUser(user.id, "user is not active");
  parts.log.Info("user changed", "user", user.email, "status", UserStatusText(user.status), "by",
                 request.identity->email);
  HOOP_ASSIGN_OR_RETURN(const UserRow now, parts.store.users().FindById(user.id));
  return JsonAnswer(200, UserJson(now, parts.roles));
}

absl::StatusOr<Response> DeleteUser(const ApiParts& parts, const Request& request) {
  HOOP_ASSIGN_OR_RETURN(const UserRow user, FindUser(parts, request));
  if (user.id == request.identity->user_id) return InvalidArgument("cannot delete yourself");
  const absl::Status deleted = parts.store.users().Delete(user.org_id, user.id, parts.roles.admin);
  if (absl::IsFailedPrecondition(deleted)) return InvalidArgument("{}", kLastAdmin);
  HOOP_RETURN_IF_ERROR(deleted);
  parts.sessions.EndOfUser(user.id, "user was deleted");
  parts.log.Info("user deleted", "user", user.email, "by", request.identity->email);
  return NoContent();
}

absl::StatusOr<Response> SetOwnSlackId(const ApiParts& parts, const Request& request) {
  HOOP_ASSIGN_OR_RETURN(ObjectReader body, ObjectReader::Parse(request.body));
  const std::string slack_id = body.Text("slack_id");
  HOOP_RETURN_IF_ERROR(body.status());
  if (slack_id.empty()) return InvalidArgument("slack_id: required");
  HOOP_ASSIGN_OR_RETURN(UserRow user, parts.store.users().FindById(request.identity->user_id));
  user.slack_id = slack_id;
  HOOP_RETURN_IF_ERROR(CheckProfile(user));
  user.updated_at = parts.clock.Now();
  HOOP_RETURN_IF_ERROR(parts.store.users().Update(user));
  return JsonAnswer(200, UserJson(user, parts.roles));
}

absl::StatusOr<Response> ListGroups(const ApiParts& parts, const Request& request) {
  HOOP_ASSIGN_OR_RETURN(const std::vector<std::string> names, parts.store.groups().List(request.identity->org_id));
  return JsonAnswer(200, names);
}

absl::StatusOr<Response> CreateGroup(const ApiParts& parts, const Request& request) {
  HOOP_ASSIGN_OR_RETURN(ObjectReader body, ObjectReader::Parse(request.body));
  const std::string name = body.RequiredText("name");
  HOOP_RETURN_IF_ERROR(body.status());
  HOOP_RETURN_IF_ERROR(CheckGroups({name}));
  const absl::Status inserted = parts.store.groups().Insert(request.identity->org_id, name, parts.clock.Now());
  if (absl::IsAlreadyExists(inserted)) return AlreadyExists("group {} already exists", name);
  HOOP_RETURN_IF_ERROR(inserted);
  parts.log.Info("group created", "group", name, "by", request.identity->email);
  return JsonAnswer(201, {{"name", name}});
}

absl::StatusOr<Response> DeleteGroup(const ApiParts& parts, const Request& request) {
  const std::string& name = request.Parameter("name");
  if (name == parts.roles.admin) return InvalidArgument("the group of the administrators cannot be deleted");
  const absl::Status deleted = parts.store.groups().Delete(request.identity->org_id, name);
  if (absl::IsNotFound(deleted)) return NotFound("group {} not found", name);
  HOOP_RETURN_IF_ERROR(deleted);
  parts.log.Info("group deleted", "group", name, "by", request.identity->email);
  return NoContent();
}

}  // namespace

void AddUserRoutes(RouteTable& routes, const ApiParts& parts) {
  constexpr size_t kBody = limits::kRestBodyBytesMax;
  // Before "/users/:id": the first row that fits counts.
  routes.Add({"GET", "/users/groups", Rule::kReader, 0, Lane::kShort,
              [&parts](const Request& request) { return ListGroups(parts, request); }});
  routes.Add({"POST", "/users/groups", Rule::kAdmin, kBody, Lane::kShort,
              [&parts](const Request& request) { return CreateGroup(parts, request); }});
  routes.Add({"DELETE", "/users/groups/:name", Rule::kAdmin, 0, Lane::kShort,
              [&parts](const Request& request) { return DeleteGroup(parts, request); }});
  routes.Add({"PATCH", "/users/self/slack", Rule::kMember, kBody, Lane::kShort,
              [&parts](const Request& request) { return SetOwnSlackId(parts, request); }});
  routes.Add({"GET", "/users", Rule::kReader, 0, Lane::kShort,
              [&parts](const Request& request) { return ListUsers(parts, request); }});
  routes.Add({"POST", "/users", Rule::kAdmin, kBody, Lane::kHash,
              [&parts](const Request& request) { return CreateUser(parts, request); }});
  routes.Add({"GET", "/users/:id", Rule::kReader, 0, Lane::kShort,
              [&parts](const Request& request) -> absl::StatusOr<Response> {
                HOOP_ASSIGN_OR_RETURN(const UserRow user, FindUser(parts, request));
                return JsonAnswer(200, UserJson(user, parts.roles));
              }});
  routes.Add({"PUT", "/users/:id", Rule::kAdmin, kBody, Lane::kShort,
              [&parts](const Request& request) { return UpdateUser(parts, request); }});
  routes.Add({"DELETE", "/users/:id", Rule::kAdmin, 0, Lane::kShort,
              [&parts](const Request& request) { return DeleteUser(parts, request); }});
}

}  // namespace hoop::rest
