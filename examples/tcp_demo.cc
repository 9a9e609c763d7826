// A small line service to connect to: the demo's `tcp-demo` and a target of the end-to-end tests. Needs no library.
// Usage: tcp-demo [--listen 127.0.0.1:0] [--port-file FILE]
#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <list>
#include <sstream>
#include <string>
#include <vector>

namespace {

constexpr size_t kLineBytesMax = 4096;
constexpr size_t kAnswerBytesMax = 64 * 1024;  // a client that does not read is not read either
constexpr char kBanner[] = "tcp-demo ready. Commands: time, echo TEXT, sum NUMBERS, quit\n";

volatile sig_atomic_t stop_requested = 0;

// One connected client: what it sent and has not been answered, what was answered and has not been sent.
struct Client {
  int socket;
  std::string input = {};
  std::string output = kBanner;
  bool quit = false;
};

std::string Answer(const std::string& line, bool& quit) {
  std::istringstream words(line);
  std::string command;
  words >> command;
  if (command == "quit") {
    quit = true;
    return "bye\n";
  }
  if (command == "echo") return line.size() > 5 ? line.substr(5) + "\n" : "\n";
  if (command == "time") {
    const std::time_t now = std::time(nullptr);
    char text[32];
    std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ\n", std::gmtime(&now));
    return text;
  }
  if (command == "sum") {
    double sum = 0, number = 0;
    while (words >> number) sum += number;
    if (!words.eof()) return "error: not a number\n";
    std::ostringstream text;
    text << sum << "\n";
    return text.str();
  }
  return "error: unknown command\n";
}

void AnswerLines(Client& client) {
  size_t end;
  while (!client.quit && client.output.size() < kAnswerBytesMax &&
         (end = client.input.find('\n')) != std::string::npos) {
    std::string line = client.input.substr(0, end);
    client.input.erase(0, end + 1);
    if (!line.empty() && line.back() == '\r') line.pop_back();
    client.output += Answer(line, client.quit);
  }
  if (client.input.size() > kLineBytesMax && client.input.find('\n') == std::string::npos) {
    client.output += "error: the line is too long\n";
    client.quit = true;
  }
}

// False when the client is done.
bool Serve(Client& client, short events) {
  if (events & POLLIN) {
    char buffer[4096];
    const ssize_t got = ::recv(client.socket, buffer, sizeof buffer, 0);
    if (got < 0 && errno != EAGAIN && errno != EINTR) return false;
    if (got == 0) client.quit = true;
    if (got > 0) client.input.append(buffer, static_cast<size_t>(got));
  } else if (events & (POLLERR | POLLHUP)) {
    return false;
  }
  AnswerLines(client);
  const ssize_t sent = ::send(client.socket, client.output.data(), client.output.size(), MSG_NOSIGNAL);
  if (sent < 0 && errno != EAGAIN && errno != EINTR) return false;
  if (sent > 0) client.output.erase(0, static_cast<size_t>(sent));
  return !client.quit || !client.output.empty();
}

void RunService(int listener) {
  sigset_t while_waiting;
  sigprocmask(SIG_SETMASK, nullptr, &while_waiting);
  sigdelset(&while_waiting, SIGTERM);
  sigdelset(&while_waiting, SIGINT);
  std::list<Client> clients;
  while (!stop_requested) {
    std::vector<pollfd> waits = {{listener, POLLIN, 0}};
    for (const Client& client : clients) {
      const bool reads = !client.quit && client.output.size() < kAnswerBytesMax;
      waits.push_back(
          {client.socket, static_cast<short>((reads ? POLLIN : 0) | (client.output.empty() ? 0 : POLLOUT)), 0});
    }
    if (::ppoll(waits.data(), waits.size(), nullptr, &while_waiting) < 0) continue;
    size_t index = 1;
    for (auto client = clients.begin(); client != clients.end(); ++index) {
      const short events = waits[index].revents;
      const bool stays = events == 0 || Serve(*client, events);
      if (!stays) ::close(client->socket);
      client = stays ? std::next(client) : clients.erase(client);
    }
    if (waits[0].revents == 0) continue;
    const int accepted = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (accepted >= 0) clients.push_back({accepted});
  }
  for (const Client& client : clients) ::close(client.socket);
}

// Returns the listening socket; `port` gets the real one. -1: errno says why.
int ListenOn(const std::string& host, unsigned& port) {
  sockaddr_in name = {};
  name.sin_family = AF_INET;
  name.sin_port = htons(static_cast<uint16_t>(port));
  if (::inet_pton(AF_INET, host.c_str(), &name.sin_addr) != 1) return errno = EINVAL, -1;
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int on = 1;
  ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  socklen_t size = sizeof name;
  if (::bind(listener, reinterpret_cast<sockaddr*>(&name), size) != 0 || ::listen(listener, SOMAXCONN) != 0) return -1;
  ::getsockname(listener, reinterpret_cast<sockaddr*>(&name), &size);
  port = ntohs(name.sin_port);
  return listener;
}

// The file appears whole: who waits for it never reads half a number.
bool WritePort(const std::string& path, unsigned port) {
  const std::string draft = path + ".new";
  std::FILE* file = std::fopen(draft.c_str(), "w");
  if (file == nullptr) return false;
  std::fprintf(file, "%u\n", port);
  return std::fclose(file) == 0 && std::rename(draft.c_str(), path.c_str()) == 0;
}

int Fail(const std::string& text) {
  std::fprintf(stderr, "tcp-demo: %s\n", text.c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  std::string listen = "127.0.0.1:0", port_file;
  for (int i = 1; i < argc; i += 2) {
    const std::string option = argv[i];
    if (i + 1 == argc || (option != "--listen" && option != "--port-file")) {
      std::fprintf(stderr, "usage: tcp-demo [--listen 127.0.0.1:0] [--port-file FILE]\n");
      return 2;
    }
    (option == "--listen" ? listen : port_file) = argv[i + 1];
  }
  const size_t colon = listen.rfind(':');
  unsigned port = 0;
  if (colon == std::string::npos || std::sscanf(listen.c_str() + colon + 1, "%5u", &port) != 1 || port > 65535) {
    return Fail("--listen " + listen + ": not an address with a port");
  }
  const int listener = ListenOn(listen.substr(0, colon), port);
  if (listener < 0) return Fail("listen on " + listen + ": " + std::strerror(errno));

  // Both signals arrive only while ppoll waits: none is lost between the look at the flag and the wait.
  struct sigaction action = {};
  action.sa_handler = [](int) { stop_requested = 1; };
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGINT, &action, nullptr);
  sigset_t blocked;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGTERM);
  sigaddset(&blocked, SIGINT);
  sigprocmask(SIG_BLOCK, &blocked, nullptr);

  if (!port_file.empty() && !WritePort(port_file, port)) return Fail(port_file + ": " + std::strerror(errno));
  std::printf("listening on %s:%u\n", listen.substr(0, colon).c_str(), port);
  std::fflush(stdout);
  RunService(listener);
  ::close(listener);
  return 0;
}
