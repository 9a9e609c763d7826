// The record of a PostgreSQL session as lines for people. `hoop sessions replay` shows it so.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "hoop/audit_store.h"

namespace hoop {

// Fed with the entries of one record, in order. Owned by whoever reads the record; one thread. Memory is bounded but
// for the number of connections that are open at a time, which the record's own session bounded.
class PostgresTranscript final {
 public:
  PostgresTranscript();
  ~PostgresTranscript();

  // What became whole with this entry: "query: select 1", "columns: a | b", "row: 1 | x", "done: SELECT 1",
  // "error: 42P01 ...", "copy: ...". UTF-8 without control characters, unmistakable (docs/postgres.md); of a login no
  // password.
  std::vector<std::string> Lines(const RecordEntry& entry);

 private:
  struct Connections;
  const std::unique_ptr<Connections> connections_;
};

}  // namespace hoop
