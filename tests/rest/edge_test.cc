// Edge and Api over real sockets.
#include "rest/edge.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <deque>
#include <random>

#include "absl/synchronization/notification.h"
#include "base/limits/http.h"
#include "net/event_loop.h"
#include "net/listener.h"
#include "tests/rest/played_edge.h"

namespace hoop::rest {
namespace {

// A blocking client.
class Wire final {
 public:
  explicit Wire(uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }
  ~Wire() { ::close(socket_); }

  void Send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
  }
  void Finish() { ::shutdown(socket_, SHUT_WR); }
  // Until the server ends.
  std::string ReceiveAll() {
    std::string all;
    char buffer[4096];
    for (ssize_t count; (count = ::recv(socket_, buffer, sizeof buffer, 0)) > 0;) all.append(buffer, count);
    return all;
  }
  // One answer with a Content-Length.
  std::string ReceiveOne() {
    std::string answer;
    char byte;
    while (answer.find("\r\n\r\n") == std::string::npos && ::recv(socket_, &byte, 1, 0) == 1) answer += byte;
    const size_t at = answer.find("Content-Length: ");
    size_t left = at == std::string::npos ? 0 : std::stoul(answer.substr(at + 16));
    for (; left > 0 && ::recv(socket_, &byte, 1, 0) == 1; --left) answer += byte;
    return answer;
  }

 private:
  const int socket_;
};

class EdgeTest : public RestTest {
 protected:
  EdgeTest() {
    edge_ = std::make_unique<Edge>(loop_, api_, Log(), Edge::Options{.version = "1.2"});
    auto listener = Listen(loop_, Address{"127.0.0.1", 0},
                           [this](std::unique_ptr<ByteStream> stream) { edge_->Accept(std::move(stream)); });
    EXPECT_OK(listener);
    listener_ = *std::move(listener);
    port_ = listener_->address().port;
    thread_ = std::make_unique<LoopThread>(loop_, "http");
  }
  ~EdgeTest() override { thread_.reset(); }

  std::string Exchange(const std::string& request) {
    Wire wire(port_);
    wire.Send(request);
    wire.Finish();
    return wire.ReceiveAll();
  }
  static std::string Get(const std::string& path, const std::string& who = "",
                         const std::string& more = "Connection: close\r\n") {
    const std::string authorization = who.empty() ? "" : "Authorization: Bearer " + who + "\r\n";
    return "GET " + path + " HTTP/1.1\r\nHost: a\r\n" + authorization + more + "\r\n";
  }
  static std::string Post(const std::string& path, const std::string& who, const std::string& body) {
    const std::string authorization = who.empty() ? "" : "Authorization: Bearer " + who + "\r\n";
    return fmt::format("POST {} HTTP/1.1\r\nHost: a\r\n{}Content-Length: {}\r\nConnection: close\r\n\r\n{}", path,
                       authorization, body.size(), body);
  }

