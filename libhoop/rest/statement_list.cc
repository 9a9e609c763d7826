#include "rest/statement_list.h"

#include <map>
#include <memory>
#include <utility>

#include "base/limits/http.h"
#include "base/status.h"
#include "base/status_macros.h"

namespace hoop::rest {
namespace {

// Sorts the entries of a record to the readers of their connections, and collects what these tell. One call of
// ReadStatements long.
class StatementCollector final {
 public:
  explicit StatementCollector(const StatementRange& range) : range_(range) {}

  // False: the page is full.
  bool OnEntry(const RecordEntry& entry) {
    switch (entry.kind) {
      case RecordKind::kInput:
        Feed(entry, true);
        break;
      case RecordKind::kOutput:
        Feed(entry, false);
        break;
      case RecordKind::kConnectionClose:
        Finish(entry.connection_id);
        break;
      case RecordKind::kSeal:
        while (!connections_.empty()) Finish(connections_.begin()->first);
        break;
      default:
        break;
    }
    return !page_.next.has_value();
  }

  StatementPage TakePage() { return std::move(page_); }

 private:
  struct Connection {
    std::unique_ptr<postgres::StatementReader> reader;
    bool failed = false;
  };

  Connection& ConnectionOf(const std::string& id) {
    Connection& connection = connections_[id];
    if (connection.reader == nullptr) {
      connection.reader = std::make_unique<postgres::StatementReader>(
          [this, id](const postgres::Statement& statement) { Add(id, statement); });
    }
    return connection;
  }

  void Feed(const RecordEntry& entry, bool is_request) {
    Connection& connection = ConnectionOf(entry.connection_id);
    const absl::Status read = is_request ? connection.reader->OnRequest(entry.at, entry.payload)
                                         : connection.reader->OnReply(entry.at, entry.payload);
    if (read.ok() || connection.failed) return;
    connection.failed = true;
    if (page_.problems.size() < limits::kRestStatementProblemsMax) {
      page_.problems.push_back(fmt::format("connection {}: {}", entry.connection_id, StatusText(read)));
    }
  }

  void Finish(std::string id) {
    const auto found = connections_.find(id);
    if (found == connections_.end()) return;
    found->second.reader->Finish();
    connections_.erase(found);
  }

  void Add(const std::string& connection_id, const postgres::Statement& statement) {
    const uint64_t number = next_number_++;
    if (number < range_.first || page_.next.has_value()) return;
    const size_t bytes = statement.sql.size() + statement.error_message.size();
    const bool fits = page_.statements.empty() || bytes_ + bytes <= range_.bytes_max;
    if (page_.statements.size() == range_.count_max || !fits) {
      page_.next = number;
      return;
    }
    bytes_ += bytes;
    page_.statements.push_back({number, connection_id, statement});
  }

  const StatementRange range_;
  std::map<std::string, Connection> connections_;
  StatementPage page_;
  uint64_t next_number_ = 0;
  size_t bytes_ = 0;
};

}  // namespace

absl::StatusOr<StatementPage> ReadStatements(AuditStore& audit, const SessionHead& head, const StatementRange& range) {
  if (head.wire_type != "postgres" || head.verb != "connect") return StatementPage();  // a command speaks no protocol
  StatementCollector collector(range);
  HOOP_RETURN_IF_ERROR(
      audit.Read(head.session_id, [&collector](const RecordEntry& entry) { return collector.OnEntry(entry); }));
  return collector.TakePage();
}

}  // namespace hoop::rest
