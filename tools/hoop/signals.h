// Signals that end a session in order: caught by a thread that waits for them, never by a handler. Used by exec and
// connect.
#pragma once

#include <atomic>
#include <csignal>
#include <functional>
#include <thread>

namespace hoop::cli {

// While it lives, INT, TERM, HUP and QUIT call `cancel` on its thread. Who does not come to an end within two seconds,
// or gets a second signal, is ended by _exit(128 + signal). Made before other threads are: they inherit the mask.
class SignalThread final {
 public:
  explicit SignalThread(std::function<void()> cancel);
  ~SignalThread();

  // Of the signal that came; 0: none did.
  int signal() const { return signal_; }

 private:
  void Run();

  const std::function<void()> cancel_;
  sigset_t signals_;
  sigset_t before_;
  std::atomic<int> signal_ = 0;
  std::thread thread_;
};

}  // namespace hoop::cli
