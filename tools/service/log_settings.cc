#include "tools/service/log_settings.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/service/values.h"

namespace hoop {

bool IsJournal(std::string_view journal_stream, int descriptor) {
  struct stat file = {};
  return !journal_stream.empty() && ::fstat(descriptor, &file) == 0 &&
         journal_stream == fmt::format("{}:{}", file.st_dev, file.st_ino);
}

LogEncoding LogSettings::ChooseEncoding(const Environment& environment) const {
  const auto journal_stream = environment.find("JOURNAL_STREAM");
  const bool is_journal = journal_stream != environment.end() && IsJournal(journal_stream->second, STDERR_FILENO);
  if (encoding == LogEncoding::kJson) return LogEncoding::kJson;
  if (is_journal) return LogEncoding::kJournal;
  if (encoding) return *encoding;
  return ::isatty(STDERR_FILENO) ? LogEncoding::kConsole : LogEncoding::kJson;
}

void AddLogVariables(Variables& variables, LogSettings& to, std::string grpc_meaning) {
  using Encoding = std::optional<LogEncoding>;
  variables.push_back({.name = "LOG_ENCODING",
                       .form = "json | console",
                       .otherwise = "console on a terminal and in systemd's journal, else json",
                       .meaning = "how the log on standard error looks; human and verbose mean console",
                       .store = StoreChoice<Encoding>(to.encoding, {{"json", LogEncoding::kJson},
                                                                    {"console", LogEncoding::kConsole},
                                                                    {"human", LogEncoding::kConsole},
                                                                    {"verbose", LogEncoding::kConsole}})});
  variables.push_back({.name = "LOG_LEVEL",
                       .form = "debug | info | warn | error",
                       .otherwise = "info",
                       .meaning = "the least that is logged; trace means debug, warning means warn",
                       .store = StoreChoice<LogLevel>(to.level, {{"debug", LogLevel::kDebug},
                                                                 {"info", LogLevel::kInfo},
                                                                 {"warn", LogLevel::kWarning},
                                                                 {"error", LogLevel::kError},
                                                                 {"trace", LogLevel::kDebug},
                                                                 {"warning", LogLevel::kWarning}})});
  variables.push_back({.name = "LOG_GRPC",
                       .form = "0 | 1 | 2",
                       .otherwise = "0",
                       .meaning = std::move(grpc_meaning),
                       .store = StoreChoice<int>(to.grpc, {{"0", 0}, {"1", 1}, {"2", 2}})});
}

}  // namespace hoop
