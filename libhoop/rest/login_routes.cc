// Sign-in with e-mail and password.
#include "base/limits.h"
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

}  // namespace

void AddLoginRoutes(RouteTable& routes, const ApiParts& parts) {
  routes.Add({"POST", "/localauth/login", Rule::kAnonymous, limits::kRestLoginBytesMax, Lane::kHash,
              [&parts](const Request& request) { return Login(parts, request); }});
}

}  // namespace hoop::rest
