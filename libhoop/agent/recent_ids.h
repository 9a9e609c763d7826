// The ids that ended lately: what still comes for them is late, not new. Used for the sessions of an agent and the
// connections of a session.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "base/fifo.h"
#include "base/limits/session.h"

namespace hoop {

// A value of at most limits::kFinishedIdsRemembered ids; the oldest is forgotten first.
class RecentIds final {
 public:
  void Add(std::string_view id) {
    if (!known_.emplace(id).second) return;
    order_.push_back(std::string(id));
    if (order_.size() <= limits::kFinishedIdsRemembered) return;
    known_.erase(order_.front());
    order_.pop_front();
  }
  bool Contains(std::string_view id) const { return known_.contains(id); }

 private:
  std::set<std::string, std::less<>> known_;
  Fifo<std::string> order_;
};

}  // namespace hoop
