// The desktop app's routes: open a session on the user's own background process (`hoop proxy-manager`), end it, say
// how it stands. Durations are in nanoseconds, ports are texts, as upstream has them.
#include <charconv>
#include <utility>

#include "base/connection_types.h"
#include "base/limits/http.h"
#include "base/limits/session.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "identity/digest.h"
#include "rest/json.h"
#include "rest/routes.h"

namespace hoop::rest {
namespace {

constexpr absl::Duration kDefaultAccess = absl::Minutes(30);

std::string StateId(const Identity& identity) { return UrlUuid("clientstate/" + identity.user_id); }

const char* StatusText(ProxyState::Status status) {
  switch (status) {
    case ProxyState::Status::kReady:
      return "ready";
    case ProxyState::Status::kConnected:
      return "connected";
    case ProxyState::Status::kDisconnected:
      return "disconnected";
  }
  return "disconnected";
}

Response StateAnswer(int status, const Identity& identity, const ProxyState& state) {
  return JsonAnswer(status, {{"id", StateId(identity)},
                             {"status", StatusText(state.status)},
                             {"connection_name", state.order.connection},
                             {"connection_type", state.order.connection_type},
                             {"connection_subtype", state.order.connection_subtype},
                             {"has_review", false},
                             {"port", state.order.port},
                             {"access_duration", absl::ToInt64Nanoseconds(state.order.access_duration)},
                             {"metadata", Json(state.metadata)},
                             {"connected-at", TimeText(state.connected_at)}});
}

absl::StatusOr<Response> GetStatus(const ApiParts& parts, const Request& request) {
  const std::optional<ProxyState> state = parts.proxy_manager.State(request.identity->user_id);
  if (!state) return NotFound("entity not found");
  if (state->status == ProxyState::Status::kDisconnected) return NotFound("connection not found");
  return StateAnswer(200, *request.identity, *state);
}

bool IsPort(std::string_view text) {
  uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() && port != 0;
}

absl::StatusOr<ProxyOrder> ReadOrder(const ApiParts& parts, const Request& request) {
  HOOP_ASSIGN_OR_RETURN(ObjectReader body, ObjectReader::Parse(request.body));
  ProxyOrder order{.identity = *request.identity};
  const std::string name = body.Text("connection_name");
  order.port = body.Text("port");
  const int64_t access = body.Int64("access_duration").value_or(0);
  HOOP_RETURN_IF_ERROR(body.status());
  if (name.empty()) return InvalidArgument("connection_name: is missing");
  if (!IsPort(order.port)) return InvalidArgument("port: {} is none", order.port);
  order.access_duration = access == 0 ? kDefaultAccess : absl::Nanoseconds(access);
  if (order.access_duration < absl::Seconds(1) || order.access_duration > limits::kSessionTimeMax) {
    return InvalidArgument("access_duration: between a second and {}, in nanoseconds",
                           absl::FormatDuration(limits::kSessionTimeMax));
  }
  const Identity& identity = order.identity;
  ConnectionTable& connections = parts.store.connections();
  const auto connection = identity.is_admin ? connections.Find(identity.org_id, name)
                                            : connections.FindVisible(identity.org_id, name, identity.groups);
  if (absl::IsNotFound(connection.status())) return NotFound("connection not found");
  HOOP_RETURN_IF_ERROR(connection.status());
  if (WireType(connection->type, connection->subtype) == "command-line") {
    return HttpError(400, "connection type is not supported");
  }
  order.connection = connection->name;
  order.connection_type = connection->type;
  order.connection_subtype = connection->subtype;
  return order;
}

// 200 or 202 with the state as it is now; 400, or `missing` when there is nothing, with the reason.
absl::StatusOr<Response> AnswerNow(const ApiParts& parts, const Identity& identity, int good, int missing,
                                   const std::optional<absl::Status>& happened) {
  if (!happened) return HttpError(400, "the proxy manager did not answer in time");
  if (absl::IsNotFound(*happened)) {
    return missing == 404 ? NotFound("entity not found")
                          : HttpError(missing, fmt::format("proxy manager state {} not found", StateId(identity)));
  }
  if (!happened->ok()) return HttpError(400, hoop::StatusText(*happened));
  return StateAnswer(good, identity, parts.proxy_manager.State(identity.user_id).value_or(ProxyState()));
}

absl::StatusOr<Outcome> Connect(const ApiParts& parts, const Request& request) {
  HOOP_ASSIGN_OR_RETURN(ProxyOrder order, ReadOrder(parts, request));
  Deferral deferral{.patience = limits::kProxyManagerAnswerTime + absl::Seconds(1)};
  deferral.answer = [&parts, identity = *request.identity](std::optional<absl::Status> happened) {
    return AnswerNow(parts, identity, 200, 400, happened);
  };
  deferral.start = [&parts, order = std::move(order)](Deferral::Happened happened) mutable {
    parts.proxy_manager.Connect(std::move(order), std::move(happened));
  };
  return deferral;
}

absl::StatusOr<Outcome> Disconnect(const ApiParts& parts, const Request& request) {
  Deferral deferral{.patience = limits::kProxyManagerAnswerTime};
  deferral.answer = [&parts, identity = *request.identity](std::optional<absl::Status> happened) {
    return AnswerNow(parts, identity, 202, 404, happened);
  };
  deferral.start = [&parts, id = request.identity->user_id](Deferral::Happened happened) {
    parts.proxy_manager.Disconnect(id, std::move(happened));
  };
  return deferral;
}

}  // namespace

void AddProxyManagerRoutes(RouteTable& routes, const ApiParts& parts) {
  routes.Add({"POST", "/proxymanager/connect", Rule::kMember, limits::kRestBodyBytesMax, Lane::kShort,
              [&parts](const Request& request) { return Connect(parts, request); }});
  routes.Add({"POST", "/proxymanager/disconnect", Rule::kMember, limits::kRestBodyBytesMax, Lane::kShort,
              [&parts](const Request& request) { return Disconnect(parts, request); }});
  routes.Add({"GET", "/proxymanager/status", Rule::kReader, 0, Lane::kShort,
              [&parts](const Request& request) { return GetStatus(parts, request); }});
}

}  // namespace hoop::rest
