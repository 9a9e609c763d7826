// What administrators changed: a list with filters and pages.
#include "base/limits/http.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "rest/json.h"
#include "rest/query.h"
#include "rest/routes.h"

namespace hoop::rest {
namespace {

Json ActionJson(const AdminActionRow& action) {
  const absl::StatusOr<Json> payload = ParseObject(action.payload);
  return {{"id", action.id},
          {"org_id", action.org_id},
          {"actor_subject", action.actor_subject},
          {"actor_email", action.actor_email},
          {"actor_name", action.actor_name},
          {"created_at", TimeText(action.created_at)},
          {"resource_type", action.resource_type},
          {"action", action.action},
          {"http_method", action.http_method},
          {"http_status", action.http_status},
          {"http_path", action.http_path},
          {"client_ip", action.client_ip},
          {"request_payload_redacted", payload.ok() ? *payload : Json::object()},
          {"outcome", action.outcome},
          {"error_message", action.error_message}};
}

absl::StatusOr<AdminActionFilter> ReadFilter(const Request& request) {
  AdminActionFilter filter;
  filter.actor_subject = request.Query("actor_subject");
  filter.actor_email = request.Query("actor_email");
  filter.resource_type = request.Query("resource_type");
  filter.action = request.Query("action");
  filter.http_method = request.Query("http_method");
  filter.http_path = request.Query("http_path");
  filter.client_ip = request.Query("client_ip");
  if (!request.Query("http_status").empty()) {
    const absl::StatusOr<int> status = QueryInt(request, "http_status", 0, {0, 999});
    if (!status.ok()) return HttpError(400, StatusText(status.status()));
    filter.http_status = *status;
  }
  const std::string outcome = request.Query("outcome");
  if (!outcome.empty() && outcome != "true" && outcome != "false") return HttpError(400, "outcome: true or false");
  if (!outcome.empty()) filter.outcome = outcome == "true";
  HOOP_ASSIGN_OR_RETURN(filter.created_after, QueryTime(request, "created_after"));
  HOOP_ASSIGN_OR_RETURN(filter.created_before, QueryTime(request, "created_before"));
  return filter;
}

absl::StatusOr<Response> ListActions(const ApiParts& parts, const Request& request) {
  HOOP_ASSIGN_OR_RETURN(AdminActionFilter filter, ReadFilter(request));
  HOOP_ASSIGN_OR_RETURN(const int page, QueryInt(request, "page", 1, {1, 1'000'000}));
  HOOP_ASSIGN_OR_RETURN(filter.limit, QueryInt(request, "page_size", 50, {1, limits::kRestPageRowsMax}));
  filter.offset = (page - 1) * filter.limit;
  AdminActionTable& actions = parts.store.admin_actions();
  HOOP_ASSIGN_OR_RETURN(const std::vector<AdminActionRow> rows, actions.List(request.identity->org_id, filter));
  HOOP_ASSIGN_OR_RETURN(const int64_t total, actions.Count(request.identity->org_id, filter));
  Json list = Json::array();
  for (const AdminActionRow& row : rows) list.push_back(ActionJson(row));
  return JsonAnswer(200,
                    {{"pages", {{"total", total}, {"page", page}, {"size", filter.limit}}}, {"data", std::move(list)}});
}

}  // namespace

void AddAdminActionRoutes(RouteTable& routes, const ApiParts& parts) {
  routes.Add({"GET", "/audit/logs", Rule::kAuditor, 0, Lane::kShort,
              [&parts](const Request& request) { return ListActions(parts, request); }});
}

}  // namespace hoop::rest
