#include "protocol/postgres/statements.h"

#include <algorithm>
#include <charconv>
#include <deque>
#include <utility>

#include "base/limits/postgres.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "protocol/postgres/bounded_names.h"
#include "protocol/postgres/message_head.h"
#include "protocol/postgres/messages.h"
#include "protocol/postgres/statement_request.h"

namespace hoop::postgres {
namespace {

using Kind = StatementRequest::Kind;

struct Prepared {
  std::string sql;
  bool truncated = false;
  std::vector<uint32_t> parameter_types;
};

// A portal keeps its statement, also when the name of that is used anew.
struct Portal {
  std::shared_ptr<const Prepared> prepared;
  std::string prepared_name;
  uint32_t parameter_count = 0;
  uint32_t executions = 0;
};

bool IsCopy(Kind kind) { return kind == Kind::kCopyBytes || kind == Kind::kCopyEnd; }

// The number at the end of a command tag: "INSERT 0 5", "SELECT 5", "COPY 7".
std::optional<uint64_t> RowsOfTag(std::string_view tag) {
  const std::string_view digits = tag.substr(tag.find_last_of(' ') + 1);
  uint64_t rows = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), rows);
  if (digits.empty() || error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return rows;
}

absl::StatusOr<ErrorResponse> ReadError(const MessageHead& head) {
  std::string body = head.body;
  if (head.cut) body.append(2, '\0');  // ends the field that is cut, and the list of fields
  return ParseErrorResponse(BuildMessage('E', body));
}

}  // namespace

// Matches replies with the requests that wait for them, in order. The server answers one after the other; names get
// their meaning when the answer comes, because only then it is sure that the request was carried out.
class StatementReader::Conversation final {
 public:
  explicit Conversation(absl::AnyInvocable<void(const Statement&)> on_statement)
      : on_statement_(std::move(on_statement)), requests_(Sender::kFrontend), replies_(Sender::kBackend) {}

  absl::Status OnRequest(absl::Time at, std::string_view bytes) {
    HOOP_RETURN_IF_ERROR(broken_);
    return broken_ = ReadRequests(at, bytes);
  }

  absl::Status OnReply(absl::Time at, std::string_view bytes) {
    HOOP_RETURN_IF_ERROR(broken_);
    return broken_ = ReadReplies(at, bytes);
  }

  void Finish();

 private:
  // What the server has answered so far to the statement in front.
  struct Progress {
    bool begun = false;  // some answer has come
    uint64_t rows = 0;
    uint64_t copy_in_bytes = 0;
    uint64_t copy_out_bytes = 0;
  };

  absl::Status ReadRequests(absl::Time at, std::string_view bytes);
  absl::Status OnRequestMessage(const MessageHead& head, absl::Time at);
  bool TakeAsCopy(const StatementRequest& request);
  absl::Status Push(StatementRequest request);
  void Pop();

  absl::Status ReadReplies(absl::Time at, std::string_view bytes);
  absl::Status OnReplyMessage(const MessageHead& head, absl::Time at);
  absl::Status OnRowDescription(char type);
  absl::Status OnContent(const MessageHead& head, absl::Time at);
  absl::Status OnParameterDescription(const MessageHead& head);
  absl::Status OnCommandComplete(const MessageHead& head, absl::Time at);
  absl::Status OnExecuteEnd(Statement::Outcome outcome, std::string_view tag, absl::Time at);
  absl::Status OnNamed(char type);
  void AdoptNames(const StatementRequest& request);
  absl::Status OnCopyBegin(char type);
  absl::Status OnError(const MessageHead& head, absl::Time at);
  absl::Status OnReady(const MessageHead& head);
  void SkipToSync();

  // True when the request in front is one of `kinds`: the reply belongs to it.
  bool FrontIs(std::initializer_list<Kind> kinds) const {
    return !pending_.empty() && std::find(kinds.begin(), kinds.end(), pending_.front().kind) != kinds.end();
  }
  static absl::Status OutOfOrder(char type) {
    return InvalidArgument("reply {} of the server has no request that it answers", type);
  }

