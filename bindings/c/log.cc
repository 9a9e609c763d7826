#include "log.h"

namespace hoop::c {

int32_t CallbackLog::Number(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return HOOP_LOG_DEBUG;
    case LogLevel::kInfo:
      return HOOP_LOG_INFO;
    case LogLevel::kWarning:
      return HOOP_LOG_WARNING;
    case LogLevel::kError:
      return HOOP_LOG_ERROR;
  }
  return HOOP_LOG_ERROR;
}

void CallbackLog::Write(LogLevel level, std::string_view event, const std::vector<LogField>& fields) {
  std::vector<std::string> texts;
  for (const LogField& field : fields) {
    texts.emplace_back(field.key);
    texts.emplace_back(field.value);
  }
  std::vector<const char*> keys, values;
  for (size_t i = 0; i < fields.size(); ++i) {
    keys.push_back(texts[2 * i].c_str());
    values.push_back(texts[2 * i + 1].c_str());
  }
  const std::string text(event);
  CallHost([&] { log_(Number(level), text.c_str(), keys.data(), values.data(), fields.size(), user_data_.get()); });
}

}  // namespace hoop::c
