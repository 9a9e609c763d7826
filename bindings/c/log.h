// A host's log function as a LogSink. Made by hoop_options_set_log.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "guard.h"
#include "hoop/log.h"

namespace hoop::c {

class CallbackLog final : public LogSink {
 public:
  CallbackLog(int32_t lowest, hoop_log_fn log, void* user_data, void (*destroy)(void*))
      : lowest_(lowest), log_(log), user_data_(user_data, destroy) {}

  bool Wants(LogLevel level) const override { return Number(level) >= lowest_; }
  void Write(LogLevel level, std::string_view event, const std::vector<LogField>& fields) override;

 private:
  static int32_t Number(LogLevel level);

  const int32_t lowest_;
  const hoop_log_fn log_;
  const UserData user_data_;
};

}  // namespace hoop::c
