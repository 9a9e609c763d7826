#include "net/dial.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <string>
#include <vector>

#include "net/descriptor.h"
#include "net/listener.h"
#include "tests/fakes/manual_clock.h"
#include "tests/support/status_matchers.h"
#include "tests/support/stream_probe.h"

namespace hoop {
namespace {

TEST(Address, IsReadFromText) {
  const struct {
    const char* text;
    const char* host;
    uint16_t port;
  } kCases[] = {{"127.0.0.1:80", "127.0.0.1", 80},
                {"db.example.com:5432", "db.example.com", 5432},
                {"[::1]:65535", "::1", 65535},
                {"localhost:0", "localhost", 0},
                {"/run/db/.s.PGSQL.5432", "/run/db/.s.PGSQL.5432", 0}};
  for (const auto& test : kCases) {
    const auto address = Address::Parse(test.text);
    ASSERT_OK(address) << test.text;
    EXPECT_EQ(address->host, test.host);
    EXPECT_EQ(address->port, test.port);
    EXPECT_EQ(address->ToString(), test.text);
  }
}

TEST(Address, RefusesWhatIsNone) {
  const struct {
    const char* text;
    const char* why;
  } kCases[] = {{"", "no port"},       {"localhost", "no port"},     {":80", "no host"},
                {"[]:80", "no host"},  {"host:", "is not a port"},   {"host:65536", "is not a port"},
                {"host:8o", "not a"},  {"host:-1", "is not a port"}, {"::1:80", "IPv6"},
                {"host: 80", "not a"}, {"host:80x", "is not a port"}};
  for (const auto& test : kCases)
    EXPECT_STATUS(Address::Parse(test.text), absl::StatusCode::kInvalidArgument, test.why);
}

class DialTest : public ::testing::Test {
 protected:
  // What a dial ended with, after turning the loop until it did.
  absl::StatusOr<std::unique_ptr<ByteStream>> DialTo(const Address& address) {
    absl::StatusOr<std::unique_ptr<ByteStream>> result = absl::UnknownError("not called");
    const auto dialing = Dial(loop_, address, absl::Seconds(10), [&](auto ended) {
      result = std::move(ended);
      loop_.Stop();
    });
    loop_.Run();
    return result;
  }
  std::unique_ptr<Listener> ListenOn(const std::string& host) {
    auto listener = Listen(loop_, Address{host, 0},
                           [this](std::unique_ptr<ByteStream> stream) { accepted_.push_back(std::move(stream)); });
    EXPECT_OK(listener);
    return *std::move(listener);
  }

  ManualClock clock_;
  EventLoop loop_{clock_};
  std::vector<std::unique_ptr<ByteStream>> accepted_;
};

TEST_F(DialTest, ConnectsToANumber) {
  const auto listener = ListenOn("127.0.0.1");
  const auto stream = DialTo(listener->address());
  ASSERT_OK(stream);
  EXPECT_EQ((*stream)->peer(), listener->address().ToString());
}

TEST_F(DialTest, ConnectsToAName) {
  const auto listener = ListenOn("127.0.0.1");
  const auto stream = DialTo({"localhost", listener->address().port});
  ASSERT_OK(stream);
  EXPECT_EQ((*stream)->peer(), listener->address().ToString());  // ::1 may have refused before
}

TEST_F(DialTest, ConnectsToAUnixSocket) {
  const std::string path = ::testing::TempDir() + "/hoop-dial-test.sock";
  const auto listener = ListenOn(path);
  const auto stream = DialTo({path, 0});
  ASSERT_OK(stream);
  EXPECT_EQ((*stream)->peer(), "unix:" + path);
}

TEST_F(DialTest, SaysWhoRefused) {
  auto listener = ListenOn("127.0.0.1");
  const Address address = listener->address();
  listener.reset();
  EXPECT_STATUS(DialTo(address), absl::StatusCode::kUnavailable,
                "connect " + address.ToString() + ": Connection refused");
}

TEST_F(DialTest, SaysThatASocketPathIsNotThere) {
  EXPECT_STATUS(DialTo({"/nonexistent/socket", 0}), absl::StatusCode::kUnavailable,
                "connect /nonexistent/socket: No such file");
}

TEST_F(DialTest, RefusesATooLongSocketPath) {
  EXPECT_STATUS(DialTo({"/" + std::string(108, 'x'), 0}), absl::StatusCode::kInvalidArgument, "longer than 107 bytes");
}

TEST_F(DialTest, SaysThatAHostIsUnknown) {
  EXPECT_STATUS(DialTo({"no..such..host", 5432}), absl::StatusCode::kUnavailable,
                "connect no..such..host:5432: host no..such..host: ");
}

// A listener whose queue is full answers nobody.
class FullListener {
 public:
  FullListener() : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in name = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof name;
    EXPECT_EQ(::bind(socket_.get(), reinterpret_cast<sockaddr*>(&name), size), 0);
    EXPECT_EQ(::listen(socket_.get(), 0), 0);
    EXPECT_EQ(::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&name), &size), 0);
    port_ = ntohs(name.sin_port);
    for (int i = 0; i < 4; ++i) {
      waiting_.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
      ::connect(waiting_.back().get(), reinterpret_cast<sockaddr*>(&name), size);
    }
  }
  Address address() const { return {"127.0.0.1", port_}; }

 private:
  Descriptor socket_;
  std::vector<Descriptor> waiting_;
  uint16_t port_;
};

TEST_F(DialTest, GivesUpAtItsDeadline) {
  const FullListener full;
  loop_.Post([this] {
    loop_.Post([this] { clock_.Advance(absl::Seconds(10)); });  // when the connect is under way
  });
  EXPECT_STATUS(DialTo(full.address()), absl::StatusCode::kDeadlineExceeded,
                "connect " + full.address().ToString() + ": no answer within 10s");
}

TEST_F(DialTest, DoesNotCallWhenItWasDestroyed) {
  const auto listener = ListenOn("127.0.0.1");
  bool called = false;
  for (const char* host : {"127.0.0.1", "localhost"}) {
    Dial(loop_, {host, listener->address().port}, absl::Seconds(1), [&](auto) { called = true; }).reset();
  }
  clock_.Advance(absl::Seconds(2));
  EXPECT_OK(DialTo({"localhost", listener->address().port}));  // the look-up before it has come by now
  EXPECT_FALSE(called);
}

TEST_F(DialTest, MayBeDestroyedInItsOwnCall) {
  const auto listener = ListenOn("127.0.0.1");
  std::unique_ptr<Dialing> dialing;
  dialing = Dial(loop_, listener->address(), absl::Seconds(1), [&](auto result) {
    EXPECT_OK(result);
    dialing.reset();
    loop_.Stop();
  });
  loop_.Run();
  EXPECT_EQ(dialing, nullptr);
}

}  // namespace
}  // namespace hoop
