#include "agent/connection_apps_poll.h"

#include <utility>

#include "base/limits/agent.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "nlohmann/json.hpp"

namespace hoop {
namespace {

using Json = nlohmann::json;

std::string Body(const std::vector<std::string>& items) {
  const Json body = {{"connection", ""}, {"connection_items", items.empty() ? Json() : Json(items)}};
  return body.dump(-1, ' ', false, Json::error_handler_t::replace);
}

absl::StatusOr<HttpResponse> Post(const HttpClient::Options& gateway, const std::string& body) {
  HOOP_ASSIGN_OR_RETURN(const std::unique_ptr<HttpClient> client, HttpClient::Create(gateway));
  return client->Send({.method = "POST", .path = "/api/connectionapps", .body = body});
}

}  // namespace

ConnectionAppsPoll::ConnectionAppsPoll(AgentContext& context, Worker& worker, HttpClient::Options gateway,
                                       const std::vector<std::string>& items, Callbacks callbacks)
    : context_(context),
      worker_(worker),
      gateway_(std::move(gateway)),
      body_(Body(items)),
      callbacks_(std::move(callbacks)) {}

ConnectionAppsPoll::~ConnectionAppsPoll() { *alive_ = false; }

void ConnectionAppsPoll::Ask() {
  const absl::Status posted =
      worker_.Post([this, gateway = gateway_, body = body_, alive = alive_, &loop = context_.loop] {
        loop.Post([this, answer = Post(gateway, body), alive]() mutable {
          if (*alive) OnAnswer(std::move(answer));
        });
      });
  if (!posted.ok()) callbacks_.done(posted);
}

void ConnectionAppsPoll::OnAnswer(absl::StatusOr<HttpResponse> answer) {
  if (!answer.ok()) return callbacks_.done(answer.status());
  if (answer->status == 401) return callbacks_.done(Unauthenticated("the gateway does not know this agent"));
  if (answer->status == 200) {
    const Json body = Json::parse(answer->body, nullptr, /*allow_exceptions=*/false);
    if (body.is_object() && body.value("grpc_url", Json()).is_string()) {
      return callbacks_.done(body["grpc_url"].get<std::string>());
    }
  }
  if (answer->status != 204) {
    return callbacks_.done(Unavailable("POST /api/connectionapps: the gateway answers {}", answer->status));
  }
  callbacks_.answered();
  pause_ = context_.loop.After(limits::kConnectionAppsInterval, [this] { Ask(); });
}

}  // namespace hoop
