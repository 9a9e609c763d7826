// What an attack is. A new one is a function and a line in the table of its file.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tests/floods/raw_socket.h"

namespace hoop::floods {

// What is attacked, and with what. A value.
struct Target {
  uint16_t grpc_port = 0;
  uint16_t http_port = 0;
  std::string agent_key;      // a valid one: its owner attacks, too
  std::string user_token;     // the same
  std::string connection;     // which that user may use
  Seconds time = Seconds(1);  // how long a flood lasts that nobody ends
};

// How an attack ended, in the attacker's eyes.
struct Outcome {
  enum class Kind { kCut, kHeld, kNotLetIn, kFailed };
  Kind kind = Kind::kFailed;
  std::string detail;

  // The gateway ended the connection.
  static Outcome Cut(std::string detail) { return {Kind::kCut, std::move(detail)}; }
  // The attack costs its own stream or time only; the connection goes on.
  static Outcome Held(std::string detail) { return {Kind::kHeld, std::move(detail)}; }
  // The credentials are not taken: right for who was cut before.
  static Outcome NotLetIn() { return {Kind::kNotLetIn, "the credentials were not taken"}; }
  // A promise is broken.
  static Outcome Failed(std::string detail) { return {Kind::kFailed, std::move(detail)}; }
};

// Who attacks: nobody knows him, or he has the key of an agent or the token of a user.
enum class Who { kStranger, kAgent, kUser };
std::string_view NameOf(Who who);

// What has to happen to the attacker.
enum class Must {
  kBeCut,     // within the attack's time
  kBeHeld,    // it may go on, its neighbours do not notice
  kBeEither,  // whichever comes first; memory decides
};

// How long an attack takes. What the gateway slows down needs seconds until it is too much. Those that wait for a
// deadline of the gateway run side by side, and so do crowds; not both, because a crowd drives the others out.
enum class Lasts { kMoment, kUntilItIsMuch, kUntilDeadline, kUntilCrowdIsGone };

struct Attack {
  std::string_view name;
  Must must;
  Outcome (*run)(const Target& target, Who who);
  std::vector<Who> by = {Who::kStranger};
  Lasts lasts = Lasts::kMoment;
  // Memory that the gateway may take for it, beyond what all attacks get: for a known peer, or a password's hash.
  size_t extra_mib = 0;
};

// One table per file.
const std::vector<Attack>& Http2Attacks();
const std::vector<Attack>& HeaderAttacks();
const std::vector<Attack>& GrpcAttacks();
const std::vector<Attack>& HttpAttacks();
const std::vector<Attack>& CrowdAttacks();
const std::vector<Attack>& TlsAttacks();

}  // namespace hoop::floods