  // The statement that the request in front stands for, as far as names are known.
  Statement StatementOf(const StatementRequest& request);
  void FillFrom(const Prepared* prepared, Statement& statement) const;
  void Tell(Statement statement, absl::Time end);

  absl::AnyInvocable<void(const Statement&)> on_statement_;
  MessageHeads requests_;
  MessageHeads replies_;
  absl::Status broken_;

  std::deque<StatementRequest> pending_;  // not answered yet, oldest first; never COPY input in front
  size_t pending_bytes_ = 0;
  bool skipping_ = false;    // after an error: the server ignores requests until Sync
  bool copying_in_ = false;  // the server waits for CopyData: it ignores Sync until CopyDone

  BoundedNames<std::shared_ptr<Prepared>> prepared_;
  BoundedNames<Portal> portals_;

  Progress progress_;
  uint32_t query_index_ = 0;                // results of the Query in front that are told already
  std::optional<Statement> last_extended_;  // since the last ReadyForQuery, for an error at the commit in Sync
  absl::Time last_end_ = absl::InfinitePast();
};

absl::Status StatementReader::Conversation::ReadRequests(absl::Time at, std::string_view bytes) {
  while (true) {
    HOOP_ASSIGN_OR_RETURN(const MessageHead* head, requests_.Next(bytes));
    if (head == nullptr) return absl::OkStatus();
    HOOP_RETURN_IF_ERROR(OnRequestMessage(*head, at));
  }
}

absl::Status StatementReader::Conversation::OnRequestMessage(const MessageHead& head, absl::Time at) {
  if (head.kind == FrameKind::kSslRequest || head.kind == FrameKind::kGssEncRequest) replies_.ExpectEncryptionAnswer();
  HOOP_ASSIGN_OR_RETURN(std::optional<StatementRequest> request, ReadStatementRequest(head, at));
  if (!request) return absl::OkStatus();
  if (copying_in_ && TakeAsCopy(*request)) return absl::OkStatus();
  if (skipping_ && request->kind != Kind::kSync) return absl::OkStatus();
  skipping_ = false;
  return Push(*std::move(request));
}

// What the server does with a request while it waits for CopyData. False: it does not belong there.
bool StatementReader::Conversation::TakeAsCopy(const StatementRequest& request) {
  if (request.kind == Kind::kCopyEnd) copying_in_ = false;
  progress_.copy_in_bytes += request.copy_bytes;
  return IsCopy(request.kind) || request.kind == Kind::kSync;
}

absl::Status StatementReader::Conversation::Push(StatementRequest request) {
  // COPY input ahead of the server's CopyInResponse is kept for it; where none can come it is ignored.
  if (IsCopy(request.kind) && pending_.empty()) return absl::OkStatus();
  if (request.kind == Kind::kCopyBytes && pending_.back().kind == Kind::kCopyBytes) {
    pending_.back().copy_bytes += request.copy_bytes;
    return absl::OkStatus();
  }
  pending_bytes_ += request.text_bytes();
  pending_.push_back(std::move(request));
  if (pending_.size() > limits::kStatementPendingMax || pending_bytes_ > limits::kStatementPendingBytesMax) {
    return ResourceExhausted("{} requests with {} bytes wait for an answer", pending_.size(), pending_bytes_);
  }
  return absl::OkStatus();
}

void StatementReader::Conversation::Pop() {
  do {
    pending_bytes_ -= pending_.front().text_bytes();
    pending_.pop_front();
  } while (!pending_.empty() && IsCopy(pending_.front().kind));
  progress_ = {};
  query_index_ = 0;
}

