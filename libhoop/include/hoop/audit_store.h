// The record of sessions: appended before anything is forwarded, sealed at the end, read and verified afterwards.
// Session writes through it, REST and the command line read through it. Ours is a journal on local disk that is
// flushed to the store (audit/journal_audit_store.h); a host may bring its own.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace hoop {

// What a reply has to wait for. kBuffered: its request is written (survives kill -9). kDurable: synced (survives
// power loss).
enum class RecordPolicy { kDurable, kBuffered };

enum class Direction : uint8_t { kRequest = 1, kReply = 2, kGateway = 3 };

// Values are on disk: never renumber.
enum class RecordKind : uint8_t {
  kOpen = 1,             // payload: SessionHead as JSON, but for what the user gave
  kOpenOk = 2,           // the target answered
  kInput = 3,            // bytes towards the target: stdin, protocol bytes
  kOutput = 4,           // bytes from the target: stdout, protocol bytes
  kErrorOutput = 5,      // stderr
  kConnectionClose = 6,  // one connection id ended
  kControl = 7,          // window size and other packets without content
  kVerdict = 8,          // a stage refused or replaced what was recorded before
  kSeal = 9,             // payload: the signed seal as JSON
  kGiven = 10,           // payload: the user's arguments and variables as JSON, where there are any
};

// Who uses what, known before the first byte.
struct SessionHead {
  std::string session_id;  // UUID, minted by the gateway
  std::string org_id;
  std::string user_id;
  std::string user_email;
  std::string user_name;
  std::string connection;
  std::string connection_type;     // as stored: database, custom, application, command-line ...
  std::string connection_subtype;  // postgres, tcp ...
  std::string wire_type;           // as said on the wire: postgres, tcp, command-line
  std::string agent_id;
  std::string verb;    // connect, exec
  std::string origin;  // client, client-api ...
  std::vector<std::string> command;
  std::vector<std::string> client_args;
  // What the user gave besides, as the agent gets it: "envvar:NAME" -> base64. Nothing of the connection's own.
  std::map<std::string, std::string> client_env;
  RecordPolicy policy = RecordPolicy::kDurable;
  absl::Time started_at;
};

struct SessionEnd {
  std::string reason;            // one line for people: "client left", "killed by admin@example.test"
  std::optional<int> exit_code;  // of the command, when there was one
};

// Told about the record while it is written. Called on the loop of the session, never from inside Append or Seal.
class RecordObserver {
 public:
  virtual ~RecordObserver() = default;
  // A write or sync failed: nothing after the last durable position is proven; the session must end.
  virtual void OnRecordFailed(const absl::Status& status) = 0;
  // true: the disk is behind, read no more input for this session; false: go on.
  virtual void OnRecordPressure(bool stop_reading) = 0;
};

// The growing record of one session. Created by AuditStore::Open on the loop of the session; used and destroyed
// there. Destroyed without Seal, the session is sealed by the next recovery.
class SessionRecord {
 public:
  // Counts records of everything that shares this record's disk; grows.
  using Position = uint64_t;

  virtual ~SessionRecord() = default;

  // Takes the bytes into the current turn of the loop. They are written when the turn ends, before the kRelease
  // phase: whoever forwards in kRelease forwards what is recorded. `payload` may be of any size.
  // ResourceExhausted: no room. FailedPrecondition: the record failed or is sealed.
  virtual absl::StatusOr<Position> Append(Direction direction, RecordKind kind, std::string_view connection_id,
                                          std::string_view payload) = 0;

  // The last record. Afterwards Append fails.
  virtual absl::StatusOr<Position> Seal(const SessionEnd& end) = 0;

  // The newest position appended for this session (0: none), and whether a position survives power loss.
  virtual Position last() const = 0;
  virtual bool IsDurable(Position position) const = 0;

  // Calls `done` once on the loop, in the kRelease phase of a turn: OK when `position` is durable, else why never.
  // Dropped silently when the record is destroyed first.
  virtual void WhenDurable(Position position, absl::AnyInvocable<void(const absl::Status&)> done) = 0;
};

// One record as it is read back.
struct RecordEntry {
  uint64_t position = 0;
  absl::Time at;
  Direction direction = Direction::kGateway;
  RecordKind kind = RecordKind::kControl;
  std::string connection_id;
  std::string payload;
};

struct RecordPage {
  std::string bytes;        // whole stored records, exactly as they stand on disk
  std::string next_cursor;  // empty: this was the last page
};

// What verification found. `ok` false comes with a `problem` that names the record.
struct VerifyReport {
  bool ok = false;
  bool sealed = false;
  bool running = false;  // nothing is wrong so far: the session still runs, its end will be the seal
  std::string problem;
  std::string key_id;      // of the audit key that signed
  std::string end_reason;  // as sealed
  uint64_t records = 0;
  uint64_t payload_bytes = 0;
};

// Owned by Gateway (or by the host that brought it); outlives every SessionRecord.
class AuditStore {
 public:
  virtual ~AuditStore() = default;

  // Appends the kOpen record. Loop thread. `observer` outlives the SessionRecord.
  // Unavailable: the store is down. ResourceExhausted: the journal is full.
  virtual absl::StatusOr<std::unique_ptr<SessionRecord>> Open(const SessionHead& head, RecordObserver& observer) = 0;

  // The stored bytes of a session in pages of about `bytes_max`; `cursor` empty for the first. Includes what is not
  // flushed yet. May block: worker threads only. NotFound: no such session. InvalidArgument: a foreign cursor.
  virtual absl::StatusOr<RecordPage> ReadPage(std::string_view session_id, std::string_view cursor,
                                              size_t bytes_max) = 0;

  // Calls `visit` for each record in order until it answers false. Bounded memory. Worker threads only.
  virtual absl::Status Read(std::string_view session_id, absl::AnyInvocable<bool(const RecordEntry&)> visit) = 0;

  // Recomputes checksums, chain and signature. Worker threads only. NotFound: no such session.
  virtual absl::StatusOr<VerifyReport> Verify(std::string_view session_id) = 0;

  // Returns when everything written before is in the store, where lists of sessions find it. May wait for the disk:
  // worker threads only. Unavailable: the store does not answer, or the disk does not sync.
  virtual absl::Status Flush() { return absl::OkStatus(); }
  // The same for the ends of sessions: who has ended is in the store as ended, and of who runs there is what it counted
  // a second ago at most. Costs nothing while nobody ends.
  virtual absl::Status FlushEnds() { return Flush(); }

  // Tells what this gateway records apart from what others on the same database do: it is kept with each session's row,
  // so that a start ends the sessions which its own earlier life left, and no others. Constant.
  virtual std::string journal() const { return ""; }

  // The public half of the audit key: raw Ed25519 bytes, base64.
  virtual std::string public_key() const = 0;
};

}  // namespace hoop
