#include "tests/replay/targets.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include "absl/synchronization/mutex.h"
#include "base/check.h"
#include "net/descriptor.h"
#include "protocol/postgres/messages.h"

namespace hoop::replay {
namespace {

// What a service does with what it read.
struct Answer {
  std::string bytes;
  enum { kGoOn, kClose, kReset } then = kGoOn;
};
struct Service {
  std::string banner;
  std::function<Answer(const std::string& request)> answer;
};

Answer Download(const std::string& request) {
  std::string bytes(std::stoul(request), '\0');
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i);
  return {.bytes = std::move(bytes)};
}

Service ServiceOf(const std::string& connection, bool is_2024) {
  if (is_2024) {  // one service with words for everything
    return {"hello\n", [](const std::string& request) -> Answer {
              if (request == "bye\n") return {"closing\n", Answer::kClose};
              if (request == "rst\n") return {"", Answer::kReset};
              return {"echo " + request};
            }};
  }
  if (connection == "tcpbanner") return {"HELLO banner\r\n", [](const std::string&) { return Answer(); }};
  if (connection == "tcprst") return {"", [](const std::string&) { return Answer{"", Answer::kReset}; }};
  if (connection == "tcpbig") return {"", Download};
  if (connection.ends_with("closer")) {
    return {"", [](const std::string& request) { return Answer{"bye " + request, Answer::kClose}; }};
  }
  return {"", [](const std::string& request) { return Answer{request}; }};
}

bool WriteAll(int socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(count));
  }
  return true;
}

void Converse(const Service& service, int socket) {
  Answer answer{service.banner};
  char buffer[4096];
  while (WriteAll(socket, answer.bytes) && answer.then == Answer::kGoOn) {
    const ssize_t count = ::recv(socket, buffer, sizeof(buffer), 0);
    if (count <= 0) break;
    answer = service.answer(std::string(buffer, static_cast<size_t>(count)));
  }
  if (answer.then != Answer::kReset) return;
  const linger reset{1, 0};
  ::setsockopt(socket, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
}

// ---- Postgres
// --------------------------------------------------------------------------------------------------------

std::string ReadExactly(int socket, size_t size) {
  std::string bytes(size, '\0');
  size_t done = 0;
  while (done < size) {
    const ssize_t count = ::recv(socket, bytes.data() + done, size - done, 0);
    if (count <= 0) return {};
    done += static_cast<size_t>(count);
  }
  return bytes;
}

size_t Length(std::string_view four_bytes) {
  size_t length = 0;
  for (char c : four_bytes) length = length << 8 | static_cast<uint8_t>(c);
  return length;
}

// False: nobody logs in. Passwords are taken as they come: what the agent makes of them has tests of its own.
bool LogIn(PostgresLogin login, const std::string& refusal, int socket) {
  std::string head = ReadExactly(socket, 8);
  if (head == postgres::BuildSslRequest()) {
    WriteAll(socket, "N");
    head = ReadExactly(socket, 8);
  }
  const bool is_cancel = head.size() == 8 && Length(head.substr(4)) == postgres::kCancelRequestCode;
  if (head.empty() || is_cancel || ReadExactly(socket, Length(head.substr(0, 4)) - 8).empty()) return false;
  if (login == PostgresLogin::kTrust) return true;
  const bool is_md5 = login == PostgresLogin::kMd5;
  WriteAll(socket, postgres::BuildAuthentication(
                       is_md5 ? postgres::AuthenticationMessage{postgres::Authentication::kMd5Password, "salt"}
                              : postgres::AuthenticationMessage{postgres::Authentication::kCleartextPassword, ""}));
  const std::string answer = ReadExactly(socket, 5);
  if (answer.empty() || ReadExactly(socket, Length(answer.substr(1)) - 4).empty()) return false;
  if (login != PostgresLogin::kRefused) return true;
  WriteAll(socket, refusal);
  return false;
}

class PostgresServer final {
 public:
  PostgresServer(PostgresLogin login, std::vector<PostgresTalk> talks, std::string refusal)
      : login_(login), talks_(std::move(talks)), refusal_(std::move(refusal)) {}

  void Serve(int socket) {
    if (!LogIn(login_, refusal_, socket)) return;
    const PostgresTalk talk = NextTalk();
    const std::string greeting = talk.greeting.empty() ? postgres::BuildReadyForQuery('I') : talk.greeting;
    WriteAll(socket, postgres::BuildAuthentication({postgres::Authentication::kOk, ""}) + greeting);
    for (const PostgresTalk::Turn& turn : talk.turns) {
      if (ReadExactly(socket, turn.request_bytes).empty()) return;
      if (!WriteAll(socket, turn.answer)) return;
    }
    while (!talk.server_closes && !ReadExactly(socket, 1).empty()) {
    }
  }

 private:
  PostgresTalk NextTalk() {
    absl::MutexLock lock(&mu_);
    return next_ < talks_.size() ? talks_[next_++] : PostgresTalk();
  }

  const PostgresLogin login_;
  const std::vector<PostgresTalk> talks_;
  const std::string refusal_;
  absl::Mutex mu_;
  size_t next_ ABSL_GUARDED_BY(mu_) = 0;
};

// ---- Sockets
// ---------------------------------------------------------------------------------------------------------

class SocketTarget final : public Target {
 public:
  // `serve` talks with one client, on a thread.
  explicit SocketTarget(std::function<void(int socket)> serve)
      : serve_(std::move(serve)), listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    HOOP_CHECK(::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), size) == 0);
    HOOP_CHECK(::listen(listener_.get(), 16) == 0);
    ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { Accept(); });
  }
  ~SocketTarget() override {
    ::shutdown(listener_.get(), SHUT_RDWR);
    acceptor_.join();  // no more threads from here on
    {
      absl::MutexLock lock(&mu_);
      for (int socket : open_) ::shutdown(socket, SHUT_RDWR);
    }
    for (std::thread& thread : threads_) thread.join();
  }
  uint16_t port() const override { return port_; }

 private:
  void Accept() {
    for (;;) {
      const int socket = ::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC);
      if (socket < 0) return;
      {
        absl::MutexLock lock(&mu_);
        open_.push_back(socket);
      }
      threads_.emplace_back([this, socket] { Serve(socket); });
    }
  }
  void Serve(int socket) {
    serve_(socket);
    absl::MutexLock lock(&mu_);
    std::erase(open_, socket);
    ::close(socket);
  }

  const std::function<void(int socket)> serve_;
  const Descriptor listener_;
  uint16_t port_ = 0;
  absl::Mutex mu_;
  std::vector<int> open_ ABSL_GUARDED_BY(mu_);
  std::vector<std::thread> threads_;  // the acceptor's
  std::thread acceptor_;
};

}  // namespace

