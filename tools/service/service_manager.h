// What systemd wants to know of a service (sd_notify(3)), said by hand: one datagram per message. Used by the main()s.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "tools/service/variable.h"

namespace hoop {

// Silent when no service manager listens. Owned by main(); its thread.
class ServiceManager final {
 public:
  // NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID of `environment`; they are meant for `process` alone.
  ServiceManager(const Environment& environment, int process);
  ~ServiceManager();
  ServiceManager(const ServiceManager&) = delete;
  ServiceManager& operator=(const ServiceManager&) = delete;

  void Ready(std::string_view status);
  void Reloading();
  void Stopping(absl::Duration deadline);
  // A sign of life. How often one is due, when one is asked for: half of what the manager waits.
  void Alive();
  std::optional<absl::Duration> alive_interval() const { return alive_interval_; }

 private:
  void Send(const std::string& message) const;

  std::string address_;  // of the socket, with the kernel's NUL for an abstract one
  int socket_ = -1;
  std::optional<absl::Duration> alive_interval_;
};

}  // namespace hoop
