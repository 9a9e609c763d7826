#include "rest/api.h"

#include <utility>

#include "base/status.h"
#include "base/status_macros.h"
#include "identity/bearer.h"
#include "rest/openapi.h"
#include "rest/routes.h"

namespace hoop::rest {
namespace {

// The path of a URL without a slash at its end; empty when it has none.
std::string PathOf(std::string_view url) {
  const size_t scheme = url.find("://");
  if (scheme != std::string_view::npos) url.remove_prefix(scheme + 3);
  const size_t slash = url.find('/');
  std::string_view path = slash == std::string_view::npos ? std::string_view() : url.substr(slash);
  path = path.substr(0, path.find_first_of("?#"));
  while (!path.empty() && path.back() == '/') path.remove_suffix(1);
  return std::string(path);
}

}  // namespace

Api::Api(ApiParts parts)
    : parts_(std::move(parts)),
      prefix_(PathOf(parts_.info.api_url) + "/api"),
      admin_actions_(parts_.store.admin_actions(), parts_.clock, parts_.log) {
  AddServerRoutes(routes_, parts_);
  AddLoginRoutes(routes_, parts_);
  AddUserRoutes(routes_, parts_);
  AddServiceAccountRoutes(routes_, parts_);
  AddApiKeyRoutes(routes_, parts_);
  AddAgentRoutes(routes_, parts_);
  AddOrganizationRoutes(routes_, parts_);
  AddConnectionRoutes(routes_, parts_);
  AddResourceRoutes(routes_, parts_);
  AddSessionRoutes(routes_, parts_);
  AddExecRoutes(routes_, parts_);
  AddProxyManagerRoutes(routes_, parts_);
  AddRecordRoutes(routes_, parts_);
  AddAdminActionRoutes(routes_, parts_);
  AddPluginRoutes(routes_, parts_);
  AddMetricsRoutes(routes_, parts_, counts_);
  routes_.Add({"GET", "/openapiv3.json", Rule::kAnonymous, 0, Lane::kShort,
               [this](const Request&) { return Response{.content_type = kJsonType, .body = openapi_}; }});
  openapi_ = JsonText(OpenApi(routes_, parts_.info.version, parts_.info.api_url));
}

absl::StatusOr<RouteMatch> Api::Match(std::string_view method, std::string_view path) const {
  if (path.substr(0, prefix_.size()) != prefix_) return RouteMatch();
  return routes_.Match(method, path.substr(prefix_.size()));
}

absl::StatusOr<std::optional<Identity>> Api::Authorize(const Route& route,
                                                       const std::optional<std::string>& authorization) const {
  if (route.rule == Rule::kAnonymous) return std::optional<Identity>();
  const std::optional<std::string_view> token =
      authorization.has_value() ? BearerToken(*authorization) : std::optional<std::string_view>();
  if (!token.has_value()) return HttpError(401, "access denied");
  const bool is_for_agents = route.rule == Rule::kAgent;
  absl::StatusOr<Identity> identity =
      is_for_agents ? IdentifyAgent(*token) : parts_.verifier.Verify(*token, parts_.clock.Now());
  if (!identity.ok()) {
    // A stranger learns nothing about why; an operator does.
    parts_.log.Debug("http request refused", "reason", StatusText(identity.status()));
    if (absl::IsUnauthenticated(identity.status())) return HttpError(401, "access denied");
    return HttpError(503, "the identity cannot be checked now, try again");
  }
  if (!is_for_agents) HOOP_RETURN_IF_ERROR(Allow(route.rule, &*identity));
  return std::optional<Identity>(*std::move(identity));
}

bool Api::MayWait(const Route& route, const std::optional<std::string>& authorization) const {
  if (route.rule == Rule::kAnonymous || route.rule == Rule::kAgent) return false;
  if (!authorization.has_value()) return false;
  const std::optional<std::string_view> token = BearerToken(*authorization);
  return token.has_value() && parts_.verifier.MayWait(*token);
}

absl::StatusOr<Identity> Api::IdentifyAgent(std::string_view token) const {
  HOOP_ASSIGN_OR_RETURN(const AgentRow agent, parts_.agent_verifier.Verify(token));
  Identity identity;
  identity.org_id = agent.org_id;
  identity.subject = agent.id;
  identity.name = agent.name;
  return identity;
}

Outcome Api::Run(const Route& route, std::string_view query, std::string body, Request request) const {
  absl::StatusOr<Content> content = parser_.Parse(query, body);
  if (!content.ok()) return RefusalOf(content.status());
  request.query = std::move(content->query);
  request.body = std::move(content->body);
  absl::StatusOr<Outcome> result = route.function(request);
  Outcome outcome = result.ok() ? *std::move(result) : Outcome(Settle(route, result.status()));
  if (const Response* response = std::get_if<Response>(&outcome)) admin_actions_.Note(route, request, *response);
  return outcome;
}

Response Api::Settle(const Route& route, absl::StatusOr<Response> answer) const {
  if (answer.ok()) return *std::move(answer);
  if (HttpStatus(answer.status()) >= 500) {
    parts_.log.Error("http request failed", "route", route.pattern, "reason", StatusText(answer.status()));
  }
  return RefusalOf(answer.status());
}

}  // namespace hoop::rest
