// An agent's leg whose other end is the test.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "session/agent_leg.h"

namespace hoop {

// What outlives the leg.
struct AgentScript {
  std::vector<Packet> sent;
  std::map<std::string, AgentLeg::StreamReady> expected;
  AgentLeg::Receiver* receiver = nullptr;
  int holds = 0;
  size_t queued_bytes = 0;
};

class ScriptedLeg final : public AgentLeg {
 public:
  explicit ScriptedLeg(AgentScript& script) : script_(script) {}
  void Start(Receiver& receiver) override { script_.receiver = &receiver; }
  void Send(Packet packet) override { script_.sent.push_back(std::move(packet)); }
  size_t queued_bytes() const override { return script_.queued_bytes; }
  void HoldReading() override { ++script_.holds; }
  void ReleaseReading() override { --script_.holds; }
  std::string ExpectStream(StreamReady ready) override {
    const std::string token = "token-" + std::to_string(script_.expected.size());
    script_.expected.emplace(token, std::move(ready));
    return token;
  }
  void ForgetStream(std::string_view token) override { script_.expected.erase(std::string(token)); }

 private:
  AgentScript& script_;
};

}  // namespace hoop
