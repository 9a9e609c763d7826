// AuditStore on a journal on local disk (docs/journal_format.md) that is flushed to the database while sessions run.
// Built by the gateway; session/ writes through it, rest/ reads through it.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "audit/audit_key.h"
#include "audit/file_system.h"
#include "audit/flusher.h"
#include "audit/lane.h"
#include "audit/recovery.h"
#include "audit/segment_set.h"
#include "base/limits/journal.h"
#include "base/log.h"
#include "base/loop.h"
#include "hoop/audit_store.h"
#include "hoop/clock.h"
#include "store/database.h"
#include "store/record_chunk_table.h"
#include "store/session_table.h"

namespace hoop {

struct JournalOptions {
  std::string journal_dir;  // made when it is missing
  std::string key_path;     // <data>/audit.key, made when it is missing
  uint64_t bytes_max = limits::kJournalBytesMax;
  size_t segment_bytes = limits::kSegmentBytes;
  // No other gateway uses the database: what is open in it was left by an earlier life, also one with another journal
  // (of which the database is a restored backup). Otherwise only what is of the journals here.
  bool is_only_gateway = false;
};

// Owned by Gateway. Has a lane per loop; Open and SessionRecord belong to the loop's thread, reading to worker threads.
// Ends after all SessionRecords, when the loops do not turn any more or on their thread; what is written by then is
// synced and, if the database answers, flushed.
class JournalAuditStore final : public AuditStore {
 public:
  // Recovers first, and returns when sessions may be opened: seals of what an earlier life left are written, flushing
  // goes on behind. `files` null: the machine's disk. Before the loops turn, or on their thread. May block.
  // InvalidArgument: an option or the key file is wrong. Unavailable: the database does not answer.
  static absl::StatusOr<std::unique_ptr<JournalAuditStore>> Create(const JournalOptions& options,
                                                                   const std::vector<Loop*>& loops, Database& database,
                                                                   Clock& clock, Log log, FileSystem* files = nullptr);
  ~JournalAuditStore() override;

  absl::StatusOr<std::unique_ptr<SessionRecord>> Open(const SessionHead& head, RecordObserver& observer) override;
  absl::StatusOr<RecordPage> ReadPage(std::string_view session_id, std::string_view cursor, size_t bytes_max) override;
  absl::Status Read(std::string_view session_id, absl::AnyInvocable<bool(const RecordEntry&)> visit) override;
  absl::StatusOr<VerifyReport> Verify(std::string_view session_id) override;
  absl::Status Flush() override;
  absl::Status FlushEnds() override;
  std::string journal() const override { return journal_; }
  std::string public_key() const override;
  const std::string& key_id() const { return key_->id(); }

  uint64_t journal_bytes() const { return space_.used(); }  // of every file
  JournalNumbers Numbers() const;                           // any thread

 private:
  JournalAuditStore(const JournalOptions& options, Database& database, Clock& clock, Log log, FileSystem* files);

  absl::Status Start(const std::vector<Loop*>& loops);
  absl::StatusOr<std::vector<std::string>> LockInstances();
  absl::StatusOr<std::set<std::string>> LeftUnfinished(const std::vector<std::string>& instances);
  // ResourceExhausted: the disk has no room for the first segment of a lane that has none.
  absl::Status RequireRoom(const std::string& folder, uint32_t lanes);
  absl::Status RecoverInstance(const std::string& instance, const std::vector<Loop*>* loops,
                               std::set<std::string>& unfinished);
  // Ends the rows of sessions that no lane knows: of which the power took the first record, so that nothing of them was
  // ever acknowledged, or whose lane is gone from the disk.
  absl::Status FinishUnknown(const std::set<std::string>& unfinished);

  // Makes sure that the database has all of a session's record. NotFound: no such session.
  absl::Status BringToStore(std::string_view session_id);
  // Calls `visit` with the records of each chunk until it answers false.
  absl::Status VisitChunks(std::string_view session_id, int64_t after_seq, size_t stored_bytes_max,
                           absl::FunctionRef<bool(const RecordChunk&, const std::string& records)> visit);

  // Constant after Create. The order is that of shutdown reversed.
  const JournalOptions options_;
  Clock& clock_;
  const Log log_;
  const std::unique_ptr<FileSystem> own_files_;
  FileSystem& files_;
  Database& database_;
  RecordChunkTable chunks_;
  SessionTable sessions_;
  std::unique_ptr<AuditKey> key_;
  std::string journal_;  // the instance that new sessions are recorded in
  size_t sealed_ = 0;    // by recovery
  JournalSpace space_;
  std::vector<std::unique_ptr<FileLock>> locks_;
  std::vector<std::unique_ptr<SegmentSet>> recovered_;  // of other instances' folders
  std::unique_ptr<Flusher> flusher_;
  std::vector<std::unique_ptr<Lane>> lanes_;
};

}  // namespace hoop
