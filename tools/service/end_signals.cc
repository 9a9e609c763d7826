#include "tools/service/end_signals.h"

#include <pthread.h>
#include <unistd.h>

namespace hoop {
namespace {

constexpr int kWakeUp = SIGUSR1;  // from the destructor to the thread

}  // namespace

EndSignals::EndSignals() {
  ::sigemptyset(&signals_);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) ::sigaddset(&signals_, signal);
  sigset_t blocked = signals_;
  ::sigaddset(&blocked, kWakeUp);
  ::pthread_sigmask(SIG_BLOCK, &blocked, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
}

EndSignals::~EndSignals() {
  if (!thread_.joinable()) return;
  ::pthread_kill(thread_.native_handle(), kWakeUp);
  thread_.join();
}

std::optional<int> EndSignals::Await(absl::Duration patience) const {
  const timespec time = absl::ToTimespec(patience);
  const int signal = ::sigtimedwait(&signals_, nullptr, &time);
  return signal < 0 ? std::nullopt : std::optional(signal);
}

void EndSignals::EndAtNext() {
  thread_ = std::thread([] {
    sigset_t signals;
    ::sigemptyset(&signals);
    for (const int signal : {SIGTERM, SIGINT, kWakeUp}) ::sigaddset(&signals, signal);
    int signal = 0;
    if (::sigwait(&signals, &signal) == 0 && signal != kWakeUp) ::_exit(128 + signal);
  });
}

}  // namespace hoop