std::unique_ptr<Target> MakeTarget(const std::string& connection, bool is_2024) {
  if (connection == "tcprefuse" || connection == "pgdown") return nullptr;
  return std::make_unique<SocketTarget>(
      [service = ServiceOf(connection, is_2024)](int socket) { Converse(service, socket); });
}

std::unique_ptr<Target> MakeRestTarget(const std::string& bearer, const std::string& grpc_url) {
  return std::make_unique<SocketTarget>([bearer, grpc_url](int socket) {
    std::string request;
    const auto answer = [&](const std::string& read) -> Answer {
      request += read;
      if (!request.starts_with("POST /api/connectionapps ")) {  // somebody speaks HTTP/2
        return {"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", Answer::kClose};
      }
      if (!request.ends_with("}")) return {};
      const bool is_known = request.find("Authorization: Bearer " + bearer) != std::string::npos;
      const std::string body = is_known ? fmt::format(R"({{"grpc_url":"{}"}})", grpc_url) : "";
      return {fmt::format("HTTP/1.1 {}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{}",
                          is_known ? "200 OK" : "401 Unauthorized", body.size(), body),
              Answer::kClose};
    };
    Converse({"", answer}, socket);
  });
}

std::unique_ptr<Target> MakePostgresTarget(PostgresLogin login, std::vector<PostgresTalk> talks, std::string refusal) {
  auto server = std::make_shared<PostgresServer>(login, std::move(talks), std::move(refusal));
  return std::make_unique<SocketTarget>([server](int socket) { server->Serve(socket); });
}

}  // namespace hoop::replay