  EventLoop loop_{Clock::System()};
  std::unique_ptr<Edge> edge_;
  std::unique_ptr<Listener> listener_;
  uint16_t port_ = 0;
  std::unique_ptr<LoopThread> thread_;  // last: nothing above is touched by the loop any more when it goes
};

TEST_F(EdgeTest, EveryAnswerHasTheHeaders) {
  for (const std::string& request : {Get("/api/healthz"), Get("/api/nosuch"), Get("/api/userinfo")}) {
    const std::string answer = Exchange(request);
    for (const char* header :
         {"Server: hoop/1.2\r\n", "Access-Control-Allow-Origin: *\r\n", "X-Frame-Options: DENY\r\n",
          "Access-Control-Expose-Headers: X-New-Access-Token, X-Set-Cookie\r\n", "Connection: close\r\n"}) {
      EXPECT_NE(answer.find(header), std::string::npos) << header;
    }
  }
}

TEST_F(EdgeTest, AnonymousAndSignedInRequestsShareAConnection) {
  Wire wire(port_);
  wire.Send(Get("/api/healthz", "", "") + Get("/api/userinfo", "ann", "") + Get("/api/userinfo", "wrong", ""));
  EXPECT_EQ(wire.ReceiveOne().find("HTTP/1.1 200 OK"), 0u);
  const std::string info = wire.ReceiveOne();
  EXPECT_EQ(info.find("HTTP/1.1 200 OK"), 0u);
  EXPECT_NE(info.find("\"id\":\"ann@example.test\""), std::string::npos);
  EXPECT_EQ(wire.ReceiveOne().find("HTTP/1.1 401 "), 0u);
  wire.Send(Get("/api/agents", "ben", ""));
  EXPECT_EQ(wire.ReceiveOne().find("HTTP/1.1 200 OK"), 0u);
}

TEST_F(EdgeTest, RedirectsToThePathWithoutTheSlash) {
  const std::string answer = Exchange(Get("/api/agents/?a=b", "ben"));
  EXPECT_EQ(answer.find("HTTP/1.1 301 "), 0u);
  EXPECT_NE(answer.find("Location: /api/agents?a=b\r\n"), std::string::npos);
  EXPECT_EQ(answer.find("Server:"), std::string::npos);
  EXPECT_EQ(Exchange(Post("/api/agents/", "admin", "{}")).find("HTTP/1.1 307 "), 0u);
  EXPECT_EQ(Exchange(Get("//evil.test/")).find("HTTP/1.1 404 "), 0u);
}

TEST_F(EdgeTest, OptionsIsAnsweredForEveryPath) {
  EXPECT_EQ(Exchange("OPTIONS /any HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").find("HTTP/1.1 204 "), 0u);
}

TEST_F(EdgeTest, BodiesHaveTheBoundOfTheirRoute) {
  const std::string login = std::string(limits::kRestLoginBytesMax, ' ');
  EXPECT_EQ(Exchange(Post("/api/localauth/login", "", login)).find("HTTP/1.1 400 "), 0u);
  EXPECT_EQ(Exchange(Post("/api/localauth/login", "", login + " ")).find("HTTP/1.1 413 "), 0u);
  EXPECT_EQ(Exchange("GET /api/healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx").find("HTTP/1.1 413 "), 0u);
}

TEST_F(EdgeTest, WhoMayNotIsRefusedBeforeTheBodyIsRead) {
  Wire wire(port_);
  wire.Send("POST /api/agents HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ben\r\nContent-Length: 1000000\r\n\r\n");
  const std::string answer = wire.ReceiveOne();
  EXPECT_EQ(answer.find("HTTP/1.1 403 "), 0u);
  EXPECT_NE(answer.find("Connection: close\r\n"), std::string::npos);
}

TEST_F(EdgeTest, OneMegabyteOfJsonIsRead) {
  const std::string body = R"({"name":"big1","mode":"standard","x":")" + std::string(1'000'000, 'x') + "\"}";
  EXPECT_EQ(Exchange(Post("/api/agents", "admin", body)).find("HTTP/1.1 201 "), 0u);
}

TEST_F(EdgeTest, LivesThroughRandomBytes) {
  std::mt19937 random(11);
  for (int i = 0; i < 1000; ++i) {
    std::string bytes;
    for (size_t left = 1 + random() % 300; left > 0; --left) bytes += static_cast<char>(random());
    EXPECT_EQ(Exchange(bytes).find("HTTP/1.1 4"), 0u);
  }
  EXPECT_EQ(Exchange(Get("/api/healthz")).find("HTTP/1.1 200 OK"), 0u);
}

TEST_F(EdgeTest, PeersThatLeaveBeforeTheAnswerHurtNobody) {
  for (int i = 0; i < 200; ++i) {
    Wire wire(port_);
    wire.Send(Get("/api/userinfo", "ann", ""));
  }
  EXPECT_EQ(Exchange(Get("/api/healthz")).find("HTTP/1.1 200 OK"), 0u);
}

// Answers about the token "ann" at once, about others when it is told to.
struct SlowIssuer final : IdpVerifier {
  explicit SlowIssuer(IdpVerifier& knows) : knows(knows) {}
  absl::StatusOr<Identity> Verify(std::string_view token, absl::Time now) override {
    if (MayWait(token)) go_on.WaitForNotification();
    return knows.Verify(token, now);
  }
  bool MayWait(std::string_view token) const override { return token != "ann"; }
  IdpVerifier& knows;
  absl::Notification go_on;
};

