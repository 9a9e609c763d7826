#include "tools/service/arguments.h"

#include <fmt/format.h>

#include <cstdio>

namespace hoop {

std::optional<int> ReadArguments(const std::vector<std::string>& words, const ProgramText& text,
                                 const Variables& variables, Arguments& arguments) {
  for (const std::string& word : words) {
    if (word == "--help" || word == "-h") {
      fmt::print(
          "{}: {}\n\nusage: {} [--check] [--debug] [--debug-grpc] [--version] [--help]\n"
          "  --check       read and check the configuration, serve nothing\n"
          "  --debug       as LOG_LEVEL=debug\n"
          "  --debug-grpc  as LOG_GRPC=2\n{}\nEnvironment:\n{}",
          text.name, text.summary, text.name, text.commands, HelpText(variables));
      return 0;
    }
    if (word == "--version") {
      fmt::print("{} {}\n", text.name, text.version);
      return 0;
    }
    if (word == "--check") {
      arguments.check = true;
    } else if (word == "--debug") {
      arguments.debug = true;
    } else if (word == "--debug-grpc") {
      arguments.debug_grpc = true;
    } else {
      fmt::print(stderr, "{}: unknown argument {}; see {} --help\n", text.name, word, text.name);
      return 1;
    }
  }
  return std::nullopt;
}

LogSink& OpenLog(LogSettings settings, const Arguments& arguments, const Environment& environment) {
  return StderrLog(arguments.debug ? LogLevel::kDebug : settings.level, settings.ChooseEncoding(environment));
}

}  // namespace hoop
