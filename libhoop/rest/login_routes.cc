// Sign-in with e-mail and password; passwords set and changed.
#include "base/limits/http.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "rest/json.h"
#include "rest/refused_logins.h"
#include "rest/routes.h"
#include "rest/user_access.h"

namespace hoop::rest {
namespace {

Response WithToken(Response response, const std::string& token) {
  response.headers = {{"Token", token}, {kExposeHeaders, "Token"}};
  return response;
}

absl::StatusOr<Response> Login(const ApiParts& parts, RefusedLogins& refused, const Request& request) {
  HOOP_ASSIGN_OR_RETURN(ObjectReader body, ObjectReader::Parse(request.body));
  const std::string email = body.RequiredText("email"), password = body.RequiredText("password");
  HOOP_RETURN_IF_ERROR(body.status());
  const absl::StatusOr<SignedIn> signed_in = parts.accounts.Login(email, password);
  if (absl::IsUnauthenticated(signed_in.status())) {
    refused.Note(email, request.peer, StatusText(signed_in.status()));
  }
  HOOP_RETURN_IF_ERROR(signed_in.status());
  return WithToken(JsonAnswer(200, {{"status", "ok"}}), signed_in->token);
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
  return WithToken(JsonAnswer(201, {{"message", "user registered"}}), signed_in->token);
}

// One's own: the old one is asked for, since a token may be stolen more easily than a password.
absl::StatusOr<Response> ChangePassword(const ApiParts& parts, RefusedLogins& refused, const Request& request) {
  HOOP_ASSIGN_OR_RETURN(ObjectReader body, ObjectReader::Parse(request.body));
  const std::string old_password = body.RequiredText("old_password"), password = body.RequiredText("password");
  HOOP_RETURN_IF_ERROR(body.status());
  const Identity& identity = *request.identity;
  const auto changed = parts.accounts.ChangePassword(identity.user_id, old_password, password);
  if (absl::IsPermissionDenied(changed.status())) {
    refused.Note(identity.email, request.peer, StatusText(changed.status()));
  }
  HOOP_RETURN_IF_ERROR(changed.status());
  parts.log.Info("password changed", "user", identity.email, "by", identity.email);
  return WithToken(JsonAnswer(200, {{"status", "ok"}}), changed->token);
}

// Somebody else's, who has forgotten it.
absl::StatusOr<Response> SetPassword(const ApiParts& parts, const Request& request) {
  HOOP_ASSIGN_OR_RETURN(ObjectReader body, ObjectReader::Parse(request.body));
  const std::string password = body.RequiredText("password");
  HOOP_RETURN_IF_ERROR(body.status());
  HOOP_ASSIGN_OR_RETURN(const UserRow user, FindUser(parts, request));
  if (user.id == request.identity->user_id) return InvalidArgument("change your own password with the old one");
  HOOP_RETURN_IF_ERROR(parts.accounts.SetPassword(user.id, password));
  parts.log.Info("password changed", "user", user.email, "by", request.identity->email);
  return NoContent();
}

}  // namespace

void AddLoginRoutes(RouteTable& routes, const ApiParts& parts) {
  auto refused = std::make_shared<RefusedLogins>(parts.log, parts.clock);  // of the two that know passwords
  routes.Add({"POST", "/localauth/login", Rule::kAnonymous, limits::kRestLoginBytesMax, Lane::kHash,
              [&parts, refused](const Request& request) { return Login(parts, *refused, request); }});
  routes.Add({"PUT", "/users/self/password", Rule::kReader, limits::kRestLoginBytesMax, Lane::kHash,
              [&parts, refused](const Request& request) { return ChangePassword(parts, *refused, request); }});
  routes.Add({"PUT", "/users/:id/password", Rule::kAdmin, limits::kRestLoginBytesMax, Lane::kHash,
              [&parts](const Request& request) { return SetPassword(parts, request); }});
  routes.Add({"POST", "/localauth/register", Rule::kAnonymous, limits::kRestLoginBytesMax, Lane::kHash,
              [&parts](const Request& request) { return Register(parts, request); }});
}

}  // namespace hoop::rest
