// The SQL statements of a session, derived from its record one page at a time. Reads through AuditStore, understands
// with protocol/postgres/statements.h; memory is one page, however long the session is.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "hoop/audit_store.h"
#include "protocol/postgres/statements.h"

namespace hoop::rest {

struct ListedStatement {
  uint64_t number = 0;  // in the session, from 0: the order in which the server ended them
  std::string connection_id;
  postgres::Statement statement;
};

struct StatementRange {
  uint64_t first = 0;  // number of the first that is wanted
  size_t count_max = 0;
  size_t bytes_max = 0;  // of SQL and error texts; one statement always fits
};

struct StatementPage {
  std::vector<ListedStatement> statements;
  std::optional<uint64_t> next;       // the number that the next page begins with; absent: there is no more by now
  std::vector<std::string> problems;  // connections whose bytes stopped being understood, and why
};

// Worker threads. The record is read from its start for each page (what a prepared statement means stands before it)
// and no further than the page reaches. Sessions of other protocols have none.
absl::StatusOr<StatementPage> ReadStatements(AuditStore& audit, const SessionHead& head, const StatementRange& range);

}  // namespace hoop::rest