absl::Status StatementReader::Conversation::ReadReplies(absl::Time at, std::string_view bytes) {
  while (true) {
    HOOP_ASSIGN_OR_RETURN(const MessageHead* head, replies_.Next(bytes));
    if (head == nullptr) return absl::OkStatus();
    if (head->kind == FrameKind::kEncryptionAnswer) {
      if (head->type == 'S') return FailedPrecondition("connection goes on encrypted: its statements cannot be read");
      continue;
    }
    HOOP_RETURN_IF_ERROR(OnReplyMessage(*head, at));
  }
}

absl::Status StatementReader::Conversation::OnReplyMessage(const MessageHead& head, absl::Time at) {
  switch (head.type) {
    case 'C':
      return OnCommandComplete(head, at);
    case 'E':
      return OnError(head, at);
    case 'Z':
      return OnReady(head);
    case 't':
      return OnParameterDescription(head);
    case '1':
    case '2':
    case '3':
      return OnNamed(head.type);
    case 'G':
    case 'H':
    case 'W':
      return OnCopyBegin(head.type);
    case 'I':
      return OnExecuteEnd(Statement::Outcome::kDone, "", at);
    case 's':
      return OnExecuteEnd(Statement::Outcome::kSuspended, "", at);
    case 'T':
    case 'n':
      return OnRowDescription(head.type);
    case 'D':
    case 'd':
    case 'V':
      return OnContent(head, at);
    default:
      return absl::OkStatus();  // notices, notifications, settings, the login
  }
}

absl::Status StatementReader::Conversation::OnRowDescription(char type) {
  if (FrontIs({Kind::kDescribeStatement, Kind::kDescribePortal})) {
    Pop();
  } else if (FrontIs({Kind::kQuery, Kind::kExecute})) {
    progress_.begun = true;
  } else {
    return OutOfOrder(type);
  }
  return absl::OkStatus();
}

// A row, a piece of COPY, the value of a function.
absl::Status StatementReader::Conversation::OnContent(const MessageHead& head, absl::Time at) {
  if (head.type == 'V') {
    if (!FrontIs({Kind::kFunction})) return OutOfOrder(head.type);
    Tell(StatementOf(pending_.front()), at);
    return absl::OkStatus();
  }
  if (!FrontIs({Kind::kQuery, Kind::kExecute})) return OutOfOrder(head.type);
  progress_.begun = true;
  if (head.type == 'D') {
    ++progress_.rows;
  } else {
    progress_.copy_out_bytes += head.body_bytes;
  }
  return absl::OkStatus();
}

absl::Status StatementReader::Conversation::OnParameterDescription(const MessageHead& head) {
  if (!FrontIs({Kind::kDescribeStatement})) return OutOfOrder(head.type);
  const std::shared_ptr<Prepared>* prepared = prepared_.Find(pending_.front().statement);
  if (prepared == nullptr) return absl::OkStatus();
  HeadFields fields(head);
  HOOP_ASSIGN_OR_RETURN(const uint16_t count, fields.Uint16());
  std::vector<uint32_t> types;
  for (uint16_t i = 0; i < count && !fields.missed(); ++i) {
    HOOP_ASSIGN_OR_RETURN(const uint32_t type, fields.Uint32());
    types.push_back(type);
  }
  (*prepared)->parameter_types = std::move(types);
  return absl::OkStatus();
}

// ParseComplete, BindComplete, CloseComplete: the names of the request in front hold from now on.
absl::Status StatementReader::Conversation::OnNamed(char type) {
  const bool fits = type == '1'   ? FrontIs({Kind::kParse})
                    : type == '2' ? FrontIs({Kind::kBind})
                                  : FrontIs({Kind::kCloseStatement, Kind::kClosePortal});
  if (!fits) return OutOfOrder(type);
  AdoptNames(pending_.front());
  Pop();
  return absl::OkStatus();
}

