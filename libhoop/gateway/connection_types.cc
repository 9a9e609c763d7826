#include "gateway/connection_types.h"

namespace hoop {
namespace {

struct Row {
  std::string_view type, subtype, wire;
};

constexpr Row kRows[] = {
    {"httpproxy", "mcpproxy", "mcpproxy"},
    {"application", "mcpproxy", "mcpproxy"},
    {"application", "tcp", "tcp"},
    {"application", "ssh", "ssh"},
    {"application", "ssh-local", "ssh"},
    {"application", "git", "ssh"},
    {"application", "github", "ssh"},
    {"application", "httpproxy", "httpproxy"},
    {"application", "kibana", "httpproxy"},
    {"application", "grafana", "httpproxy"},
    {"custom", "mcpproxy", "mcpproxy"},
    {"custom", "dynamodb", "dynamodb"},
    {"custom", "cloudwatch", "cloudwatch"},
    {"custom", "rdp", "rdp"},
    {"custom", "aws-ssm", "aws-ssm"},
    {"custom", "kubernetes", "kubernetes"},
    {"custom", "kubernetes-eks", "kubernetes"},
    {"custom", "httpproxy", "httpproxy"},
    {"custom", "kubernetes-token", "httpproxy"},
    {"database", "postgres", "postgres"},
    {"database", "mysql", "mysql"},
    {"database", "mongodb", "mongodb"},
    {"database", "mssql", "mssql"},
    {"database", "oracledb", "oracledb"},
};

}  // namespace

std::string_view WireType(std::string_view type, std::string_view subtype) {
  for (const Row& row : kRows) {
    if (row.type == type && row.subtype == subtype) return row.wire;
  }
  if (type == "application" || type == "custom") return "command-line";
  return type;
}

}  // namespace hoop
