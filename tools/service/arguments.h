// The command line of hoop-gateway and hoop-agent: a few flags; everything else comes from the environment.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tools/service/log_settings.h"
#include "tools/service/variable.h"

namespace hoop {

struct Arguments {
  bool check = false;       // --check: read and check the configuration, serve nothing
  bool debug = false;       // --debug: as LOG_LEVEL=debug
  bool debug_grpc = false;  // --debug-grpc: as LOG_GRPC=2
};

// What a program says of itself for --help.
struct ProgramText {
  std::string name;     // "hoop-gateway"
  std::string summary;  // one line
  std::string version;
  std::string commands;  // lines of help for words of its own
};

// Answers --help and --version itself. An exit code instead of arguments: there is nothing more to do.
std::optional<int> ReadArguments(const std::vector<std::string>& words, const ProgramText& text,
                                 const Variables& variables, Arguments& arguments);

// The log that settings and arguments ask for.
LogSink& OpenLog(LogSettings settings, const Arguments& arguments, const Environment& environment);

}  // namespace hoop
