#include "protocol/postgres/statement_request.h"

#include <fmt/format.h>

#include "base/status.h"
#include "base/status_macros.h"

namespace hoop::postgres {
namespace {

using Kind = StatementRequest::Kind;

absl::Status ReadParse(HeadFields& fields, StatementRequest& request) {
  HOOP_ASSIGN_OR_RETURN(request.statement, fields.Text());
  HOOP_ASSIGN_OR_RETURN(request.sql, fields.Text());
  request.sql_truncated = fields.missed();
  HOOP_ASSIGN_OR_RETURN(const uint16_t count, fields.Uint16());
  for (uint16_t i = 0; i < count && !fields.missed(); ++i) {
    HOOP_ASSIGN_OR_RETURN(const uint32_t type, fields.Uint32());
    if (!fields.missed()) request.parameter_types.push_back(type);
  }
  return absl::OkStatus();
}

// The values of the parameters stand behind their count and are not read.
absl::Status ReadBind(HeadFields& fields, StatementRequest& request) {
  HOOP_ASSIGN_OR_RETURN(request.portal, fields.Text());
  HOOP_ASSIGN_OR_RETURN(request.statement, fields.Text());
  HOOP_ASSIGN_OR_RETURN(const uint16_t format_count, fields.Uint16());
  HOOP_RETURN_IF_ERROR(fields.Skip(size_t{format_count} * 2));
  HOOP_ASSIGN_OR_RETURN(request.parameter_count, fields.Uint16());
  return absl::OkStatus();
}

// Describe and Close: 'S' or 'P', then a name.
absl::Status ReadTarget(HeadFields& fields, Kind of_statement, Kind of_portal, StatementRequest& request) {
  HOOP_ASSIGN_OR_RETURN(const char what, fields.Byte());
  if (what != 'S' && what != 'P') return InvalidArgument("neither a statement nor a portal is named");
  request.kind = what == 'S' ? of_statement : of_portal;
  HOOP_ASSIGN_OR_RETURN((what == 'S' ? request.statement : request.portal), fields.Text());
  return absl::OkStatus();
}

absl::Status ReadFields(HeadFields& fields, char type, StatementRequest& request) {
  switch (type) {
    case 'Q': {
      HOOP_ASSIGN_OR_RETURN(request.sql, fields.Text());
      request.sql_truncated = fields.missed();
      request.kind = Kind::kQuery;
      return absl::OkStatus();
    }
    case 'F': {
      HOOP_ASSIGN_OR_RETURN(const uint32_t function, fields.Uint32());
      request.sql = fmt::format("function call {}", function);
      request.kind = Kind::kFunction;
      return absl::OkStatus();
    }
    case 'E': {
      HOOP_ASSIGN_OR_RETURN(request.portal, fields.Text());
      request.kind = Kind::kExecute;
      return absl::OkStatus();
    }
    case 'P':
      request.kind = Kind::kParse;
      return ReadParse(fields, request);
    case 'B':
      request.kind = Kind::kBind;
      return ReadBind(fields, request);
    case 'D':
      return ReadTarget(fields, Kind::kDescribeStatement, Kind::kDescribePortal, request);
    case 'C':
      return ReadTarget(fields, Kind::kCloseStatement, Kind::kClosePortal, request);
    case 'd':
      request.kind = Kind::kCopyBytes;
      return absl::OkStatus();
    case 'c':
    case 'f':
      request.kind = Kind::kCopyEnd;
      return absl::OkStatus();
    default:
      request.kind = Kind::kSync;
      return absl::OkStatus();
  }
}

}  // namespace

absl::StatusOr<std::optional<StatementRequest>> ReadStatementRequest(const MessageHead& head, absl::Time at) {
  StatementRequest request;
  request.at = at;
  if (head.kind == FrameKind::kStartup) {
    request.kind = Kind::kLogin;
    return request;
  }
  constexpr std::string_view kKnown = "QFPBDECSdcf";
  if (head.kind != FrameKind::kTyped || kKnown.find(head.type) == std::string_view::npos) return std::nullopt;
  request.copy_bytes = head.type == 'd' ? head.body_bytes : 0;
  HeadFields fields(head);
  if (const absl::Status status = ReadFields(fields, head.type, request); !status.ok()) {
    return Annotate(status, fmt::format("message {} of the client", head.type));
  }
  return request;
}

}  // namespace hoop::postgres
