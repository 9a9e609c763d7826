// The command line of hoop-gateway and hoop-agent: a few flags; everything else comes from the environment.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tools/service/log_settings.h"
#include "tools/service/variable.h"

namespace hoop {

struct Arguments {
  bool check = false;       // --check: see ProgramText
  bool debug = false;       // --debug: as LOG_LEVEL=debug
  bool debug_grpc = false;  // --debug-grpc: as LOG_GRPC=2
};

// Something that may be said to a program - a flag, a command, a signal - and what it means.
struct Word {
  std::string word;
  std::string meaning;
};

// What a program says of itself: for --help and for its manual page.
struct ProgramText {
  std::string name;     // "hoop-gateway"
  std::string summary;  // one line
  std::string version;
  std::string check;           // what --check does
  std::string description;     // a paragraph
  std::vector<Word> commands;  // words of its own
  std::vector<Word> signals;
  std::vector<std::string> see_also;  // "hoop(1)"
};

// The flags of the program.
std::vector<Word> Flags(const ProgramText& text);

bool AsksForHelp(const std::vector<std::string>& words);

// In the language of man(7), for section 8.
std::string ManualPage(const ProgramText& text, const Variables& variables);

// Answers --help, --manual and --version itself. An exit code instead of arguments: there is nothing more to do.
std::optional<int> ReadArguments(const std::vector<std::string>& words, const ProgramText& text,
                                 const Variables& variables, Arguments& arguments);

// The log that settings and arguments ask for.
LogSink& OpenLog(LogSettings settings, const Arguments& arguments, const Environment& environment);

}  // namespace hoop
