#include "signals.h"

#include <pthread.h>
#include <unistd.h>

namespace hoop::cli {
namespace {

constexpr timespec kPatience = {.tv_sec = 2, .tv_nsec = 0};
constexpr int kWakeUp = SIGUSR1;  // from the destructor to the thread
constexpr int kBroken[] = {SIGABRT, SIGSEGV, SIGBUS, SIGILL, SIGFPE};

std::atomic<DescriptorTerminal*> guarded = nullptr;  // what a handler can reach

void GiveBackAndDie(int signal) {
  if (DescriptorTerminal* terminal = guarded.exchange(nullptr)) terminal->RestoreModes();
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

}  // namespace

SignalThread::SignalThread(SignalActions actions) : actions_(std::move(actions)) {
  ::sigemptyset(&signals_);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, kWakeUp}) ::sigaddset(&signals_, signal);
  if (actions_.resized) ::sigaddset(&signals_, SIGWINCH);
  if (actions_.terminal != nullptr) {
    ::sigaddset(&signals_, SIGTSTP);
    ::sigaddset(&signals_, SIGCONT);
  }
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
  while (true) {
    if (::sigwait(&signals_, &signal) != 0 || signal == kWakeUp) return;
    if (signal == SIGTSTP) {
      Stop();
    } else if (signal == SIGCONT) {
      actions_.terminal->Resume();  // who stopped us may have changed its modes
      if (actions_.resized) actions_.resized();
    } else if (signal == SIGWINCH) {
      actions_.resized();
    } else {
      break;
    }
  }
  signal_ = signal;
  actions_.cancel();
  sigset_t ends;
  ::sigemptyset(&ends);
  for (const int end : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, kWakeUp}) ::sigaddset(&ends, end);
  siginfo_t second;
  if (::sigtimedwait(&ends, &second, &kPatience) == kWakeUp) return;
  if (actions_.terminal != nullptr) actions_.terminal->RestoreModes();
  ::_exit(128 + signal);
}

// SIGCONT comes next.
void SignalThread::Stop() {
  actions_.terminal->Pause();
  ::kill(::getpid(), SIGSTOP);
}

TerminalGuard::TerminalGuard(DescriptorTerminal& terminal) {
  guarded = &terminal;
  for (const int signal : kBroken) std::signal(signal, GiveBackAndDie);
}

TerminalGuard::~TerminalGuard() {
  guarded = nullptr;
  for (const int signal : kBroken) std::signal(signal, SIG_DFL);
}

}  // namespace hoop::cli
