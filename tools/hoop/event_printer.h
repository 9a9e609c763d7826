// Events of `hoop connect --json` as lines on standard output, written by a thread of its own: who does not read them
// must not hold up the session, whose thread says them.
#pragma once

#include <memory>
#include <string>
#include <thread>

#include "hoop/client.h"

namespace hoop::cli {

// One per program. Up to a bound the lines wait. Beyond it those about local connections are left out and counted;
// the next line that is taken is preceded by {"status":"events_dropped","data":{"count":"7"}}.
class EventPrinter final {
 public:
  // Writes to `descriptor`, which it does not own.
  explicit EventPrinter(int descriptor);
  ~EventPrinter();  // waits a moment for the last lines, not longer than that
  EventPrinter(const EventPrinter&) = delete;
  EventPrinter& operator=(const EventPrinter&) = delete;

  void Print(const ClientEvent& event);  // any thread; does not block

 private:
  struct Lines;
  // Shared: a thread that waits in write() for a reader who never comes is left behind when the program ends.
  const std::shared_ptr<Lines> lines_;
};

}  // namespace hoop::cli
