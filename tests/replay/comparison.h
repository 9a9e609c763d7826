// What one of ours said, held against what the recorded program said in its place. Pure; used by the players.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tests/replay/recording.h"

namespace hoop::replay {

// What the gateway (or, where ours is the peer, the peer) said on one stream, in order. A value.
struct Transcript {
  std::vector<PacketImage> packets;
  std::optional<absl::Status> end;
};

// Recorded ids stand for others when the conversation is held again.
struct Renaming {
  std::map<std::string, std::string> sessions;
  std::map<std::string, std::string> connections;  // client.connection_id; empty: the same
};

// One difference: a short form that tests/replay/differs.yaml knows, and what exactly was seen.
struct Difference {
  std::string
      what;  // "G>C -ClientTCPConnectionClose", "G>C ClientSessionOpenOK +agent.version", "G>C end UNKNOWN > OK"
  std::string detail;
};

// Within what the order counts: sessions of an agent, and connections of a session, come and go by themselves.
enum class Order { kSession, kConnection };

// The recorded packets of one stream and direction ("G>C"). Keepalives count once: how many there are is the clock's.
// Bytes of streams may be cut into packets at will; other payloads and values are compared as they are.
std::vector<Difference> Compare(const std::string& direction, const Transcript& recorded, const Transcript& ours,
                                const Renaming& renaming, Order order);

}  // namespace hoop::replay