TEST_F(EdgeTest, ASlowIssuerDelaysItsOwnUsersAlone) {
  SlowIssuer issuer(verifier_);
  Api api(PartsWith(audit_, issuer));
  EventLoop loop(Clock::System());
  Edge edge(loop, api, Log(), Edge::Options{.queue_max = 1});
  auto listener = Listen(loop, Address{"127.0.0.1", 0},
                         [&](std::unique_ptr<ByteStream> stream) { edge.Accept(std::move(stream)); });
  ASSERT_OK(listener);
  const LoopThread thread(loop, "http");
  std::deque<Wire> waiting;
  for (size_t i = 0; i <= limits::kRestIssuerThreads; ++i) {
    waiting.emplace_back((*listener)->address().port).Send(Get("/api/userinfo", "admin"));
  }
  Wire refused((*listener)->address().port), ann((*listener)->address().port), login((*listener)->address().port);
  refused.Send(Get("/api/userinfo", "admin"));
  EXPECT_EQ(refused.ReceiveAll().find("HTTP/1.1 503"), 0u);
  ann.Send(Get("/api/userinfo", "ann"));
  EXPECT_EQ(ann.ReceiveAll().find("HTTP/1.1 200"), 0u);
  login.Send(Post("/api/localauth/login", "", "{}"));
  EXPECT_EQ(login.ReceiveAll().find("HTTP/1.1 4"), 0u);
  issuer.go_on.Notify();
  for (Wire& wire : waiting) EXPECT_EQ(wire.ReceiveAll().find("HTTP/1.1 200"), 0u);
}

TEST_F(EdgeTest, DrainClosesIdleConnectionsAndTakesNoNewOnes) {
  Wire wire(port_);
  wire.Send(Get("/api/healthz", "", ""));
  EXPECT_EQ(wire.ReceiveOne().find("HTTP/1.1 200 OK"), 0u);
  absl::Notification drained;
  loop_.Post([this, &drained] {
    edge_->Drain([this, &drained] {
      EXPECT_EQ(edge_->connection_count(), 0u);
      drained.Notify();
    });
  });
  drained.WaitForNotification();
  EXPECT_EQ(wire.ReceiveAll(), "");
  EXPECT_EQ(Exchange(Get("/api/healthz")), "");
}

// Answers that nobody takes, on a loop that the test turns.
TEST_F(RestTest, WhoReadsSlowestLosesALargeAnswerWhenOthersNeedTheRoom) {
  for (int i = 0; i < 300; ++i) {
    Ask("admin", "POST", "/api/agents", fmt::format(R"({{"name":"agent{}","mode":"standard"}})", i));
  }
  const size_t bytes = Ask("admin", "GET", "/api/agents").body.size();
  ASSERT_GT(bytes, limits::kHttpWritePartBytes);
  WaitingLoop loop(clock_);
  Edge edge(loop, api_, Log(), {.version = "1.2", .unsent_bytes_max = 5 * bytes / 2});
  std::vector<std::unique_ptr<MemoryBytes>> peers;
  for (size_t i = 0; i < 3; ++i) {
    auto pair = MemoryBytes::Make(loop, 1024);
    edge.Accept(std::move(pair.a));
    peers.push_back(std::move(pair.b));
    const std::string request = "GET /api/agents HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer admin\r\n\r\n";
    const iovec piece = {const_cast<char*>(request.data()), request.size()};
    peers[i]->Write(&piece, 1);
    char buffer[1024];
    ASSERT_TRUE(loop.TurnUntil([&] { return peers[i]->Read(buffer, 100).kind == IoResult::Kind::kBytes; }));
    loop.Advance(absl::Seconds(1));
    EXPECT_EQ(edge.connection_count(), i < 2 ? i + 1 : 2);
  }
}

