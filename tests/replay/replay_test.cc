// Holds every recorded conversation of the real programs with ours in their places, and keeps docs/replay.md true:
// each test plays one recording as one part and looks its result up in that table.
//   replay_test             plays everything
//   replay_test --table     prints the page as it should be
#include <gtest/gtest.h>

#include <fstream>
#include <iostream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "base/status.h"
#include "hoop/agent.h"
#include "tests/replay/expectations.h"
#include "tests/replay/players.h"
#include "tests/replay/recording.h"

namespace hoop::replay {
namespace {

const Part kParts[] = {"gateway", "agent", "client"};

Expectations& KnownDifferences() {
  static auto* const expectations = new Expectations(Expectations::Load(HOOP_REPLAY_FOLDER "/differs.yaml"));
  return *expectations;
}

Played Play(const Recording& recording, const Part& part) {
  if (part == "agent") return PlayAgent(recording);
  if (part == "client") return PlayClient(recording);
  return PlayGateway(recording);
}

// What a cell of the table says, and what nobody allowed.
struct Result {
  std::string cell;
  std::string unexplained;
};

Result PlayPart(const Recording& recording, const Part& part) {
  if (const std::string what = KnownDifferences().WaitsFor(recording.name, part); !what.empty()) {
    return {.cell = "waits: " + what};
  }
  const Played played = Play(recording, part);
  if (!played) return {.cell = "-"};
  Result result;
  std::set<std::string> names;
  for (const Difference& difference : *played) {
    const std::string name = KnownDifferences().Allows(recording.name, part, difference);
    if (name.empty()) {
      result.unexplained += fmt::format("  {}\n      {}\n", difference.what, difference.detail);
    } else {
      names.insert(name);
    }
  }
  for (const std::string& name : names) result.cell += (result.cell.empty() ? "differs: " : ", ") + name;
  if (names.empty()) result.cell = "same";
  return result;
}

std::string PrintPage() {
  std::ostringstream page;
  page << "# Recorded conversations\n\n"
          "Every recorded conversation of the real programs, held again with ours in the place of one of them\n"
          "(`tests/replay`; written by `replay_test --table`, checked by ctest). `packets/`: programs of 2026,\n"
          "`packets24/`: of 2024. same: packet by packet. differs: by the lines below, and the peer lives with it.\n"
          "waits: for what is not built yet. -: the recording shows nothing of this part. Of the headers, "
          "`go-version`,\n"
          "`compiler` and `apiv2` are not sent by ours and not compared: no gateway needs them.\n\n"
          "| recording | as gateway | as agent | as client |\n|---|---|---|---|\n";
  for (const Recording& recording : LoadRecordings()) {
    page << "| " << recording.name << " |";
    for (const Part& part : kParts) {
      const Result result = PlayPart(recording, part);
      page << " " << (result.unexplained.empty() ? result.cell : "UNEXPLAINED " + result.unexplained) << " |";
    }
    page << "\n";
  }
  page << "\n## Why ours differs\n\n| as | name | why |\n|---|---|---|\n";
  for (const Expectations::Line& line : KnownDifferences().lines()) {
    page << "| " << line.part << " | " << line.name << " | " << line.why << " |\n";
  }
  return page.str();
}

std::string PageInTree() {
  std::ifstream in(HOOP_REPLAY_PAGE);
  return std::string(std::istreambuf_iterator<char>(in), {});
}

class Replay : public ::testing::TestWithParam<std::tuple<Part, Recording>> {};

TEST_P(Replay, ConversationIsAsRecorded) {
  const auto& [part, recording] = GetParam();
  const Result result = PlayPart(recording, part);
  EXPECT_EQ(result.unexplained, "");
  // The cell of this part, behind the name.
  std::istringstream page(PageInTree());
  std::string line, cell;
  while (std::getline(page, line) && line.find("| " + recording.name + " |") != 0) {
  }
  std::istringstream cells(line);
  std::getline(cells, cell, '|');
  std::getline(cells, cell, '|');
  for (const Part& each : kParts) {
    std::getline(cells, cell, '|');
    if (each == part) break;
  }
  EXPECT_EQ(cell, " " + result.cell + " ") << "docs/replay.md says otherwise: replay_test --table > docs/replay.md";
}

std::string NameOf(const ::testing::TestParamInfo<std::tuple<Part, Recording>>& info) {
  std::string name = std::get<0>(info.param) + "_" + std::get<1>(info.param).name;
  for (char& c : name) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
  }
  return name;
}
INSTANTIATE_TEST_SUITE_P(All, Replay,
                         ::testing::Combine(::testing::ValuesIn(kParts), ::testing::ValuesIn(LoadRecordings())),
                         NameOf);

// Behind all tests, when all of them ran: a line that allows nothing any more is to go.
class Leftovers final : public ::testing::Environment {
 public:
  void TearDown() override {
    if (::testing::UnitTest::GetInstance()->test_to_run_count() < 260) return;
    EXPECT_EQ(KnownDifferences().Unused(), std::vector<std::string>());
  }
};

}  // namespace
}  // namespace hoop::replay

int main(int count, char** arguments) {
  if (count == 2 && std::string_view(arguments[1]) == "warden") return hoop::RunWarden();
  if (count == 2 && std::string_view(arguments[1]) == "--table") {
    std::cout << hoop::replay::PrintPage();
    return 0;
  }
  ::testing::InitGoogleTest(&count, arguments);
  ::testing::AddGlobalTestEnvironment(new hoop::replay::Leftovers);
  return RUN_ALL_TESTS();
}
