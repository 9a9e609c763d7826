// The text that Prometheus reads. A value; used by metrics_routes.cc.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "audit/journal_numbers.h"

namespace hoop::rest {

class MetricsText final {
 public:
  using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

  // What follows belongs to it. `type`: counter, gauge, histogram.
  void Begin(std::string_view name, std::string_view type, std::string_view help);
  void Add(uint64_t value, Labels labels = {});
  void AddTimes(const SyncTimes::Counts& times);

  // A family with one number.
  void One(std::string_view name, std::string_view type, std::string_view help, uint64_t value) {
    Begin(name, type, help);
    Add(value);
  }

  std::string Take() { return std::move(text_); }

 private:
  std::string name_;
  std::string text_;
};

}  // namespace hoop::rest
