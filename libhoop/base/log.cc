// The stderr sink of the programs, on spdlog.
#include "base/log.h"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>

#include "base/utf8.h"

namespace hoop {
namespace {

spdlog::level::level_enum ToSpdlog(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

// JSON text of `value`; control characters and invalid bytes become escapes, so that one event stays one line.
void AppendJsonText(std::string_view value, std::string& out) {
  const bool is_utf8 = IsUtf8(value);
  out += '"';
  for (unsigned char c : value) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += static_cast<char>(c);
    } else if (c < 0x20 || c == 0x7f || (c >= 0x80 && !is_utf8)) {
      out += fmt::format("\\u{:04x}", c);
    } else {
      out += static_cast<char>(c);
    }
  }
  out += '"';
}

void AppendPlainText(std::string_view value, std::string& out) {
  const bool quote = value.empty() || value.find_first_of(" =\"\t\r\n") != std::string_view::npos;
  if (quote) {
    AppendJsonText(value, out);
  } else {
    out += value;
  }
}

class StderrSink final : public LogSink {
 public:
  StderrSink(LogLevel lowest, bool json)
      : lowest_(lowest), json_(json), logger_("hoop", std::make_shared<spdlog::sinks::stderr_color_sink_mt>()) {
    logger_.set_level(ToSpdlog(lowest));
    logger_.set_pattern(json ? R"({"timestamp":"%Y-%m-%dT%H:%M:%S.%e%z","level":"%l",%v})"
                             : "%Y-%m-%d %H:%M:%S.%e %^%l%$ %v");
    logger_.flush_on(spdlog::level::debug);
  }

  bool Wants(LogLevel level) const override { return level >= lowest_; }

  void Write(LogLevel level, std::string_view event, const std::vector<LogField>& fields) override {
    std::string line;
    if (json_) {
      line += "\"message\":";
      AppendJsonText(event, line);
    } else {
      line += event;
    }
    for (const LogField& field : fields) {
      if (json_) {
        line += ',';
        AppendJsonText(field.key, line);
        line += ':';
        AppendJsonText(field.value, line);
      } else {
        line += ' ';
        line += field.key;
        line += '=';
        AppendPlainText(field.value, line);
      }
    }
    logger_.log(ToSpdlog(level), "{}", line);
  }

 private:
  const LogLevel lowest_;
  const bool json_;
  spdlog::logger logger_;
};

}  // namespace

LogSink& StderrLog(LogLevel lowest, bool json) {
  return *new StderrSink(lowest, json);  // threads may still log while main() returns
}

}  // namespace hoop
