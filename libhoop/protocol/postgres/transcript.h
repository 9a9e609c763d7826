// A recorded connection as lines for people: what the client asked, what the server answered, in the order of the
// record. Made by client/postgres_transcript for replays. Uses message_head, escaped_text and bounded_names.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "protocol/postgres/bounded_names.h"
#include "protocol/postgres/message_head.h"

namespace hoop::postgres {

// Reads one connection id of one session. Owned by the reader of the record; one thread. Of a message it shows
// limits::kStatementTextBytesMax at most, of a login no password. What is no protocol of PostgreSQL, or not any more,
// is shown as it is: nothing of a record is left out because it is not understood. docs/postgres.md has the lines.
class Transcript final {
 public:
  using Lines = std::vector<std::string>;

  // The lines of the messages that end within `bytes`: UTF-8 without control characters.
  Lines OnRequest(std::string_view bytes) { return Read(requests_, bytes, &Transcript::Request); }
  Lines OnReply(std::string_view bytes) { return Read(replies_, bytes, &Transcript::Reply); }

 private:
  using Show = absl::Status (Transcript::*)(const MessageHead&);

  Lines Read(MessageHeads& heads, std::string_view bytes, Show show);
  absl::Status Request(const MessageHead& head);
  absl::Status TypedRequest(const MessageHead& head);
  absl::Status Parse(HeadFields& fields);
  absl::Status Bind(HeadFields& fields);
  absl::Status Execute(HeadFields& fields);
  absl::Status Login(HeadFields& fields);
  void ShowPrepared();
  absl::Status Reply(const MessageHead& head);
  absl::Status Columns(HeadFields& fields);
  absl::Status Row(HeadFields& fields);
  absl::Status Report(std::string_view what, HeadFields& fields);
  absl::Status Notification(HeadFields& fields);
  void Say(std::string line) { lines_.push_back(std::move(line)); }
  void Copy(const MessageHead& head);

  MessageHeads requests_{Sender::kFrontend, MessageHeads::Bodies::kAll};
  MessageHeads replies_{Sender::kBackend, MessageHeads::Bodies::kAll};
  BoundedNames<std::string> prepared_;  // SQL, escaped as unbound_ is
  BoundedNames<Lines> portals_;         // SQL and its parameters
  std::optional<std::string> unbound_;  // the last Parse, until something is executed
  Lines lines_;                         // of the call that runs
  bool is_lost_ = false;                // not understood any more
};

}  // namespace hoop::postgres
