#include "tools/service/service_manager.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <charconv>
#include <cstddef>
#include <cstdint>

namespace hoop {
namespace {

std::string ValueOf(const Environment& environment, std::string_view name) {
  const auto found = environment.find(name);
  return found == environment.end() ? "" : found->second;
}

std::optional<int64_t> Number(const std::string& text) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

ServiceManager::ServiceManager(const Environment& environment, int process)
    : address_(ValueOf(environment, "NOTIFY_SOCKET")) {
  if (address_.size() < 2 || address_.size() >= sizeof(sockaddr_un::sun_path)) return;
  if (address_[0] != '/' && address_[0] != '@') return;
  if (address_[0] == '@') address_[0] = '\0';
  socket_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const auto watchdog = Number(ValueOf(environment, "WATCHDOG_USEC"));
  const std::string watched = ValueOf(environment, "WATCHDOG_PID");
  if (watchdog && *watchdog > 0 && (watched.empty() || Number(watched) == process)) {
    alive_interval_ = absl::Microseconds(*watchdog) / 2;
  }
}

ServiceManager::~ServiceManager() {
  if (socket_ >= 0) ::close(socket_);
}

void ServiceManager::Ready(std::string_view status) { Send(fmt::format("READY=1\nSTATUS={}", status)); }

void ServiceManager::Reloading() {
  timespec now = {};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  Send(fmt::format("RELOADING=1\nMONOTONIC_USEC={}", int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1000));
}

void ServiceManager::Stopping(absl::Duration deadline) {
  // A deadline longer than the unit's TimeoutStopSec is kept, too.
  Send(fmt::format("STOPPING=1\nSTATUS=ending sessions\nEXTEND_TIMEOUT_USEC={}",
                   absl::ToInt64Microseconds(deadline + absl::Seconds(5))));
}

void ServiceManager::Alive() { Send("WATCHDOG=1"); }

// A manager that does not listen is no reason to fail.
void ServiceManager::Send(const std::string& message) const {
  if (socket_ < 0) return;
  sockaddr_un to = {.sun_family = AF_UNIX};
  address_.copy(to.sun_path, address_.size());
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address_.size());
  (void)::sendto(socket_, message.data(), message.size(), MSG_NOSIGNAL | MSG_DONTWAIT,
                 reinterpret_cast<const sockaddr*>(&to), size);
}

}  // namespace hoop
