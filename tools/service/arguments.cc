#include "tools/service/arguments.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

namespace hoop {

namespace {

std::string Lines(const std::vector<Word>& words) {
  size_t width = 0;
  for (const Word& word : words) width = std::max(width, word.word.size());
  std::string lines;
  for (const Word& word : words) lines += fmt::format("  {:{}}  {}\n", word.word, width, word.meaning);
  return lines;
}

std::string Help(const ProgramText& text, const Variables& variables) {
  std::string usage = fmt::format("usage: {}", text.name);
  for (const Word& flag : Flags(text)) usage += fmt::format(" [{}]", flag.word);
  std::string commands;
  for (const Word& command : text.commands) commands += fmt::format("       {} {}\n", text.name, command.word);
  return fmt::format("{}: {}\n\n{}\n{}{}{}\nEnvironment:\n{}", text.name, text.summary, usage, commands,
                     Lines(Flags(text)), Lines(text.commands), HelpText(variables));
}

}  // namespace

std::vector<Word> Flags(const ProgramText& text) {
  return {{"--check", text.check},
          {"--debug", "as LOG_LEVEL=debug"},
          {"--debug-grpc", "as LOG_GRPC=2"},
          {"--manual", "print the manual page"},
          {"--version", "print the version"},
          {"--help", "print this"}};
}

bool AsksForHelp(const std::vector<std::string>& words) {
  return std::any_of(words.begin(), words.end(),
                     [](const std::string& word) { return word == "--help" || word == "-h"; });
}

std::optional<int> ReadArguments(const std::vector<std::string>& words, const ProgramText& text,
                                 const Variables& variables, Arguments& arguments) {
  if (AsksForHelp(words)) {
    fmt::print("{}", Help(text, variables));
    return 0;
  }
  for (const std::string& word : words) {
    if (word == "--manual") {
      fmt::print("{}", ManualPage(text, variables));
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
