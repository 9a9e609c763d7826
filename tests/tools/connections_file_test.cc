#include "tools/hoop/connections_file.h"

#include <gtest/gtest.h>

#include <fstream>

#include "tests/support/temp_folder.h"

namespace hoop::cli {
namespace {

class ConnectionsFile : public ::testing::Test {
 protected:
  // What is said of a file, without its path; "" when it is good.
  std::string Refusal(const std::string& text) {
    const std::string path = folder_.file("my.yaml");
    std::ofstream(path) << text;
    const auto loaded = LoadConnectionsFile(path, "dev");
    if (loaded.ok()) return "";
    const std::string said(loaded.status().message());
    EXPECT_TRUE(said.starts_with(path + ":")) << said;
    return said.substr(path.size() + 1);
  }

  hoop::testing::TempFolder folder_;
};

constexpr char kIndented[] =
    ": this line is indented otherwise than those it belongs to: each \"- name:\" of the list begins in one column, "
    "and "
    "each key of a connection below its \"name\"; blanks, no tabs";

TEST_F(ConnectionsFile, SaysWhichLineIsIndentedOtherwise) {
  EXPECT_EQ(Refusal("connections:\n  - name: orders\n    type: database/postgres\n"), "");
  EXPECT_EQ(Refusal("connections:\n  - name: orders\n     type: custom\n"), std::string("3") + kIndented);
  EXPECT_EQ(Refusal("connections:\n  - name: orders\n    type: custom\n   env: {A: b}\n"),
            std::string("4") + kIndented);
  EXPECT_EQ(Refusal("connections:\n  - name: orders\n  type: custom\n"), std::string("3") + kIndented);
  EXPECT_EQ(Refusal("connections:\n\t- name: orders\n"), std::string("2") + kIndented);
  EXPECT_EQ(Refusal("connections:\n  - name: orders\n    command: [bash\n"),
            "4: no YAML: end of sequence flow not found");
}

TEST_F(ConnectionsFile, SaysWhatIsExpectedInstead) {
  EXPECT_EQ(Refusal("agent: dev\nconnections:\n  name: orders\n"),
            "3: connections: a list is expected, whose entries begin with \"- name:\"");
  EXPECT_EQ(Refusal("agent: dev\n"), "1: connections is missing: the list of them");
  EXPECT_EQ(Refusal("connections:\n  - name: orders\n    env:\n    HOST: h\n"),
            "4: unknown key \"HOST\": one of access_modes, agent, command, env, groups, name, overwrite, record, tags, "
            "type is expected here");
  EXPECT_EQ(Refusal("connections:\n  - name orders\n"),
            "2: keys with values are expected, of access_modes, agent, command, env, groups, name, overwrite, record, "
            "tags, type");
}

TEST_F(ConnectionsFile, NamesTheLineOfAnIncompleteType) {
  for (const std::string type : {"database/", "/postgres", "/"}) {
    EXPECT_EQ(Refusal("connections:\n  - name: orders\n    type: " + type + "\n"),
              "3: type: \"" + type + "\" is incomplete: TYPE or TYPE/SUBTYPE is expected, as database/postgres");
  }
}

}  // namespace
}  // namespace hoop::cli
