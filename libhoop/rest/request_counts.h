// How often each route was answered, with which status. Noted by Edge, shown by metrics_routes.cc.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "rest/route_table.h"

namespace hoop::rest {

// Owned by Api. Any thread. Bounded by what routes and statuses there are: a path that leads nowhere is no label.
class RequestCounts final {
 public:
  using Key = std::pair<const Route*, int>;  // null: no route

  void Note(const Route* route, int status) {
    absl::MutexLock lock(&mu_);
    ++counts_[{route, status}];
  }
  std::map<Key, uint64_t> Read() const {
    absl::MutexLock lock(&mu_);
    return counts_;
  }

 private:
  mutable absl::Mutex mu_;
  std::map<Key, uint64_t> counts_ ABSL_GUARDED_BY(mu_);
};

}  // namespace hoop::rest
