// Signals while a session runs: caught by a thread that waits for them, never by a handler, but for those that end a
// program that is broken. Used by exec, connect and replay.
#pragma once

#include <atomic>
#include <csignal>
#include <functional>
#include <thread>

#include "hoop/descriptors.h"

namespace hoop::cli {

// What the thread calls.
struct SignalActions {
  std::function<void()> cancel;             // INT, TERM, HUP, QUIT
  std::function<void()> resized = nullptr;  // WINCH; and after a stop
  DescriptorTerminal* terminal = nullptr;   // given back for a stop (TSTP) and before a forced end
};

// While it lives, signals do what `actions` say. Who does not come to an end within two seconds, or gets a second
// signal, is ended by _exit(128 + signal). Made before other threads are: they inherit the mask.
class SignalThread final {
 public:
  explicit SignalThread(SignalActions actions);
  ~SignalThread();

  // Of the signal that came; 0: none did.
  int signal() const { return signal_; }

 private:
  void Run();
  void Stop();

  const SignalActions actions_;
  sigset_t signals_;
  sigset_t before_;
  std::atomic<int> signal_ = 0;
  std::thread thread_;
};

// While it lives, a program that breaks (a failed check, a wild pointer) gives the terminal back before it dies. One
// at a time.
class TerminalGuard final {
 public:
  explicit TerminalGuard(DescriptorTerminal& terminal);
  ~TerminalGuard();
  TerminalGuard(const TerminalGuard&) = delete;
  TerminalGuard& operator=(const TerminalGuard&) = delete;
};

}  // namespace hoop::cli
