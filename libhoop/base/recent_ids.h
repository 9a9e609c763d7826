// The ids that ended lately: what still comes for them is late, not new. Used for the sessions of an agent and for the
// connection ids of a session, at both ends.
#pragma once

#include <cstddef>
#include <string_view>

#include "absl/container/flat_hash_set.h"
#include "absl/hash/hash.h"
#include "base/fifo.h"
#include "base/limits/session.h"

namespace hoop {

// At most limits::kFinishedIdsRemembered ids; the oldest is forgotten first. Constant time.
// Hashes in few blocks, seeded for each process, are kept, and not the ids: thousands of small blocks, made while a
// flood of sessions ends and kept long after, would each keep its page from the system.
class RecentIds final {
 public:
  void Add(std::string_view id) {
    const size_t hash = absl::HashOf(id);
    if (!known_.insert(hash).second) return;
    order_.push_back(hash);
    if (order_.size() <= limits::kFinishedIdsRemembered) return;
    known_.erase(order_.front());
    order_.pop_front();
  }
  bool Contains(std::string_view id) const { return known_.contains(absl::HashOf(id)); }

 private:
  absl::flat_hash_set<size_t> known_;
  Fifo<size_t> order_;
};

}  // namespace hoop
