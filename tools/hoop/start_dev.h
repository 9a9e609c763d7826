// `hoop start dev`: gateway, agent and store in one process, a local admin account, connections from a file (or the
// demo's), everything below one folder.
#pragma once

#include <string>

namespace hoop::cli {

struct StartDevOptions {
  std::string data_dir;                        // default: $XDG_STATE_HOME/hoop/dev
  std::string http_listen = "127.0.0.1:8009";  // port 0: any free one
  std::string grpc_listen = "127.0.0.1:8010";
  std::string connections_file;       // empty: the demo's
  std::string ready_file;             // JSON, written when it serves; a FIFO works too
  int exec_wait_seconds = 50;         // of a command that REST runs
  bool tour = false;                  // run one command, show its record, say what to do next
  std::string log_level = "warning";  // debug, info, warning, error
  std::string version = "unknown";
};

// Serves until SIGINT or SIGTERM. The exit code. Call it before the process has made threads.
int RunStartDev(StartDevOptions options);

}  // namespace hoop::cli
