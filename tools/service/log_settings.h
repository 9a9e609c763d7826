// LOG_ENCODING, LOG_LEVEL and LOG_GRPC: the same for all programs that serve.
#pragma once

#include <optional>

#include "hoop/log.h"
#include "tools/service/variable.h"

namespace hoop {

struct LogSettings {
  LogLevel level = LogLevel::kInfo;
  std::optional<LogEncoding> encoding;  // none: as ChooseEncoding finds
  int grpc = 0;                         // LOG_GRPC: 0, 1, 2

  // People get text, systemd's journal gets text with priorities, everybody else gets JSON.
  LogEncoding ChooseEncoding(const Environment& environment) const;
};

// `grpc_meaning`: what LOG_GRPC does in this program.
void AddLogVariables(Variables& variables, LogSettings& to, std::string grpc_meaning);

// True when standard error is the stream that JOURNAL_STREAM ("<device>:<inode>") names.
bool IsJournal(std::string_view journal_stream, int descriptor);

}  // namespace hoop
