#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "tools/roff.h"
#include "tools/service/agent_settings.h"
#include "tools/service/arguments.h"
#include "tools/service/gateway_settings.h"

namespace hoop {
namespace {

ProgramText Program() {
  return {.name = "hoop-x",
          .summary = "does things",
          .version = "1.2",
          .check = "looks at things",
          .description = ".hidden files",
          .commands = {{"backup FILE", "writes one"}},
          .signals = {{"HUP", "reads again"}},
          .see_also = {"hoop(1)", "hoop-y(8)"}};
}

TEST(Manual, EveryVariableOfBothTablesIsOnThePage) {
  GatewaySettings gateway;
  AgentSettings agent;
  for (const Variables& table : {GatewayVariables(gateway), AgentVariables(agent)}) {
    const std::string page = ManualPage(Program(), table);
    for (const Variable& variable : table) {
      EXPECT_NE(page.find("\\fB" + Roff(variable.name) + "\\fR=\\fI" + Roff(variable.form) + "\\fR\n" +
                          Roff(variable.meaning) + "."),
                std::string::npos)
          << variable.name;
      if (!variable.otherwise.empty()) {
        EXPECT_NE(page.find("Default: " + Roff(variable.otherwise) + ".\n"), std::string::npos) << variable.name;
      }
      for (const std::string& name : variable.old_names) {
        EXPECT_NE(page.find("Also: \\fB" + Roff(name)), std::string::npos) << name;
      }
    }
  }
}

TEST(Manual, FlagsCommandsAndSignalsAreOnThePage) {
  const std::string page = ManualPage(Program(), {});
  for (const Word& flag : Flags(Program())) {
    EXPECT_NE(page.find(".TP\n\\fB" + Roff(flag.word) + "\\fR\n" + Roff(flag.meaning)), std::string::npos) << flag.word;
  }
  for (const char* part : {".TH \"hoop\\-x\" 8", "\\fBbackup FILE\\fR\nwrites one", "\\fBHUP\\fR\nreads again",
                           "hoop(1), hoop\\-y(8)", "\n\\&.hidden files"}) {
    EXPECT_NE(page.find(part), std::string::npos) << part << " is not in:\n" << page;
  }
}

TEST(Manual, OnlyRequestsOfOursBeginWithADot) {
  std::istringstream lines(ManualPage(Program(), {{.name = "X", .form = "'a", .meaning = ".b"}}));
  const std::vector<std::string> ours = {".TH", ".SH", ".TP", ".br"};
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with('.') && !line.starts_with('\'')) continue;
    EXPECT_NE(std::find(ours.begin(), ours.end(), line.substr(0, 3)), ours.end()) << line;
  }
}

}  // namespace
}  // namespace hoop
