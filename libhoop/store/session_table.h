// Sessions: who used what, when, how it ended. Written by the audit store with the record, listed by rest/.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "hoop/audit_store.h"
#include "store/database.h"

namespace hoop {

enum class SessionStatus { kReady, kOpen, kDone };
std::string_view SessionStatusText(SessionStatus status);  // ready, open, done

// How much of a session's record is in the store.
struct SessionCounts {
  uint64_t records = 0;
  uint64_t request_bytes = 0;  // payload from the client
  uint64_t reply_bytes = 0;    // payload from the target
};

// What whoever began a session said about it, and what its connection was called by then. Not part of the record.
struct SessionNotes {
  std::map<std::string, std::string> labels;
  std::map<std::string, std::string> metadata;  // may be replaced later
  std::map<std::string, std::string> connection_tags;
  std::string batch_id;        // groups sessions that were begun together
  std::string correlation_id;  // of the caller's own system
};

struct SessionRow {
  SessionHead head;
  SessionNotes notes;
  std::string journal;  // AuditStore::journal of the gateway it was begun on
  SessionStatus status = SessionStatus::kOpen;
  std::optional<absl::Time> ended_at;
  std::string end_reason;
  std::optional<int> exit_code;
  SessionCounts counts;
  std::optional<std::string> seal;  // the signed seal, JSON
};

// Names a place in the list, newest first.
struct SessionKey {
  absl::Time started_at;
  std::string session_id;
};

// What a list is narrowed to; an empty field does not narrow. Patterns are of SQL's LIKE, without regard to case; a
// connection's without a wildcard is its name, exactly, which an index finds.
struct SessionFilter {
  std::string owner_id;            // exactly this user's own
  std::string user_pattern;        // of the user's id or e-mail
  std::string connection_pattern;  // of the connection's name
  std::string type_pattern;        // of the connection's type
  std::string batch_id;
  std::string correlation_id;
  std::optional<SessionStatus> status;
  std::optional<absl::Time> started_after;   // strictly
  std::optional<absl::Time> started_before;  // strictly
  std::optional<SessionKey> older_than;      // the page that follows this session
  int limit = 20;
  int offset = 0;
};

// Owned by Store. Blocks; any worker thread. NotFound and AlreadyExists name the session. The static functions are
// for those who write several tables in one transaction.
class SessionTable final {
 public:
  explicit SessionTable(Database& database) : database_(database) {}

  absl::Status Insert(const SessionHead& head, const SessionNotes& notes = {}, std::string_view journal = {});
  absl::Status SetMetadata(std::string_view session_id, const std::map<std::string, std::string>& metadata);
  absl::StatusOr<SessionRow> Find(std::string_view session_id);
  absl::StatusOr<std::vector<SessionRow>> List(std::string_view org_id, const SessionFilter& filter);

  // Counts to `count_max` at most; ignores limit, offset and older_than.
  absl::StatusOr<int64_t> Count(std::string_view org_id, const SessionFilter& filter, int64_t count_max);

  // What is not done, oldest first: a start has to look after those of its journals.
  struct Unfinished {
    std::string id;
    std::string journal;
  };
  absl::StatusOr<std::vector<Unfinished>> ListUnfinished();

  absl::Status Finish(std::string_view session_id, absl::Time ended_at, const SessionEnd& end,
                      const std::optional<std::string>& seal);
  absl::Status Delete(std::string_view session_id);  // its record chunks go with it

  // One transaction's worth of what ended before `before`, oldest first: rows with their record chunks. A session with
  // more chunks than are left loses its last ones first and goes with a later call. One that is not done, or whose end
  // is not flushed yet, stays.
  struct Deleted {
    int64_t sessions = 0;
    int64_t chunks = 0;
    bool more = false;  // call again
  };
  absl::StatusOr<Deleted> DeleteEnded(absl::Time before, int sessions_max, int64_t chunks_max);

  // How much is there, for who watches the disk.
  struct Totals {
    int64_t sessions = 0;
    int64_t chunks = 0;
    uint64_t database_bytes = 0;
    std::optional<absl::Time> oldest;  // session's start
  };
  absl::StatusOr<Totals> Sum();

  // Does nothing when the session is there.
  static absl::Status InsertIfAbsent(Transaction& transaction, const SessionHead& head, std::string_view journal);
  static absl::Status AddCounts(Transaction& transaction, std::string_view session_id, const SessionCounts& more);
  // A session that is done stays as it is, but for a seal that was missing.
  static absl::Status Finish(Transaction& transaction, std::string_view session_id, absl::Time ended_at,
                             const SessionEnd& end, const std::optional<std::string>& seal);

 private:
  Database& database_;
};

}  // namespace hoop
