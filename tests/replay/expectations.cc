#include "tests/replay/expectations.h"

#include <fnmatch.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>

namespace hoop::replay {
namespace {

bool Matches(const std::vector<std::string>& patterns, const std::string& text) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [&text](const std::string& pattern) { return ::fnmatch(pattern.c_str(), text.c_str(), 0) == 0; });
}

// One text or a list of them.
std::vector<std::string> Texts(const YAML::Node& node) {
  if (!node) return {};
  if (node.IsScalar()) return {node.as<std::string>()};
  return node.as<std::vector<std::string>>();
}

}  // namespace

Expectations Expectations::Load(const std::string& path) {
  const YAML::Node file = YAML::LoadFile(path);
  Expectations expectations;
  for (const YAML::Node& node : file["differs"]) {
    expectations.lines_.push_back({.name = node["name"].as<std::string>(),
                                   .part = node["as"].as<std::string>(),
                                   .what = Texts(node["what"]),
                                   .recordings = Texts(node["in"]),
                                   .why = node["why"].as<std::string>()});
  }
  for (const YAML::Node& node : file["waits"]) {
    expectations.waits_.push_back({Texts(node["in"]), Texts(node["as"]), node["for"].as<std::string>()});
  }
  return expectations;
}

std::string Expectations::WaitsFor(const std::string& recording, const Part& part) const {
  for (const Wait& wait : waits_) {
    const bool is_meant =
        wait.parts.empty() || std::find(wait.parts.begin(), wait.parts.end(), part) != wait.parts.end();
    if (is_meant && Matches(wait.recordings, recording)) return wait.what_for;
  }
  return {};
}

std::string Expectations::Allows(const std::string& recording, const Part& part, const Difference& difference) {
  for (Line& line : lines_) {
    if (line.part != part || !Matches(line.what, difference.what)) continue;
    if (!line.recordings.empty() && !Matches(line.recordings, recording)) continue;
    line.used = true;
    return line.name;
  }
  return {};
}

std::vector<std::string> Expectations::Unused() const {
  std::vector<std::string> names;
  for (const Line& line : lines_) {
    if (!line.used) names.push_back(line.part + ": " + line.name);
  }
  return names;
}

}  // namespace hoop::replay
