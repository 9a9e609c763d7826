// Service accounts: list, create, change, and the tokens with which programs call.
#include "base/limits/http.h"
#include "base/limits/identity.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "rest/json.h"
#include "rest/names.h"
#include "rest/routes.h"

namespace hoop::rest {
namespace {

Json AccountJson(const ServiceAccountRow& account) {
  return {{"id", account.id},
          {"org_id", account.org_id},
          {"subject", account.subject},
          {"name", account.name},
          {"status", account.active ? "active" : "inactive"},
          {"groups", account.groups}};
}

// Everything that a body says; the subject as it stands there.
absl::StatusOr<ServiceAccountRow> ReadAccount(const std::string& text) {
  HOOP_ASSIGN_OR_RETURN(ObjectReader body, ObjectReader::Parse(text));
  ServiceAccountRow account;
  if (!body.Mentions("subject")) return HttpError(400, "subject: required");
  account.subject = body.Text("subject");
  account.name = body.Text("name");
  account.groups = body.Texts("groups");
  const std::string status = body.Text("status");
  HOOP_RETURN_IF_ERROR(body.status());
  if (status != "active" && status != "inactive") return InvalidArgument("wrong status value \"{}\"", status);
  account.active = status == "active";
  if (account.name.size() > limits::kProfileTextBytesMax) {
    return InvalidArgument("name: longer than {} bytes", limits::kProfileTextBytesMax);
  }
  HOOP_RETURN_IF_ERROR(CheckLine("subject", account.subject));
  HOOP_RETURN_IF_ERROR(CheckGroups(account.groups));
  return account;
}

absl::StatusOr<ServiceAccountRow> FindAccount(const ApiParts& parts, const Request& request) {
  auto account = parts.store.service_accounts().FindBySubject(request.identity->org_id, request.Parameter("subject"));
  if (absl::IsNotFound(account.status())) return NotFound("resource not found");
  return account;
}

absl::StatusOr<Response> ListAccounts(const ApiParts& parts, const Request& request) {
  HOOP_ASSIGN_OR_RETURN(const std::vector<ServiceAccountRow> accounts,
                        parts.store.service_accounts().List(request.identity->org_id));
  Json list = Json::array();
  for (const ServiceAccountRow& account : accounts) list.push_back(AccountJson(account));
  return JsonAnswer(200, list);
}

absl::StatusOr<Response> CreateAccount(const ApiParts& parts, const Request& request) {
  HOOP_ASSIGN_OR_RETURN(ServiceAccountRow account, ReadAccount(request.body));
  account.id = ServiceAccountId(account.subject);
  account.org_id = request.identity->org_id;
  account.created_at = account.updated_at = parts.clock.Now();
  const absl::Status inserted = parts.store.service_accounts().Insert(account);
  if (absl::IsAlreadyExists(inserted)) return AlreadyExists("resource already exists");
  HOOP_RETURN_IF_ERROR(inserted);
  parts.log.Info("service account created", "subject", account.subject, "by", request.identity->email);
  HOOP_ASSIGN_OR_RETURN(const ServiceAccountRow now, parts.store.service_accounts().FindById(account.id));
  return JsonAnswer(201, AccountJson(now));
}

absl::StatusOr<Response> UpdateAccount(const ApiParts& parts, const Request& request) {
  HOOP_ASSIGN_OR_RETURN(const ServiceAccountRow wanted, ReadAccount(request.body));
  HOOP_ASSIGN_OR_RETURN(ServiceAccountRow account, FindAccount(parts, request));
  if (!wanted.active && account.id == request.identity->user_id) return InvalidArgument("cannot deactivate yourself");
  account.name = wanted.name;
  account.active = wanted.active;
  account.groups = wanted.groups;
  account.updated_at = parts.clock.Now();
  HOOP_RETURN_IF_ERROR(parts.store.service_accounts().Update(account));
  if (!account.active) parts.sessions.EndOfUser(account.id, "user is not active");
  parts.log.Info("service account changed", "subject", account.subject, "active", account.active, "by",
                 request.identity->email);
  HOOP_ASSIGN_OR_RETURN(const ServiceAccountRow now, parts.store.service_accounts().FindById(account.id));
  return JsonAnswer(200, AccountJson(now));
}

absl::StatusOr<Response> MakeToken(const ApiParts& parts, const Request& request) {
  HOOP_ASSIGN_OR_RETURN(ObjectReader body, ObjectReader::Parse(request.body.empty() ? "{}" : request.body));
  const std::optional<int> seconds = body.Int("lifetime_sec");
  HOOP_RETURN_IF_ERROR(body.status());
  const absl::Duration lifetime = seconds.has_value() ? absl::Seconds(*seconds) : limits::kServiceTokenLifetime;
  if (lifetime < absl::Seconds(1) || lifetime > limits::kServiceTokenLifetimeMax) {
    return InvalidArgument("lifetime_sec: it is 1 to {}", absl::ToInt64Seconds(limits::kServiceTokenLifetimeMax));
  }
  HOOP_ASSIGN_OR_RETURN(const ServiceAccountRow account, FindAccount(parts, request));
  if (!account.active) return InvalidArgument("the service account is not active");
  parts.log.Info("service account token made", "subject", account.subject, "by", request.identity->email);
  return JsonAnswer(201, {{"token", parts.accounts.TokenFor(account, lifetime)},
                          {"expires_at", TimeText(parts.clock.Now() + lifetime)}});
}

}  // namespace

void AddServiceAccountRoutes(RouteTable& routes, const ApiParts& parts) {
  routes.Add({"GET", "/serviceaccounts", Rule::kReader, 0, Lane::kShort,
              [&parts](const Request& request) { return ListAccounts(parts, request); }});
  routes.Add({"POST", "/serviceaccounts", Rule::kAdmin, limits::kRestBodyBytesMax, Lane::kShort,
              [&parts](const Request& request) { return CreateAccount(parts, request); }});
  routes.Add({"PUT", "/serviceaccounts/:subject", Rule::kAdmin, limits::kRestBodyBytesMax, Lane::kShort,
              [&parts](const Request& request) { return UpdateAccount(parts, request); }});
  routes.Add({"POST", "/serviceaccounts/:subject/token", Rule::kAdmin, limits::kRestBodyBytesMax, Lane::kShort,
              [&parts](const Request& request) { return MakeToken(parts, request); }});
}

}  // namespace hoop::rest
