// Connections of a database that threads take in turn. For the databases of this folder.
#pragma once

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace hoop {

// Any thread. A null connection is a place in the pool, too: who takes it may open one there.
template <typename Connection>
class ConnectionPool final {
 public:
  explicit ConnectionPool(std::vector<std::unique_ptr<Connection>> connections) : free_(std::move(connections)) {}

  // Waits until one is free; nothing when none is within `wait`.
  std::optional<std::unique_ptr<Connection>> Take(absl::Duration wait) {
    absl::MutexLock lock(&mu_);
    if (!mu_.AwaitWithTimeout(absl::Condition(this, &ConnectionPool::HasFree), wait)) return std::nullopt;
    std::unique_ptr<Connection> connection = std::move(free_.back());
    free_.pop_back();
    return connection;
  }

  void GiveBack(std::unique_ptr<Connection> connection) {
    absl::MutexLock lock(&mu_);
    // Open ones are taken first.
    free_.insert(connection == nullptr ? free_.begin() : free_.end(), std::move(connection));
  }

 private:
  bool HasFree() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return !free_.empty(); }

  absl::Mutex mu_;
  std::vector<std::unique_ptr<Connection>> free_ ABSL_GUARDED_BY(mu_);
};

}  // namespace hoop
