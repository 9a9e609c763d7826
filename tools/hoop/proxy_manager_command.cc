// `hoop proxy-manager`: the desktop app's process in the background. Waits at the gateway and serves on local ports
// what is ordered by the API; says what happens, one line each.
#include <fmt/format.h>

#include "session_command.h"
#include "signals.h"

namespace hoop::cli {
namespace {

class ProxyEvents final : public ClientEvents {
 public:
  explicit ProxyEvents(bool json) : json_(json) {}
  void OnEvent(const ClientEvent& event) override {
    if (json_) return PrintEvent(event);
    if (event.kind == ClientEvent::Kind::kConnected) {
      fmt::print(stderr, "hoop: session {} ({})\n", event.Get("session_id"), event.Get("connection_type"));
    } else if (event.kind == ClientEvent::Kind::kReady) {
      fmt::print(stderr, "hoop: listening on {}:{}\n", event.Get("host"), event.Get("port"));
    } else if (!event.message.empty()) {
      SayNotice(event);
    }
  }

 private:
  const bool json_;
};

}  // namespace

int RunProxyManager(const Environment& environment, const ProxyManagerOptions& options) {
  auto client = MakeClient(environment);
  if (!client.ok()) return Fail(client.status());
  SignalThread signals({.cancel = [&client] { (*client)->Cancel(); }});
  ProxyEvents events(options.json);
  const absl::Status ended = (*client)->ProxyManager(events);
  return signals.signal() != 0 ? 128 + signals.signal() : Fail(ended);
}

}  // namespace hoop::cli
