#include "signals.h"

#include <pthread.h>
#include <unistd.h>

namespace hoop::cli {
namespace {

constexpr timespec kPatience = {.tv_sec = 2, .tv_nsec = 0};
constexpr int kWakeUp = SIGUSR1;  // from the destructor to the thread

}  // namespace

SignalThread::SignalThread(std::function<void()> cancel) : cancel_(std::move(cancel)) {
  ::sigemptyset(&signals_);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, kWakeUp}) ::sigaddset(&signals_, signal);
  ::pthread_sigmask(SIG_BLOCK, &signals_, &before_);
  thread_ = std::thread([this] { Run(); });
}

SignalThread::~SignalThread() {
  ::pthread_kill(thread_.native_handle(), kWakeUp);
  thread_.join();
  ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

void SignalThread::Run() {
  int signal = 0;
  if (::sigwait(&signals_, &signal) != 0 || signal == kWakeUp) return;
  signal_ = signal;
  cancel_();
  siginfo_t second;
  if (::sigtimedwait(&signals_, &second, &kPatience) == kWakeUp) return;
  ::_exit(128 + signal);
}

}  // namespace hoop::cli
