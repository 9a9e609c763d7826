// Sessions of clients old and new on the one stream of an agent of before our capabilities: nobody's reader is
// another one's business for longer than two seconds.
#include <gtest/gtest.h>

#include "base/limits/session.h"
#include "base/status.h"
#include "tests/replay/gateway_fixture.h"
#include "tests/support/status_matchers.h"
#include "wire/packet_types.h"
#include "wire/spec_keys.h"

namespace hoop {
namespace {

using replay::GatewayUnderTest;
using replay::PacketImage;
using replay::Peer;

constexpr int kInteractive = 16;
constexpr size_t kChunk = 32 * limits::kKiB;  // what real agents read at once

class SharedStream : public ::testing::Test {
 protected:
  struct Session {
    Peer* client = nullptr;
    std::string id;
    size_t received_bytes = 0;
    int answers = 0;
  };

  SharedStream() : agent_(ConnectAgent()) {
    gateway_.Settle();
    gateway_.AddConnection({.connection_name = "tcp", .connection_type = "tcp"}, "old");
  }
  Peer& ConnectAgent() {
    Peer& agent = gateway_.Connect({{"origin", "agent"},
                                    {"version", "1.19.0"},
                                    {"authorization", "Bearer " + gateway_.AddAgent("old", "standard")}});
    // An echo that shares one stream among all its sessions.
    agent.on_packet = [this, &agent](const Packet& packet) {
      if (packet.type() == packet::kAgentSessionOpen) {
        agent.Send(Packet(packet::kClientSessionOpenOk, {{spec::kSessionId, packet.SpecText(spec::kSessionId)}}));
      } else if (packet.type() == packet::kAgentTcpWrite) {
        SendReply(packet.SpecText(spec::kSessionId), packet.SpecText(spec::kConnectionId), packet.payload());
      }
    };
    return agent;
  }
  void SendReply(std::string_view session_id, std::string_view connection_id, std::string_view bytes) {
    agent_.Send(
        Packet(packet::kClientTcpWrite, {{spec::kSessionId, session_id}, {spec::kConnectionId, connection_id}}, bytes));
  }

  Session& Open() {
    Session& session = sessions_.emplace_back();
    session.client = &gateway_.Connect({{"origin", "client"},
                                        {"authorization", std::string("Bearer ") + replay::kUserToken},
                                        {"verb", "connect"},
                                        {"connection-name", "tcp"}});
    session.client->Send(Packet(packet::kAgentSessionOpen));
    gateway_.Settle();
    session.id = session.client->transcript.packets.at(0).Get(spec::kSessionId);
    session.client->on_packet = [&session](const Packet& packet) {
      if (packet.type() != packet::kClientTcpWrite) return;
      session.received_bytes += packet.payload().size();
      ++session.answers;
    };
    Ask(session);
    gateway_.Settle();
    EXPECT_EQ(session.answers, 1);
    return session;
  }
  static void Ask(Session& session) {
    session.client->Send(Packet(packet::kAgentTcpWrite, {{spec::kConnectionId, "000001"}}, "ping"));
  }

  GatewayUnderTest gateway_;
  Peer& agent_;
  std::deque<Session> sessions_;
};

TEST_F(SharedStream, AStoppedReaderEndsAloneAndItsNeighboursGoOn) {
  Session& stopped = Open();
  Session& bulk = Open();
  std::vector<Session*> interactive;
  for (int i = 0; i < kInteractive; ++i) interactive.push_back(&Open());

  // The agent has 8 MiB for each of two sessions, one of which reads nothing; sixteen others ask and are answered.
  stopped.client->SetReading(false);
  constexpr size_t kBulkBytes = 8 * limits::kMiB;
  const std::string piece(kChunk, 'x');
  for (size_t sent = 0; sent < kBulkBytes; sent += piece.size()) {
    SendReply(bulk.id, "000001", piece);
    SendReply(stopped.id, "000001", piece);
  }
  for (Session* session : interactive) Ask(*session);
  gateway_.Settle();
  EXPECT_LT(bulk.received_bytes, kBulkBytes) << "the shared stream is held for a moment";
  EXPECT_FALSE(stopped.client->transcript.end.has_value());

  // Two seconds without a byte, and the stopped one is out.
  gateway_.Advance(limits::kSharedStreamStallTime);
  EXPECT_EQ(bulk.received_bytes, kBulkBytes + 4);
  for (Session* session : interactive) EXPECT_EQ(session->answers, 2);
  EXPECT_EQ(gateway_.audit().sessions[stopped.id].seals.at(0).reason,
            "client read nothing for 2s, and the agent's stream is shared");
  EXPECT_TRUE(gateway_.audit().sessions[bulk.id].seals.empty());
  for (Session* session : interactive) EXPECT_TRUE(gateway_.audit().sessions[session->id].seals.empty());

  // What the agent still sends for it harms nobody, and the others stay usable.
  for (int i = 0; i < 100; ++i) SendReply(stopped.id, "000001", piece);
  for (Session* session : interactive) Ask(*session);
  Ask(bulk);
  gateway_.Settle();
  for (Session* session : interactive) EXPECT_EQ(session->answers, 3);
  EXPECT_EQ(bulk.received_bytes, kBulkBytes + 8);
  EXPECT_FALSE(agent_.transcript.end.has_value());
}

TEST_F(SharedStream, ASlowReaderOnlySlowsDown) {
  Session& slow = Open();
  Session& other = Open();
  slow.client->SetReading(false);
  for (int i = 0; i < 128; ++i) SendReply(slow.id, "000001", std::string(kChunk, 'x'));
  gateway_.Settle();
  Ask(other);
  gateway_.Settle();
  EXPECT_EQ(other.answers, 1) << "the shared stream is held";
  slow.client->SetReading(true);
  gateway_.Settle();
  EXPECT_EQ(slow.received_bytes, 128 * kChunk + 4);
  EXPECT_EQ(other.answers, 2);
  gateway_.Advance(2 * limits::kSharedStreamStallTime);
  EXPECT_FALSE(slow.client->transcript.end.has_value());
}

TEST_F(SharedStream, AReaderBelowTheBoundMayStopForGood) {
  Session& stopped = Open();
  Session& other = Open();
  stopped.client->SetReading(false);
  for (int i = 0; i < 16; ++i) SendReply(stopped.id, "000001", std::string(kChunk, 'x'));  // 512 KiB
  gateway_.Settle();
  gateway_.Advance(absl::Hours(1));
  Ask(other);
  gateway_.Settle();
  EXPECT_EQ(other.answers, 2);
  EXPECT_FALSE(stopped.client->transcript.end.has_value());
}

}  // namespace
}  // namespace hoop
