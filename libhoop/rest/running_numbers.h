// What the gateway counts while it runs, as far as REST shows it. Implemented in gateway/; asked by metrics_routes.cc.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "audit/journal_numbers.h"

namespace hoop::rest {

// A value.
struct RunningNumbers {
  std::map<std::string, uint64_t> sessions_open;   // by type on the wire: the ones we know, and "other"
  std::map<std::string, uint64_t> sessions_begun;  // since the start
  uint64_t agents_online = 0;
  std::optional<JournalNumbers> journal;  // a host's own record has none
};

class RunningNumbersSource {
 public:
  virtual ~RunningNumbersSource() = default;
  // Worker threads. DeadlineExceeded: the gateway is too busy to answer.
  virtual absl::StatusOr<RunningNumbers> Read() = 0;
};

}  // namespace hoop::rest
