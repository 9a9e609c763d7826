// What the library has to say, as events. It is silent until a host hands in a sink.
#pragma once

#include <string_view>
#include <utility>
#include <vector>

namespace hoop {

// error: an operator must act. warning: will become an error. info: life cycle, and nothing that a stranger can
// repeat at will. debug: per packet.
enum class LogLevel { kDebug, kInfo, kWarning, kError };

struct LogField {
  std::string_view key;
  std::string_view value;
};

// Owned by the host, outlives what it was given to. Called from any thread, never under a lock of ours.
class LogSink {
 public:
  virtual ~LogSink() = default;
  virtual bool Wants(LogLevel level) const = 0;
  virtual void Write(LogLevel level, std::string_view event, const std::vector<LogField>& fields) = 0;
};

enum class LogEncoding {
  kConsole,  // for people: time, level, event, key=value; in colour on a terminal
  kJson,     // one object per line
  kJournal,  // for systemd's journal, which has the time: "<6>" and the like as priority, no colour
};

// A sink on stderr. Lives until the process ends.
LogSink& StderrLog(LogLevel lowest, LogEncoding encoding);

}  // namespace hoop
