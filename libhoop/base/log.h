// The handle through which all folders log: event plus key=value.
// Never a token, a password or payload bytes.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <vector>

#include "hoop/log.h"

namespace hoop {

// A value: copy it. A default one is silent. Any thread.
class Log {
 public:
  Log() = default;
  explicit Log(LogSink* sink) : sink_(sink) {}

  // Log("agent connected", "agent", name, "version", version): keys and values in turn; values need fmt support.
  template <typename... KeyValues>
  void Info(std::string_view event, const KeyValues&... key_values) const {
    Write(LogLevel::kInfo, event, key_values...);
  }
  template <typename... KeyValues>
  void Debug(std::string_view event, const KeyValues&... key_values) const {
    Write(LogLevel::kDebug, event, key_values...);
  }
  template <typename... KeyValues>
  void Warning(std::string_view event, const KeyValues&... key_values) const {
    Write(LogLevel::kWarning, event, key_values...);
  }
  template <typename... KeyValues>
  void Error(std::string_view event, const KeyValues&... key_values) const {
    Write(LogLevel::kError, event, key_values...);
  }

 private:
  template <typename... KeyValues>
  void Write(LogLevel level, std::string_view event, const KeyValues&... key_values) const {
    static_assert(sizeof...(key_values) % 2 == 0, "keys and values come in pairs");
    if (sink_ == nullptr || !sink_->Wants(level)) return;
    const std::vector<std::string> texts = {fmt::format("{}", key_values)...};
    std::vector<LogField> fields;
    for (size_t i = 0; i + 1 < texts.size(); i += 2) fields.push_back({texts[i], texts[i + 1]});
    sink_->Write(level, event, fields);
  }

  LogSink* sink_ = nullptr;
};

}  // namespace hoop
