// The ids that ended lately: what still comes for them is late, not new. Used for the sessions of an agent and for the
// connection ids of a session, at both ends.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <unordered_set>

#include "base/fifo.h"
#include "base/limits/session.h"

namespace hoop {

// At most limits::kFinishedIdsRemembered ids; the oldest is forgotten first. Constant time.
class RecentIds final {
 public:
  RecentIds() = default;
  RecentIds(const RecentIds&) = delete;  // the order points into the set
  RecentIds& operator=(const RecentIds&) = delete;

  void Add(std::string_view id) {
    const auto [known, is_new] = known_.emplace(id);
    if (!is_new) return;
    order_.push_back(&*known);
    if (order_.size() <= limits::kFinishedIdsRemembered) return;
    known_.erase(*order_.front());
    order_.pop_front();
  }
  bool Contains(std::string_view id) const { return known_.contains(id); }

 private:
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view id) const { return std::hash<std::string_view>()(id); }
  };

  std::unordered_set<std::string, Hash, std::equal_to<>> known_;
  Fifo<const std::string*> order_;  // of known_, whose elements stay where they are
};

}  // namespace hoop