TEST_F(PlayedEdgeTest, WaitingHashesAreMadeForThoseWhoAreThereStill) {
  const std::string body = R"({"email":"nobody@example.test","password":"a-secret-of-12"})";
  const std::string login =
      fmt::format("POST /api/localauth/login HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n{}", body.size(), body);
  std::vector<MemoryBytes*> peers;
  for (int i = 0; i < 4; ++i) Send(*peers.emplace_back(&Connect()), login);
  for (const int i : {0, 1}) peers[i]->ShutdownWrite();
  peers_.erase(peers_.begin() + 2);
  loop_.Turn();  // all have come and two have ended their side before the first hash is made
  EXPECT_EQ(ReceiveUntil(*peers[0], "\r\n\r\n").substr(9, 3), "401");
  EXPECT_EQ(ReceiveUntil(*peers[1], "\r\n\r\n").substr(9, 3), "503");
  EXPECT_EQ(ReceiveUntil(*peers[3], "\r\n\r\n").substr(9, 3), "401");
  EXPECT_EQ(edge_.connection_count(), 1u);
}

// Commands whose end a test holds.
class HeldCommandTest : public PlayedEdgeTest {
 protected:
  HeldCommandTest() {
    EXPECT_OK(store_->connections().Insert(
        {.id = "11111111-1111-4111-8111-111111111111", .org_id = store_.org_id(), .name = "bash", .type = "custom"}));
  }

  void SendCommand(MemoryBytes& peer) {
    const size_t before = exec_.orders.size();
    Send(peer,
         "POST /api/sessions HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ann\r\nContent-Length: 21\r\n\r\n"
         R"({"connection":"bash"})");
    ASSERT_TRUE(loop_.TurnUntil([&] { return exec_.orders.size() > before; }));
  }
};

TEST_F(HeldCommandTest, NoThreadWaitsForACommand) {
  for (size_t i = 0; i < limits::kRestThreads + limits::kRestRecordThreads + 1; ++i) SendCommand(Connect());
  MemoryBytes& other = Connect();
  Send(other, "GET /api/userinfo HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ann\r\n\r\n");
  EXPECT_EQ(Receive(other).find("HTTP/1.1 200 OK"), 0u);
}

TEST_F(HeldCommandTest, IsAnsweredWhenTheCommandEnds) {
  MemoryBytes& peer = Connect();
  SendCommand(peer);
  EXPECT_EQ(exec_.orders[0].bearer, "ann");  // asked about again while it runs
  exec_.waiting[0](FailedPrecondition("agent is offline"));
  EXPECT_NE(Receive(peer).find("desc = agent is offline"), std::string::npos);
}

TEST_F(HeldCommandTest, IsAnsweredToRunWhenTheWaitIsOver) {
  MemoryBytes& peer = Connect();
  SendCommand(peer);
  loop_.Advance(limits::kRestExecWait);
  EXPECT_EQ(Receive(peer).find("HTTP/1.1 202 Accepted"), 0u);
  // What happens afterwards belongs to no later command of the same connection.
  SendCommand(peer);
  exec_.waiting[0](FailedPrecondition("the first"));
  exec_.waiting[1](FailedPrecondition("the second"));
  EXPECT_NE(Receive(peer).find("desc = the second"), std::string::npos);
}

TEST_F(HeldCommandTest, WhatIsToldAfterThePeerOrTheEdgeHasGoneHurtsNobody) {
  SendCommand(Connect());
  peers_.clear();
  loop_.Turn();
  EXPECT_EQ(edge_.connection_count(), 1u);  // it is looked at again when it is answered
  exec_.waiting[0](absl::OkStatus());
  EXPECT_TRUE(loop_.TurnUntil([&] { return edge_.connection_count() == 0; }));
}

TEST_F(EdgeTest, EndsWhileRequestsRun) {
  std::vector<std::unique_ptr<Wire>> wires;
  for (int i = 0; i < 50; ++i) {
    wires.push_back(std::make_unique<Wire>(port_));
    wires.back()->Send(Get("/api/agents", "ann", ""));
  }
  thread_.reset();
  edge_.reset();
}

}  // namespace
}  // namespace hoop::rest
