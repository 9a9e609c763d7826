// hoop: the command line. Reads the environment, hands the arguments to command_line.cc. Started by an agent with the
// word "warden" it is that agent's warden instead.
#include <malloc.h>

#include <csignal>
#include <cstring>

#include "absl/synchronization/mutex.h"
#include "command_line.h"
#include "hoop/agent.h"

int main(int argc, char** argv) {
  // Before anything else: the warden has to be small and without threads.
  if (argc == 2 && std::strcmp(argv[1], "warden") == 0) return hoop::RunWarden();
  // Packets come and go: no system call for each. Debian's abseil checks the order of locks at each one; tests do, too.
  ::mallopt(M_TRIM_THRESHOLD, 1 << 20);
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  std::signal(SIGPIPE, SIG_IGN);
  return hoop::cli::RunCommandLine(argc, argv, hoop::cli::ReadEnvironment());
}
