#include "rest/metrics_text.h"

#include <fmt/format.h>

namespace hoop::rest {
namespace {

std::string Escaped(std::string_view value) {
  std::string out;
  for (const char c : value) {
    if (c == '\\' || c == '"') out += '\\';
    out += c == '\n' ? ' ' : c;
  }
  return out;
}

}  // namespace

void MetricsText::Begin(std::string_view name, std::string_view type, std::string_view help) {
  name_ = name;
  text_ += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
}

void MetricsText::Add(uint64_t value, Labels labels) {
  text_ += name_;
  char before = '{';
  for (const auto& [label, text] : labels) {
    text_ += fmt::format("{}{}=\"{}\"", before, label, Escaped(text));
    before = ',';
  }
  text_ += fmt::format("{} {}\n", labels.size() == 0 ? "" : "}", value);
}

void MetricsText::AddTimes(const SyncTimes::Counts& times) {
  uint64_t count = 0;
  for (size_t i = 0; i < times.within.size(); ++i) {
    count += times.within[i];
    const bool is_last = i == SyncTimes::kBounds.size();
    const std::string bound = is_last ? "+Inf" : fmt::format("{}", absl::ToDoubleSeconds(SyncTimes::kBounds[i]));
    text_ += fmt::format("{}_bucket{{le=\"{}\"}} {}\n", name_, bound, count);
  }
  text_ += fmt::format("{}_sum {}\n{}_count {}\n", name_, absl::ToDoubleSeconds(times.sum), name_, count);
}

}  // namespace hoop::rest
