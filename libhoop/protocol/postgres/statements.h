// Which SQL statements a recorded connection ran: derived from the record, off the packet's way. Fed by the readers of
// the record (audit) with what each side said, in the order of the record, and with its times; understands simple and
// extended protocol, pipelines, cursors and COPY. Uses statement_request, message_head and bounded_names.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/time/time.h"

namespace hoop::postgres {

// One statement that the server was asked to run.
struct Statement {
  enum class Kind {
    kSimple,    // Query message; one entry per result of its text
    kExtended,  // Parse, Bind, Execute; one entry per Execute
    kFunction,  // FunctionCall message (large objects); sql says the function's number
  };
  // How it ended.
  enum class Outcome {
    kDone,
    kFailed,      // error_code and error_message say why
    kSuspended,   // Execute stopped at its row limit; the portal may be executed again
    kUnfinished,  // the record ends before the answer
  };

  Kind kind = Kind::kSimple;
  Outcome outcome = Outcome::kDone;
  std::string sql;  // as sent; bytes of the client's encoding
  bool sql_truncated =
      false;           // longer than limits::kStatementTextBytesMax, or forgotten (limits::kPreparedTextsBytesMax)
  uint32_t index = 0;  // result of a text with several statements, or Execute of one portal: 0, 1, 2 ...
  std::string prepared_name;  // extended: empty is the unnamed one
  std::string portal_name;
  uint32_t parameter_count = 0;           // as bound
  std::vector<uint32_t> parameter_types;  // OIDs as far as client or server said them; 0: not said
  absl::Time started_at;                  // the request, or the end of the statement before it where that was later
  absl::Duration duration;                // until the answer was complete; zero when unfinished
  std::string command_tag;                // "SELECT 5"; empty: an empty statement, or no answer
  std::optional<uint64_t> rows;           // from the tag, else counted; not said for statements without rows
  uint64_t copy_in_bytes = 0;
  uint64_t copy_out_bytes = 0;
  std::string error_code;  // SQLSTATE
  std::string error_message;
};

// Reads one connection id of one session. Owned by the reader of the record; one thread. Memory is bounded whatever
// comes: texts by their bounds, requests without an answer by limits::kStatementPendingMax. After an error the stream
// is not understood any more: everything further is ignored and answered with the same error.
class StatementReader final {
 public:
  // `on_statement` is called from inside OnReply and Finish, in the order in which the server ended the statements.
  explicit StatementReader(absl::AnyInvocable<void(const Statement&)> on_statement);
  ~StatementReader();

  absl::Status OnRequest(absl::Time at, std::string_view bytes);
  absl::Status OnReply(absl::Time at, std::string_view bytes);
  // The record ends: tells of what has no answer, as kUnfinished. The last call.
  void Finish();

 private:
  class Conversation;
  std::unique_ptr<Conversation> conversation_;
};

}  // namespace hoop::postgres