void StatementReader::Conversation::AdoptNames(const StatementRequest& request) {
  switch (request.kind) {
    case Kind::kParse:
      prepared_.Set(request.statement,
                    std::make_shared<Prepared>(Prepared{request.sql, request.sql_truncated, request.parameter_types}),
                    request.text_bytes());
      break;
    case Kind::kBind: {
      const std::shared_ptr<Prepared>* prepared = prepared_.Find(request.statement);
      Portal portal{prepared == nullptr ? nullptr : *prepared, request.statement, request.parameter_count};
      const size_t sql_bytes = portal.prepared == nullptr ? 0 : portal.prepared->sql.size();
      portals_.Set(request.portal, std::move(portal), request.text_bytes() + sql_bytes);
      break;
    }
    case Kind::kCloseStatement:
      prepared_.Erase(request.statement);
      break;
    case Kind::kClosePortal:
      portals_.Erase(request.portal);
      break;
    default:
      break;
  }
}

absl::Status StatementReader::Conversation::OnCopyBegin(char type) {
  if (!FrontIs({Kind::kQuery, Kind::kExecute})) return OutOfOrder(type);
  progress_.begun = true;
  if (type == 'H') return absl::OkStatus();
  copying_in_ = true;
  // What is on its way already: input, and Sync, which the server ignores until the input ends.
  while (copying_in_ && pending_.size() > 1 && TakeAsCopy(pending_[1])) pending_.erase(pending_.begin() + 1);
  return absl::OkStatus();
}

absl::Status StatementReader::Conversation::OnCommandComplete(const MessageHead& head, absl::Time at) {
  HeadFields fields(head);
  HOOP_ASSIGN_OR_RETURN(const std::string_view tag, fields.Text());
  if (tag == "DISCARD ALL" || tag == "DEALLOCATE ALL") prepared_.Clear();
  return OnExecuteEnd(Statement::Outcome::kDone, tag, at);
}

absl::Status StatementReader::Conversation::OnExecuteEnd(Statement::Outcome outcome, std::string_view tag,
                                                         absl::Time at) {
  if (!FrontIs({Kind::kQuery, Kind::kExecute})) return OutOfOrder(tag.empty() ? 'I' : 'C');
  Statement statement = StatementOf(pending_.front());
  statement.outcome = outcome;
  statement.command_tag = tag;
  statement.rows = RowsOfTag(tag);
  if (!statement.rows && progress_.begun && progress_.rows > 0) statement.rows = progress_.rows;
  const bool extended = statement.kind == Statement::Kind::kExtended;
  if (extended) {
    if (Portal* portal = portals_.Find(pending_.front().portal)) ++portal->executions;
    last_extended_ = statement;
  }
  Tell(std::move(statement), at);
  if (extended) Pop();
  return absl::OkStatus();
}

absl::Status StatementReader::Conversation::OnError(const MessageHead& head, absl::Time at) {
  HOOP_ASSIGN_OR_RETURN(const ErrorResponse error, ReadError(head));
  copying_in_ = false;
  if (pending_.empty() || FrontIs({Kind::kLogin})) return absl::OkStatus();  // of the connection, not of a statement
  Statement statement;
  if (!FrontIs({Kind::kSync})) {
    statement = StatementOf(pending_.front());
  } else if (last_extended_) {
    // The commit that Sync stands for failed: the statement before it is told once more, with its error.
    statement = *std::exchange(last_extended_, std::nullopt);
    ++statement.index;
    statement.command_tag.clear();
    statement.rows.reset();
    statement.started_at = last_end_;
  } else {
    return absl::OkStatus();
  }
  statement.outcome = Statement::Outcome::kFailed;
  statement.error_code = error.code;
  statement.error_message = error.message;
  Tell(std::move(statement), at);
  if (!FrontIs({Kind::kQuery, Kind::kFunction, Kind::kSync})) SkipToSync();
  return absl::OkStatus();
}

void StatementReader::Conversation::SkipToSync() {
  while (!pending_.empty() && !FrontIs({Kind::kSync})) Pop();
  skipping_ = pending_.empty();
}

