// Deletes sessions that are kept no longer, with their records. Made by the gateway when there is a retention.
#pragma once

#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "base/log.h"
#include "hoop/clock.h"
#include "store/session_table.h"

namespace hoop {

// Owned by Gateway; ends before the store. Its thread, hoop-retention, sweeps at the start and then every tenth of the
// retention, between a second and ten minutes. Several gateways on one store may sweep at once.
class Retention final {
 public:
  // `keep`: how long after its end a session stays.
  Retention(SessionTable& sessions, absl::Duration keep, Clock& clock, Log log);
  ~Retention();  // after the batch that runs
  Retention(const Retention&) = delete;
  Retention& operator=(const Retention&) = delete;

 private:
  void Run();
  // Until nothing is left to delete, or this ends.
  void Sweep();
  bool stopping() const;

  // Constant after construction.
  SessionTable& sessions_;
  const absl::Duration keep_;
  Clock& clock_;
  const Log log_;

  mutable absl::Mutex mu_;
  absl::CondVar changed_;
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  int wake_up_ = 0;
  std::thread thread_;  // last: starts when everything above is there
};

}  // namespace hoop
