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

// As in syslog(3): what the journal reads off the beginning of a line.
int PriorityOf(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return 7;
    case LogLevel::kInfo:
      return 6;
    case LogLevel::kWarning:
      return 4;
    case LogLevel::kError:
      return 3;
  }
  return 3;
}

const char* PatternOf(LogEncoding encoding) {
  switch (encoding) {
    case LogEncoding::kConsole:
      return "%Y-%m-%d %H:%M:%S.%e %^%l%$ %v";
    case LogEncoding::kJson:
      return R"({"timestamp":"%Y-%m-%dT%H:%M:%S.%e%z","level":"%l",%v})";
    case LogEncoding::kJournal:
      return "%v";
  }
  return "%v";
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
  StderrSink(LogLevel lowest, LogEncoding encoding)
      : lowest_(lowest), encoding_(encoding), logger_("hoop", std::make_shared<spdlog::sinks::stderr_color_sink_mt>()) {
    logger_.set_level(ToSpdlog(lowest));
    logger_.set_pattern(PatternOf(encoding));
    logger_.flush_on(spdlog::level::debug);
  }

  bool Wants(LogLevel level) const override { return level >= lowest_; }

  void Write(LogLevel level, std::string_view event, const std::vector<LogField>& fields) override {
    const bool is_json = encoding_ == LogEncoding::kJson;
    std::string line;
    if (encoding_ == LogEncoding::kJournal) line = fmt::format("<{}>", PriorityOf(level));
    if (is_json) {
      line += "\"message\":";
      AppendJsonText(event, line);
    } else {
      line += event;
    }
    for (const LogField& field : fields) {
      if (is_json) {
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
  const LogEncoding encoding_;
  spdlog::logger logger_;
};

}  // namespace

LogSink& StderrLog(LogLevel lowest, LogEncoding encoding) {
  return *new StderrSink(lowest, encoding);  // threads may still log while main() returns
}

}  // namespace hoop
