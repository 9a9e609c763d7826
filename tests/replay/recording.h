// A recorded conversation of the real programs, in one form for both eras: tests/vectors/packets (2026) and packets24.
// Read by the players, which hold the same conversation with ours.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "wire/connection_params.h"
#include "wire/metadata.h"
#include "wire/packet.h"

namespace hoop::replay {

// A packet as it was recorded, or as one of ours looked to its receiver. A value.
struct PacketImage {
  std::string type;
  std::map<std::string, std::string> spec;
  std::string payload;  // of a cut one: as long as the real one, only the beginning is true
  size_t true_bytes = 0;
  std::vector<std::string> cut_keys;  // spec values that were cut

  static PacketImage Of(const Packet& packet);
  Packet ToPacket() const;
  bool is_cut() const { return true_bytes < payload.size(); }
  std::string Get(std::string_view key) const;  // "" when absent
};

enum class Leg { kClient, kAgent, kUnary };

struct Event {
  enum class Kind {
    kOpen,       // metadata, method
    kPacket,     // from_peer: the client's or agent's; else the gateway's
    kMessage,    // of a unary call; from_peer: the request
    kHalfClose,  // of the peer
    kPeerLeft,
    kEnd,  // by the gateway: status
  };
  int64_t time_ms = 0;
  int stream = 0;
  Leg leg = Leg::kClient;
  Kind kind = Kind::kPacket;
  bool from_peer = true;
  PacketImage packet;
  Metadata metadata;
  std::string method;
  std::string message;
  absl::Status status;
};

// A value. Keepalives of peers that no scenario is about, and what the recorder itself did to its streams, are left
// out.
struct Recording {
  std::string name;  // packets/tcp_open_close
  std::vector<Event> events;

  bool is_2024() const { return name.starts_with("packets24/"); }
  // Streams of a leg in the order in which they appear.
  std::vector<int> Streams(Leg leg) const;
  const Event* Open(int stream) const;  // null: it began before the recording
};

// For test output.
inline void PrintTo(const Recording& recording, std::ostream* out) { *out << recording.name; }

// All files of both eras, by name.
std::vector<Recording> LoadRecordings();

// What the recorded gateways told agents about each connection, by its name and era ("packets24/pgt"): for those files
// in which it is cut, and for gateways under test that have to know the same connections.
const std::map<std::string, AgentConnectionParams>& RecordedConnections();
std::optional<AgentConnectionParams> ConnectionOf(const Recording& recording, std::string_view name);

}  // namespace hoop::replay
