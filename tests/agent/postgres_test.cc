#include "agent/connectors/postgres.h"

#include <sys/un.h>

#include <algorithm>

#include "base/limits/postgres.h"
#include "protocol/postgres/messages.h"
#include "tests/agent/scripted_gateway.h"
#include "tests/agent/socket_server.h"
#include "tests/support/status_matchers.h"

namespace hoop {
namespace {

constexpr std::string_view kSession = "sid-1";
constexpr std::string_view kId = "000001";

// The server's side of a login with a password in the clear; returns the start-up message.
postgres::StartupMessage Serve(const Descriptor& socket, std::string_view behind_ready = "") {
  std::string head = ReadAll(socket.get(), 8);
  if (head == postgres::BuildSslRequest()) {
    WriteAll(socket, "N");
    head = ReadAll(socket.get(), 8);
  }
  const size_t size = static_cast<uint8_t>(head[2]) * 256u + static_cast<uint8_t>(head[3]);
  const auto startup = postgres::ParseStartup(head + ReadAll(socket.get(), size - 8));
  EXPECT_OK(startup);
  WriteAll(socket, postgres::BuildAuthentication({postgres::Authentication::kCleartextPassword, ""}));
  const std::string password = postgres::BuildPassword("s3cret");
  EXPECT_EQ(ReadAll(socket.get(), password.size()), password);
  WriteAll(socket, postgres::BuildAuthentication({postgres::Authentication::kOk, ""}) +
                       postgres::BuildParameterStatus("server_version", "15") +
                       postgres::BuildBackendKey({77, "abcd"}) + postgres::BuildReadyForQuery('I') +
                       std::string(behind_ready));
  return startup.ok() ? *startup : postgres::StartupMessage();
}

Packet Write(std::string_view bytes, std::string_view id = kId) {
  return Packet(packet::kAgentPostgresWrite, {{spec::kSessionId, kSession}, {spec::kConnectionId, id}}, bytes);
}

std::string Startup() {
  postgres::StartupMessage startup;
  startup.parameters = {{"user", "noop"}, {"database", "shop"}, {"application_name", "psql"}};
  return postgres::BuildStartup(startup);
}

class Postgres : public ::testing::Test {
 protected:
  void Open(std::map<std::string, std::string> more = {}) {
    more.merge(server.variables());
    more.merge(std::map<std::string, std::string>{{"USER", "real"}, {"PASS", "s3cret"}, {"SSLMODE", "disable"}});
    gateway->Open(kSession, NetworkParams("postgres", more));
    server.Accept();  // liveness
    gateway->WaitFor(gateway->control(), packet::kClientSessionOpenOk);
  }
  std::vector<SeenPacket> Packets(ScriptedGateway::Stream& stream, size_t count) {
    std::vector<SeenPacket> result;
    gateway->WaitUntil([&] {
      result.clear();
      for (const SeenPacket& packet : stream.seen) {
        if (packet.type == packet::kClientPostgresWrite) result.push_back(packet);
      }
      return result.size() >= count;
    });
    return result;
  }

