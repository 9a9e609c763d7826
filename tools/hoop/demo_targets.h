// What the demo's connections lead to: a private Postgres on a socket folder of its own and the small line service of
// examples/. Started by `hoop start dev` when no connections are declared; they end with it, also by kill -9.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace hoop::cli {

// Owned by RunStartDev; main thread only (children die with the thread that made them).
class DemoTargets final {
 public:
  // Starts what is there; what is missing (no Postgres installed) is said in `notes` and left out.
  static absl::StatusOr<std::unique_ptr<DemoTargets>> Start(const std::string& data_dir);
  ~DemoTargets();

  // The file that declares the connections, in the format of connections_file.h.
  const std::string& connections_file() const { return connections_file_; }
  const std::vector<std::string>& notes() const { return notes_; }

 private:
  DemoTargets() = default;
  absl::Status StartPostgres(const std::string& data_dir);
  absl::Status StartTcpDemo(const std::string& data_dir);
  absl::Status WriteConnections(const std::string& data_dir);

  pid_t postgres_ = -1;
  pid_t tcp_demo_ = -1;
  std::string socket_dir_;
  std::string password_;
  std::string tcp_port_;
  std::string connections_file_;
  std::vector<std::string> notes_;
};

}  // namespace hoop::cli