absl::Status StatementReader::Conversation::OnReady(const MessageHead& head) {
  if (!FrontIs({Kind::kLogin, Kind::kQuery, Kind::kFunction, Kind::kSync})) return OutOfOrder(head.type);
  Pop();
  last_extended_.reset();
  if (head.body == "I") portals_.Clear();  // portals end with their transaction
  return absl::OkStatus();
}

void StatementReader::Conversation::FillFrom(const Prepared* prepared, Statement& statement) const {
  statement.sql_truncated = prepared == nullptr || prepared->truncated;
  if (prepared == nullptr) return;
  statement.sql = prepared->sql;
  statement.parameter_types = prepared->parameter_types;
}

Statement StatementReader::Conversation::StatementOf(const StatementRequest& request) {
  Statement statement;
  statement.kind = Statement::Kind::kExtended;
  statement.started_at = std::max(request.at, last_end_);
  statement.prepared_name = request.statement;
  statement.portal_name = request.portal;
  statement.parameter_count = request.parameter_count;
  statement.copy_in_bytes = progress_.copy_in_bytes;
  statement.copy_out_bytes = progress_.copy_out_bytes;
  switch (request.kind) {
    case Kind::kQuery:
    case Kind::kFunction:
    case Kind::kParse:
      if (request.kind != Kind::kParse) {
        statement.kind = request.kind == Kind::kQuery ? Statement::Kind::kSimple : Statement::Kind::kFunction;
        statement.index = query_index_;
      }
      statement.sql = request.sql;
      statement.sql_truncated = request.sql_truncated;
      statement.parameter_types = request.parameter_types;
      break;
    case Kind::kBind:
    case Kind::kDescribeStatement:
    case Kind::kCloseStatement: {
      const std::shared_ptr<Prepared>* prepared = prepared_.Find(request.statement);
      FillFrom(prepared == nullptr ? nullptr : prepared->get(), statement);
      break;
    }
    default: {
      const Portal* portal = portals_.Find(request.portal);
      FillFrom(portal == nullptr ? nullptr : portal->prepared.get(), statement);
      if (portal == nullptr) break;
      statement.prepared_name = portal->prepared_name;
      statement.parameter_count = portal->parameter_count;
      statement.index = portal->executions;
    }
  }
  return statement;
}

void StatementReader::Conversation::Tell(Statement statement, absl::Time end) {
  if (statement.outcome != Statement::Outcome::kUnfinished) {
    statement.duration = std::max(end - statement.started_at, absl::ZeroDuration());
    last_end_ = end;
  }
  ++query_index_;
  progress_ = {};
  on_statement_(statement);
}

void StatementReader::Conversation::Finish() {
  // Names in requests without an answer are taken as if the server had agreed.
  for (; !pending_.empty(); Pop()) {
    const StatementRequest& request = pending_.front();
    AdoptNames(request);
    const bool runs = request.kind == Kind::kQuery || request.kind == Kind::kFunction || request.kind == Kind::kExecute;
    const bool told = query_index_ > 0 && !progress_.begun;
    if (!runs || told) continue;
    Statement statement = StatementOf(request);
    statement.outcome = Statement::Outcome::kUnfinished;
    if (progress_.rows > 0) statement.rows = progress_.rows;
    Tell(std::move(statement), last_end_);
  }
}

StatementReader::StatementReader(absl::AnyInvocable<void(const Statement&)> on_statement)
    : conversation_(std::make_unique<Conversation>(std::move(on_statement))) {}

StatementReader::~StatementReader() = default;

absl::Status StatementReader::OnRequest(absl::Time at, std::string_view bytes) {
  return conversation_->OnRequest(at, bytes);
}

absl::Status StatementReader::OnReply(absl::Time at, std::string_view bytes) {
  return conversation_->OnReply(at, bytes);
}

void StatementReader::Finish() { conversation_->Finish(); }

}  // namespace hoop::postgres
