// tests/replay/differs.yaml: where ours deliberately differs from the recorded programs and why, and which recordings
// wait for something that is not built. Read by replay_test.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "tests/replay/comparison.h"

namespace hoop::replay {

// gateway, agent or client.
using Part = std::string;

class Expectations final {
 public:
  // Aborts on a file that cannot be read: it is ours.
  static Expectations Load(const std::string& path);

  // Words for what it waits for; "" when it is played.
  std::string WaitsFor(const std::string& recording, const Part& part) const;

  // The name of the line that allows this difference; "" when there is none.
  std::string Allows(const std::string& recording, const Part& part, const Difference& difference);

  // Lines that allowed nothing in all that was asked: they are to go.
  std::vector<std::string> Unused() const;

  struct Line {
    std::string name;
    Part part;
    std::vector<std::string> what;        // forms of differences; '*' stands for any text
    std::vector<std::string> recordings;  // patterns; empty: all
    std::string why;
    bool used = false;
  };
  struct Wait {
    std::vector<std::string> recordings;
    std::vector<Part> parts;
    std::string what_for;
  };
  const std::vector<Line>& lines() const { return lines_; }

 private:
  std::vector<Line> lines_;
  std::vector<Wait> waits_;
};

}  // namespace hoop::replay