  SocketServer server;
  std::unique_ptr<ScriptedGateway> gateway = std::make_unique<ScriptedGateway>();
};

TEST_F(Postgres, LogsInWithTheConnectionsUserAndRelays) {
  Open();
  ScriptedGateway::Stream& stream = gateway->Connect(kSession, kId, "t1");
  gateway->Send(stream, Write(postgres::BuildSslRequest()));
  EXPECT_EQ(Packets(stream, 1)[0].payload, "N");
  gateway->Send(stream, Write(Startup()));
  Descriptor socket = server.Accept();
  const postgres::StartupMessage startup = Serve(socket);
  EXPECT_EQ(startup.Get("user"), "real");
  EXPECT_EQ(startup.Get("database"), "shop");
  EXPECT_EQ(startup.Get("application_name"), "psql");

  const std::string key = postgres::BuildBackendKey({77, "abcd"});
  gateway->WaitUntil([&] {
    return ScriptedGateway::Joined(stream, packet::kClientPostgresWrite).ends_with(postgres::BuildReadyForQuery('I'));
  });
  bool key_begins_a_packet = false;
  for (const SeenPacket& packet : Packets(stream, 1)) key_begins_a_packet |= packet.payload.starts_with(key);
  EXPECT_TRUE(key_begins_a_packet);

  gateway->Send(stream, Write("query bytes"));
  EXPECT_EQ(ReadAll(socket.get(), 11), "query bytes");
  WriteAll(socket, postgres::BuildTerminate());
  EXPECT_TRUE(gateway->WaitUntil([&] {
    return ScriptedGateway::Joined(stream, packet::kClientPostgresWrite).ends_with(postgres::BuildTerminate());
  }));
}

TEST_F(Postgres, OldPeersGetAMessageThatIsTooBigForAPacketInParts) {
  gateway = std::make_unique<ScriptedGateway>("");
  Open();
  ScriptedGateway::Stream& control = gateway->control();
  gateway->Send(control, Write(Startup()));
  Descriptor socket = server.Accept();
  std::string text(limits::kPostgresPacketFrameBytesMax, 'r');
  for (size_t at = 1000; at < text.size(); at += 7) text[at] = 'K';
  const std::string row = postgres::BuildMessage('D', text);
  Serve(socket);
  const size_t greeting = gateway->WaitForBytes(control, packet::kClientPostgresWrite, 50).size();
  WriteAll(socket, row + postgres::BuildReadyForQuery('I'));
  const std::string ready = postgres::BuildReadyForQuery('I');
  const std::string all =
      gateway->WaitForBytes(control, packet::kClientPostgresWrite, greeting + row.size() + ready.size());
  EXPECT_TRUE(all.substr(greeting) == row + ready);
  const std::vector<SeenPacket> packets = Packets(control, 6);
  EXPECT_GT(packets.size(), 6u);
  EXPECT_EQ(std::count_if(packets.begin(), packets.end(), [](const auto& packet) { return packet.payload[0] == 'K'; }),
            1);
  EXPECT_EQ(packets.back().payload, ready);
}

TEST_F(Postgres, AServerThatSpeaksNoProtocolIsOneErrorForOldPeers) {
  gateway = std::make_unique<ScriptedGateway>("");
  Open();
  ScriptedGateway::Stream& control = gateway->control();
  gateway->Send(control, Write(Startup()));
  Descriptor socket = server.Accept();
  Serve(socket, std::string("\0\0\0\0\0", 5));
  gateway->WaitFor(control, packet::kClientConnectionClose);
  const auto error = postgres::ParseErrorResponse(Packets(control, 5).back().payload);
  ASSERT_OK(error);
  EXPECT_EQ(error->code, "08P01");
  EXPECT_NE(error->message.find("not a PostgreSQL message"), std::string::npos) << error->message;
}

TEST_F(Postgres, OldPeersGetOneMessagePerPacket) {
  gateway = std::make_unique<ScriptedGateway>("");
  Open();
  ScriptedGateway::Stream& control = gateway->control();
  gateway->Send(control, Write(Startup()));
  Descriptor socket = server.Accept();
  const std::string row = postgres::BuildMessage('D', std::string(100000, 'r'));
  Serve(socket, row.substr(0, 50000));
  WriteAll(socket, row.substr(50000) + postgres::BuildReadyForQuery('T') + postgres::BuildReadyForQuery('I'));
  const std::vector<SeenPacket> packets = Packets(control, 7);
  ASSERT_EQ(packets.size(), 7);
  EXPECT_EQ(packets[2].payload, postgres::BuildBackendKey({77, "abcd"}));
  EXPECT_EQ(packets[3].payload, postgres::BuildReadyForQuery('I'));
  EXPECT_EQ(packets[4].payload, row);
  EXPECT_EQ(packets[5].payload, postgres::BuildReadyForQuery('T'));
  EXPECT_EQ(packets[6].payload, postgres::BuildReadyForQuery('I'));
}

TEST_F(Postgres, ACancelRequestGoesToTheServerAsItIs) {
  Open();
  const std::string cancel = postgres::BuildCancelRequest({77, "abcd"});
  ScriptedGateway::Stream& stream = gateway->Connect(kSession, "000002", "t1");
  gateway->Send(stream, Write(cancel, "000002"));
  Descriptor socket = server.Accept();
  EXPECT_EQ(ReadAll(socket.get(), cancel.size()), cancel);
  socket.Reset();
  gateway->WaitFor(stream, packet::kClientConnectionClose);
  EXPECT_EQ(gateway->Count(stream, packet::kClientPostgresWrite), 0);
}

TEST_F(Postgres, AWrongPasswordAtTheServerIsOneErrorAndTheSessionGoesOn) {
  Open();
  ScriptedGateway::Stream& stream = gateway->Connect(kSession, kId, "t1");
  gateway->Send(stream, Write(Startup()));
  Descriptor socket = server.Accept();
  ReadAll(socket.get(), 8);
  WriteAll(socket, postgres::BuildErrorResponse({"FATAL", "28P01", "password authentication failed"}));
  socket.Reset();
  gateway->WaitFor(stream, packet::kClientConnectionClose);
  const std::vector<SeenPacket> packets = Packets(stream, 1);
  ASSERT_EQ(packets.size(), 1);
  const auto error = postgres::ParseErrorResponse(packets[0].payload);
  ASSERT_OK(error);
  EXPECT_EQ(error->code, "28P01");
  EXPECT_EQ(gateway->Count(gateway->control(), packet::kClientSessionClose), 0);
}

TEST_F(Postgres, AServerThatIsDownIsOneError) {
  Open();
  server.Close();
  ScriptedGateway::Stream& stream = gateway->Connect(kSession, kId, "t1");
  gateway->Send(stream, Write(Startup()));
  gateway->WaitFor(stream, packet::kClientConnectionClose);
  const auto error = postgres::ParseErrorResponse(Packets(stream, 1)[0].payload);
  ASSERT_OK(error);
  EXPECT_EQ(error->code, "08006");
  EXPECT_NE(error->message.find("Connection refused"), std::string::npos) << error->message;
}

TEST_F(Postgres, WhatIsNoPostgresClientIsRefused) {
  Open();
  ScriptedGateway::Stream& stream = gateway->Connect(kSession, kId, "t1");
  gateway->Send(stream, Write("GET / HTTP/1.1\r\n\r\n"));
  gateway->WaitFor(stream, packet::kClientConnectionClose);
  EXPECT_OK(postgres::ParseErrorResponse(Packets(stream, 1)[0].payload));
}

TEST_F(Postgres, TheServersEndClosesTheConnection) {
  Open();
  ScriptedGateway::Stream& stream = gateway->Connect(kSession, kId, "t1");
  gateway->Send(stream, Write(Startup()));
  Descriptor socket = server.Accept();
  Serve(socket);
  socket.Reset();
  gateway->WaitFor(stream, packet::kClientConnectionClose);
}

TEST_F(Postgres, TheUsersEndClosesTheServersSocket) {
  Open();
  ScriptedGateway::Stream& stream = gateway->Connect(kSession, kId, "t1");
  gateway->Send(stream, Write(Startup()));
  Descriptor socket = server.Accept();
  Serve(socket);
  Packet close(packet::kAgentConnectionClose, {{spec::kSessionId, kSession}, {spec::kConnectionId, kId}});
  gateway->Send(stream, std::move(close));
  EXPECT_EQ(ReadAll(socket.get()), "");
}

TEST_F(Postgres, AHostThatIsAFolderIsASocketThere) {
  TempFolder folder;
  Descriptor listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::snprintf(address.sun_path, sizeof(address.sun_path), "%s/.s.PGSQL.6000", folder.path().c_str());
  ASSERT_EQ(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  ::listen(listener.get(), 4);
  gateway->Open(kSession,
                NetworkParams("postgres", {{"HOST", folder.path()}, {"PORT", "6000"}, {"USER", "u"}, {"PASS", ""}}));
  EXPECT_EQ(gateway->WaitFor(gateway->control(), packet::kClientSessionOpenOk).Get(spec::kConnectionType), "postgres");
}

// Otherwise a user could say which certificates prove the server, or that none are needed.
TEST_F(Postgres, TheUsersVariablesDoNotCount) {
  std::map<std::string, std::string> secrets = server.variables();
  secrets.merge(std::map<std::string, std::string>{{"USER", "real"}, {"SSLMODE", "disable"}});
  gateway->Open(kSession, NetworkParams("postgres", secrets), "", {{"envvar:PASS", Base64Encode("mine")}});
  EXPECT_EQ(gateway->WaitFor(gateway->control(), packet::kClientSessionClose).payload,
            "missing required secrets for postgres connection [PASS]");
}

TEST_F(Postgres, SaysWhichSecretsAreMissing) {
  int opened = 0;
  const auto missing = [this, &opened](const std::string& verb, const std::map<std::string, std::string>& secrets) {
    AgentConnectionParams params = NetworkParams("postgres", secrets);
    params.client_verb = verb;
    const std::string token = fmt::format("m{}", ++opened);
    gateway->Open("sid-" + token, params, token);
    return gateway->WaitFor(*gateway->WaitForStream(token), packet::kClientSessionClose).payload;
  };
  const std::string of = "missing required secrets for postgres connection ";
  for (const char* verb : {"connect", "exec"}) {
    EXPECT_EQ(missing(verb, {}), of + "[HOST, USER, PASS]");
    EXPECT_EQ(missing(verb, {{"HOST", "h"}, {"USER", ""}, {"PASS", ""}}), of + "[USER]");
    EXPECT_EQ(missing(verb, {{"HOST", "h"}, {"USER", "u"}}), of + "[PASS]");
  }
}

TEST_F(Postgres, SaysWhichSecretsAreWrong) {
  gateway->Open("sid-2",
                NetworkParams("postgres", {{"HOST", "127.0.0.1"}, {"USER", "u"}, {"PASS", "p"}, {"SSLMODE", "maybe"}}),
                "t2");
  EXPECT_NE(gateway->WaitFor(*gateway->WaitForStream("t2"), packet::kClientSessionClose).payload.find("SSLMODE"),
            std::string::npos);
}

}  // namespace
}  // namespace hoop
