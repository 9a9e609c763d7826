// Child processes of the demo: started with a clean signal mask, ended with their parent.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace hoop::cli {

struct ChildOptions {
  std::string user;              // run as this user (root only); empty: as we are
  std::string output_file;       // stdout and stderr are appended here; empty: inherited
  std::vector<std::string> env;  // additional NAME=value
  bool ends_with_parent = true;  // SIGINT when the calling thread ends
  bool in_foreground = false;    // stays in our process group: the terminal's keys are for it, too
};

// NotFound: no such program.
absl::StatusOr<pid_t> StartChild(const std::vector<std::string>& command, const ChildOptions& options);

// Runs to the end: the exit code, 128 + signal when it was killed.
absl::StatusOr<int> RunChild(const std::vector<std::string>& command, const ChildOptions& options);

// Asks the child to end with `signal` and reaps it; after five seconds with KILL.
void EndChild(pid_t& pid, int signal);

// A program in `folders` or on the PATH; "" when there is none.
std::string FindProgram(const std::string& name, const std::vector<std::string>& folders);

// Hands `path` to `user` and lets only him in. Only for root; does nothing else.
absl::Status GiveFolder(const std::string& path, const std::string& user);

}  // namespace hoop::cli
