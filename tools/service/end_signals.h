// TERM, INT and HUP of a program that serves: waited for by main(), never handled by a handler.
#pragma once

#include <signal.h>

#include <optional>
#include <thread>

#include "absl/time/time.h"

namespace hoop {

// Made before any thread is: all threads inherit the mask. Owned by main(); its thread.
class EndSignals final {
 public:
  EndSignals();
  ~EndSignals();
  EndSignals(const EndSignals&) = delete;
  EndSignals& operator=(const EndSignals&) = delete;

  // The next signal, or none within `patience`.
  std::optional<int> Await(absl::Duration patience) const;

  // From now on TERM or INT ends the process at once, with 128 + the signal as its exit code: for who is tired of
  // waiting for an orderly end.
  void EndAtNext();

 private:
  sigset_t signals_;
  std::thread thread_;  // waits for the second signal
};

}  // namespace hoop
