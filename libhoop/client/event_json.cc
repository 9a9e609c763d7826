// Events as lines of JSON, for scripts.
#include <nlohmann/json.hpp>

#include "base/check.h"
#include "hoop/client.h"

namespace hoop {
namespace {

std::string_view StatusName(ClientEvent::Kind kind) {
  switch (kind) {
    case ClientEvent::Kind::kConnected:
      return "connected";
    case ClientEvent::Kind::kRunning:
      return "running";
    case ClientEvent::Kind::kReady:
      return "ready";
    case ClientEvent::Kind::kWaitingApproval:
      return "waiting_approval";
    case ClientEvent::Kind::kApproved:
      return "approved";
    case ClientEvent::Kind::kAgentOffline:
      return "agent_offline";
    case ClientEvent::Kind::kDisconnected:
      return "disconnected";
    case ClientEvent::Kind::kLocalOpened:
      return "local_opened";
    case ClientEvent::Kind::kLocalClosed:
      return "local_closed";
    case ClientEvent::Kind::kCompleted:
      return "completed";
    case ClientEvent::Kind::kError:
      return "error";
  }
  HOOP_CHECK(false);
}

}  // namespace

std::string_view ClientEvent::Get(std::string_view key) const {
  for (const auto& [name, value] : data) {
    if (name == key) return value;
  }
  return {};
}

std::string EventJson(const ClientEvent& event) {
  nlohmann::ordered_json line = {{"status", StatusName(event.kind)}};
  if (!event.message.empty()) line["message"] = event.message;
  if (!event.data.empty()) {
    auto& data = line["data"] = nlohmann::ordered_json::object();
    for (const auto& [name, value] : event.data) data[name] = value;
  }
  if (event.exit_code) line["exit_code"] = *event.exit_code;
  return line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace hoop
