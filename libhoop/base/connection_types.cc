#include "base/connection_types.h"

#include <algorithm>
#include <array>

namespace hoop {
namespace {

struct Mapping {
  std::string_view type, subtype, protocol;
};

// An empty subtype stands for every other one; the order counts.
constexpr Mapping kMappings[] = {
    {"application", "tcp", "tcp"},
    {"application", "ssh", "ssh"},
    {"application", "ssh-local", "ssh"},
    {"application", "git", "ssh"},
    {"application", "github", "ssh"},
    {"application", "httpproxy", "httpproxy"},
    {"application", "kibana", "httpproxy"},
    {"application", "grafana", "httpproxy"},
    {"application", "mcpproxy", "mcpproxy"},
    {"application", "", "command-line"},
    {"custom", "dynamodb", "dynamodb"},
    {"custom", "cloudwatch", "cloudwatch"},
    {"custom", "rdp", "rdp"},
    {"custom", "aws-ssm", "aws-ssm"},
    {"custom", "kubernetes", "kubernetes"},
    {"custom", "kubernetes-eks", "kubernetes"},
    {"custom", "httpproxy", "httpproxy"},
    {"custom", "kubernetes-token", "httpproxy"},
    {"custom", "mcpproxy", "mcpproxy"},
    {"custom", "", "command-line"},
    {"httpproxy", "mcpproxy", "mcpproxy"},
    {"httpproxy", "", "httpproxy"},
};

// The last five are of 2024, when the type was the protocol.
constexpr std::string_view kTypes[] = {"database", "application", "custom", "httpproxy", "command-line",
                                       "postgres", "mysql",       "mssql",  "tcp"};

}  // namespace

bool IsConnectionType(std::string_view type) {
  return std::find(std::begin(kTypes), std::end(kTypes), type) != std::end(kTypes);
}

std::string WireType(std::string_view type, std::string_view subtype) {
  if (type == "database") return std::string(subtype);
  for (const Mapping& mapping : kMappings) {
    if (mapping.type != type) continue;
    if (mapping.subtype.empty() || mapping.subtype == subtype) return std::string(mapping.protocol);
  }
  return std::string(type);
}

std::vector<std::string> DefaultCommand(std::string_view protocol) {
  if (protocol == "postgres") {
    return {"psql",  "-v", "ON_ERROR_STOP=1", "-A",           "-F\t", "-P", "pager=off", "-h",
            "$HOST", "-U", "$USER",           "--port=$PORT", "$DB"};
  }
  if (protocol == "mysql") return {"mysql", "-h$HOST", "-u$USER", "--port=$PORT", "-D$DB"};
  if (protocol == "mssql") {
    return {"sqlcmd",        "--exit-on-error", "--trim-spaces", "-s\t",        "-r",
            "-S$HOST:$PORT", "-U$USER",         "-d$DB",         "-i/dev/stdin"};
  }
  if (protocol == "oracledb") return {"sqlplus", "-s", "$USER/$PASS@$HOST:$PORT/$SID"};
  if (protocol == "mongodb") return {"mongo", "--quiet", "$CONNECTION_STRING"};
  return {};
}

}  // namespace hoop
