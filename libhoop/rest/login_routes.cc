// Sign-in with e-mail and password.
#include "base/limits/http.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "rest/json.h"
#include "rest/routes.h"

namespace hoop::rest {
namespace {

absl::StatusOr<Response> Login(const ApiParts& parts, const Request& request) {
  HOOP_ASSIGN_OR_RETURN(ObjectReader body, ObjectReader::Parse(request.body));
  const std::string email = body.RequiredText("email"), password = body.RequiredText("password");
  HOOP_RETURN_IF_ERROR(body.status());
  HOOP_ASSIGN_OR_RETURN(const SignedIn signed_in, parts.accounts.Login(email, password));
  Response response = JsonAnswer(200, {{"status", "ok"}});
  response.headers = {{"Token", signed_in.token}, {kExposeHeaders, "Token"}};
  return response;
}

// The first account, an administrator: for who can read the set-up token where the gateway runs.
absl::StatusOr<Response> Register(const ApiParts& parts, const Request& request) {
  HOOP_ASSIGN_OR_RETURN(ObjectReader body, ObjectReader::Parse(request.body));
  const std::string email = body.RequiredText("email"), password = body.RequiredText("password");
  const std::string name = body.Text("name"), setup_token = body.Text("setup_token");
  HOOP_RETURN_IF_ERROR(body.status());
  if (parts.setup == nullptr || !parts.setup->Matches(setup_token)) {
    return HttpError(403, "unable to register new users, please contact your administrator");
  }
  const auto signed_in = parts.accounts.Register(email, password, name);
  if (absl::IsFailedPrecondition(signed_in.status())) {
    return HttpError(403, "unable to register new users, please contact your administrator");
  }
  HOOP_RETURN_IF_ERROR(signed_in.status());
  if (const absl::Status retired = parts.setup->Retire(); !retired.ok()) {
    parts.log.Warning("set-up token is still there", "reason", StatusText(retired));
  }
  Response response = JsonAnswer(201, {{"message", "user registered"}});
  response.headers = {{"Token", signed_in->token}, {kExposeHeaders, "Token"}};
  return response;
}

}  // namespace

void AddLoginRoutes(RouteTable& routes, const ApiParts& parts) {
  routes.Add({"POST", "/localauth/login", Rule::kAnonymous, limits::kRestLoginBytesMax, Lane::kHash,
              [&parts](const Request& request) { return Login(parts, request); }});
  routes.Add({"POST", "/localauth/register", Rule::kAnonymous, limits::kRestLoginBytesMax, Lane::kHash,
              [&parts](const Request& request) { return Register(parts, request); }});
}

}  // namespace hoop::rest
