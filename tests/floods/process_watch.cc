#include "tests/floods/process_watch.h"

#include <signal.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <string>

namespace hoop::floods {
namespace {

std::string Path(pid_t process, const char* name) { return "/proc/" + std::to_string(process) + "/" + name; }

}  // namespace

bool ProcessWatch::alive() const { return ::kill(process_, 0) == 0; }
size_t ProcessWatch::memory_kib() const { return Status("VmRSS:"); }
size_t ProcessWatch::peak_kib() const { return Status("VmHWM:"); }

void ProcessWatch::ForgetPeak() const { std::ofstream(Path(process_, "clear_refs")) << "5"; }

double ProcessWatch::cpu_seconds() const {
  std::ifstream file(Path(process_, "stat"));
  std::string text((std::istreambuf_iterator<char>(file)), {});
  std::istringstream fields(text.substr(text.rfind(')') + 1));
  std::string skipped;
  for (int i = 0; i < 11; ++i) fields >> skipped;
  double user = 0, system = 0;
  fields >> user >> system;
  return (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

size_t ProcessWatch::Status(const char* key) const {
  std::ifstream file(Path(process_, "status"));
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(key)) return std::stoull(line.substr(line.find(':') + 1));
  }
  return 0;
}

}  // namespace hoop::floods
