// One message of the client that the server answers, or takes as COPY input, as the audit of statements sees it.
// Used by statements.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "protocol/postgres/message_head.h"

namespace hoop::postgres {

struct StatementRequest {
  enum class Kind : uint8_t {
    kLogin,
    kQuery,
    kFunction,
    kParse,
    kBind,
    kDescribeStatement,
    kDescribePortal,
    kExecute,
    kCloseStatement,
    kClosePortal,
    kSync,
    kCopyBytes,  // CopyData; no answer
    kCopyEnd,    // CopyDone, CopyFail; no answer
  };

  Kind kind = Kind::kSync;
  bool sql_truncated = false;
  uint32_t parameter_count = 0;           // Bind
  uint64_t copy_bytes = 0;                // CopyData
  absl::Time at;                          // when all of it was there
  std::string sql;                        // Query, Parse; FunctionCall: the number of the function
  std::string statement;                  // the prepared statement's name
  std::string portal;                     // the portal's name
  std::vector<uint32_t> parameter_types;  // Parse

  size_t text_bytes() const {
    return sql.size() + statement.size() + portal.size() + parameter_types.size() * sizeof(uint32_t);
  }
};

// nullopt: a message that has no answer of its own (Flush, Terminate, a password ...).
// InvalidArgument: the message is malformed.
absl::StatusOr<std::optional<StatementRequest>> ReadStatementRequest(const MessageHead& head, absl::Time at);

}  // namespace hoop::postgres
