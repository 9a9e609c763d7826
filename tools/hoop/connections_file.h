// The file that declares connections (`hoop start dev --connections`, `hoop admin create connections --from-file`):
//
//   agent: dev                     # defaults for all that follow
//   type: custom                   # type[/subtype]
//   overwrite: true
//   connections:
//     - name: pg
//       type: database/postgres
//       env: {HOST: 127.0.0.1, PORT: "5432", USER: app, PASS: secret}   # or "filesystem:KEY": content;
//                                                                          // values also base64://..., file://PATH
//       command: [bash]
//       record: durable            # or buffered
//       tags: {team: data}
//       groups: [dba]              # whose members may use it; []: everybody
//       access_modes: [connect, exec]
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "hoop/gateway.h"

namespace hoop::cli {

// A connection of the file. A value.
struct DeclaredConnection {
  ConnectionConfig config;
  std::string place;        // "team.yaml:7": goes before what is said of it
  std::string agent_place;  // where its agent is named
};

// `agent` is for connections that name none; when it is empty they have to. InvalidArgument: names the file, the line
// and the key, or says why the file, or one that a value names, cannot be read.
absl::StatusOr<std::vector<DeclaredConnection>> LoadConnectionsFile(const std::string& path, const std::string& agent);

}  // namespace hoop::cli
