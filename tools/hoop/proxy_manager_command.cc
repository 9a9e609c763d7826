// `hoop proxy-manager`: waits in the background for what a desktop or web application asks the gateway for, and opens
// the local ports. Lines on stderr, or events as JSON.
#include <fmt/format.h>

#include "event_printer.h"
#include "session_command.h"
#include "signals.h"

namespace hoop::cli {
namespace {

class ProxyEvents final : public ClientEvents {
 public:
  explicit ProxyEvents(bool json) {
    if (json) printer_.emplace();
  }

  void OnEvent(const ClientEvent& event) override {
    if (printer_) return printer_->Print(event);
    using Kind = ClientEvent::Kind;
    if (event.kind == Kind::kConnected) {
      fmt::print(stderr, "hoop: session {} ({})\n", event.Get("session_id"), event.Get("connection_type"));
    } else if (event.kind == Kind::kReady) {
      fmt::print(stderr, "hoop: ready on {}:{}\n", event.Get("host"), event.Get("port"));
    } else if (!event.message.empty()) {
      SayNotice(event);
    }
  }

 private:
  std::optional<EventPrinter> printer_;
};

}  // namespace

int RunProxyManager(const Environment& environment, bool json) {
  auto client = MakeClient(environment);
  if (!client.ok()) return Fail(client.status());
  SignalThread signals({.cancel = [&client] { (*client)->Cancel(); }});
  ProxyEvents events(json);
  const absl::Status status = (*client)->ServeProxyManager(events);
  return signals.signal() != 0 ? 128 + signals.signal() : Fail(status);
}

}  // namespace hoop::cli
