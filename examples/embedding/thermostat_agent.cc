// A C++ program whose thermostat is read and set by `hoop exec thermostat [-- set DEGREES]`: arguments, input, both
// outputs and exit code as of any command. Served by descriptors, a thread for each.
// Usage: HOOP_KEY=<what `hoop admin create agent` printed> thermostat-agent
#include <hoop.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace {

// What C hands out, owned.
template <auto destroy>
struct Destroy {
  template <typename T>
  void operator()(T* object) const {
    destroy(object);
  }
};
using Options = std::unique_ptr<hoop_options, Destroy<hoop_options_destroy>>;
using Agent = std::unique_ptr<hoop_agent, Destroy<hoop_agent_destroy>>;
using Stream = std::unique_ptr<hoop_stream, Destroy<hoop_stream_destroy>>;
using Error = std::unique_ptr<hoop_error, Destroy<hoop_error_destroy>>;

class Thermostat {
 public:
  double degrees() const {
    const std::lock_guard lock(mutex_);
    return degrees_;
  }
  void Set(double degrees) {
    const std::lock_guard lock(mutex_);
    degrees_ = degrees;
  }

 private:
  mutable std::mutex mutex_;
  double degrees_ = 19.5;
};

void Say(int socket, const std::string& text) { ::send(socket, text.data(), text.size(), MSG_NOSIGNAL); }

// One `hoop exec`, on a thread of its own.
void Run(Thermostat& thermostat, const Stream& stream, int socket) {
  std::vector<std::string> arguments;
  while (const char* text = hoop_stream_get(stream.get(), ("argument." + std::to_string(arguments.size())).c_str())) {
    arguments.emplace_back(text);
  }
  const bool sets = arguments.size() == 2 && arguments[0] == "set";
  char* end = nullptr;
  const double degrees = sets ? std::strtod(arguments[1].c_str(), &end) : 0;
  if (arguments.empty()) {
    Say(socket, std::to_string(thermostat.degrees()) + " degrees\n");
  } else if (sets && *end == '\0' && degrees > 5 && degrees < 30) {
    thermostat.Set(degrees);
    Say(socket, std::string("set by ") + hoop_stream_get(stream.get(), "user_email") + "\n");
  } else {
    const std::string usage = "usage: [set DEGREES], between 5 and 30\n";
    size_t taken = 0;
    hoop_stream_write_error(stream.get(), usage.data(), usage.size(), &taken, nullptr);
    hoop_stream_end(stream.get(), 2, nullptr, nullptr);
  }
  ::close(socket);
}

int32_t OnOpen(hoop_stream* opened, void* user_data) {
  int socket = -1;
  if (hoop_stream_take_descriptor(opened, &socket, nullptr) != HOOP_OK) return HOOP_INTERNAL;
  std::thread([thermostat = static_cast<Thermostat*>(user_data), stream = Stream(opened), socket] {
    Run(*thermostat, stream, socket);
  }).detach();
  return HOOP_OK;
}

int Fail(const Error& error) {
  std::fprintf(stderr, "thermostat-agent: %s\n", hoop_error_text(error.get()));
  return 1;
}

}  // namespace

int main() {
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigaddset(&ends, SIGINT);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);

  static Thermostat thermostat;  // threads that answer may outlive main()
  const Options options(hoop_options_create("agent"));
  const char* key = std::getenv("HOOP_KEY");
  hoop_agent* created = nullptr;
  hoop_error* error = nullptr;
  if (hoop_options_set(options.get(), "key", key == nullptr ? "" : key, &error) != HOOP_OK ||
      hoop_options_serve(options.get(), "thermostat", OnOpen, &thermostat, nullptr, &error) != HOOP_OK ||
      hoop_agent_create(options.get(), &created, &error) != HOOP_OK) {
    return Fail(Error(error));
  }
  const Agent agent(created);
  if (hoop_agent_start(agent.get(), &error) != HOOP_OK) return Fail(Error(error));
  if (hoop_agent_wait_connected(agent.get(), 30000, &error) != HOOP_OK) return Fail(Error(error));
  std::printf("connected\n");
  std::fflush(stdout);
  int signal = 0;
  sigwait(&ends, &signal);
  return 0;
}
