#include "audit/journal_audit_store.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "audit/chunk_codec.h"
#include "audit/posix_file_system.h"
#include "audit/segment.h"
#include "base/encoding.h"
#include "base/ids.h"
#include "base/limits/journal.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "protocol/record_stream.h"
#include "store/session_table.h"

namespace hoop {
namespace {

constexpr char kLockName[] = "lock";
constexpr char kRoomName[] = "room";
constexpr char kLanePrefix[] = "lane-";
constexpr size_t kStoredPageBytes = 1 * limits::kMiB;  // of compressed chunks held at a time

std::string LaneFolder(const std::string& folder, uint32_t lane) {
  return fmt::format("{}/{}{}", folder, kLanePrefix, lane);
}

std::optional<uint32_t> ParseLaneName(std::string_view name) {
  const std::string_view prefix = kLanePrefix;
  if (name.substr(0, prefix.size()) != prefix) return std::nullopt;
  uint32_t lane = 0;
  const auto [end, error] = std::from_chars(name.data() + prefix.size(), name.data() + name.size(), lane);
  if (error != std::errc() || end != name.data() + name.size()) return std::nullopt;
  return lane;
}

absl::Status CheckOptions(const JournalOptions& options, size_t lanes) {
  if (lanes == 0) return InvalidArgument("the journal needs a loop");
  if (options.segment_bytes < limits::kSegmentBytesMin || options.segment_bytes > UINT32_MAX) {
    return InvalidArgument("journal_segment_bytes: {} is not between {} and {}", options.segment_bytes,
                           limits::kSegmentBytesMin, UINT32_MAX);
  }
  if (options.bytes_max < 2 * options.segment_bytes * lanes) {
    return InvalidArgument("journal_bytes_max: {} is less than two segments for each of {} lanes", options.bytes_max,
                           lanes);
  }
  return absl::OkStatus();
}

}  // namespace

JournalAuditStore::JournalAuditStore(const JournalOptions& options, Database& database, Clock& clock, Log log,
                                     FileSystem* files)
    : options_(options),
      clock_(clock),
      log_(log),
      own_files_(files == nullptr ? std::make_unique<PosixFileSystem>() : nullptr),
      files_(files == nullptr ? *own_files_ : *files),
      database_(database),
      chunks_(database),
      sessions_(database),
      space_(options.bytes_max) {}

absl::StatusOr<std::unique_ptr<JournalAuditStore>> JournalAuditStore::Create(const JournalOptions& options,
                                                                             const std::vector<Loop*>& loops,
                                                                             Database& database, Clock& clock, Log log,
                                                                             FileSystem* files) {
  HOOP_RETURN_IF_ERROR(CheckOptions(options, loops.size()));
  std::unique_ptr<JournalAuditStore> store(new JournalAuditStore(options, database, clock, log, files));
  HOOP_RETURN_IF_ERROR(store->Start(loops));
  return store;
}

JournalAuditStore::~JournalAuditStore() {
  for (const std::unique_ptr<Lane>& lane : lanes_) lane->Stop();
  if (flusher_ != nullptr) flusher_->Stop();
}

absl::Status JournalAuditStore::Start(const std::vector<Loop*>& loops) {
  HOOP_ASSIGN_OR_RETURN(key_, AuditKey::LoadOrMake(options_.key_path, files_));
  HOOP_RETURN_IF_ERROR(Annotate(files_.MakeFolder(options_.journal_dir), "journal_dir"));
  const absl::Duration begin = clock_.Monotonic();
  flusher_ = std::make_unique<Flusher>(database_, files_, space_, options_.segment_bytes, clock_, log_);

  HOOP_ASSIGN_OR_RETURN(const std::vector<std::string> instances, LockInstances());
  journal_ = instances.front();
  HOOP_RETURN_IF_ERROR(RequireRoom(options_.journal_dir + "/" + journal_, static_cast<uint32_t>(loops.size())));
  HOOP_ASSIGN_OR_RETURN(std::set<std::string> unfinished, LeftUnfinished(instances));
  for (size_t i = 0; i < instances.size(); ++i) {
    HOOP_RETURN_IF_ERROR(RecoverInstance(instances[i], i == 0 ? &loops : nullptr, unfinished));
  }
  HOOP_RETURN_IF_ERROR(FinishUnknown(unfinished));
  log_.Info("journal ready", "instance", journal_, "sealed", sealed_, "bytes", space_.used(), "milliseconds",
            absl::ToInt64Milliseconds(clock_.Monotonic() - begin));
  flusher_->Start();
  return absl::OkStatus();
}

absl::StatusOr<std::set<std::string>> JournalAuditStore::LeftUnfinished(const std::vector<std::string>& instances) {
  std::set<std::string> unfinished;
  HOOP_ASSIGN_OR_RETURN(std::vector<SessionTable::Unfinished> all, sessions_.ListUnfinished());
  for (SessionTable::Unfinished& session : all) {
    const bool is_here = std::find(instances.begin(), instances.end(), session.journal) != instances.end();
    if (is_here || options_.is_only_gateway) unfinished.insert(std::move(session.id));
  }
  return unfinished;
}

absl::Status JournalAuditStore::FinishUnknown(const std::set<std::string>& unfinished) {
  for (const std::string& session_id : unfinished) {
    const absl::Status status =
        sessions_.Finish(session_id, clock_.Now(), {kRestartedReason, std::nullopt}, std::nullopt);
    if (!status.ok() && !absl::IsNotFound(status)) return status;
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> JournalAuditStore::LockInstances() {
  std::vector<std::string> instances;
  HOOP_ASSIGN_OR_RETURN(std::vector<std::string> names, files_.List(options_.journal_dir));
  for (const std::string& name : names) {
    if (!IsUuid(name)) continue;
    absl::StatusOr<std::unique_ptr<FileLock>> lock =
        files_.Lock(fmt::format("{}/{}/{}", options_.journal_dir, name, kLockName));
    if (absl::IsFailedPrecondition(lock.status())) continue;  // another gateway works in it
    HOOP_RETURN_IF_ERROR(lock.status());
    locks_.push_back(*std::move(lock));
    instances.push_back(name);
  }
  if (!instances.empty()) return instances;
  const std::string name = NewUuid();
  const std::string folder = options_.journal_dir + "/" + name;
  HOOP_RETURN_IF_ERROR(files_.MakeFolder(folder));
  HOOP_ASSIGN_OR_RETURN(std::unique_ptr<FileLock> lock, files_.Lock(folder + "/" + kLockName));
  HOOP_RETURN_IF_ERROR(files_.SyncFolder(options_.journal_dir));
  locks_.push_back(std::move(lock));
  instances.push_back(name);
  return instances;
}

// A gateway without a first segment would refuse every session: it had better not start. A lane that has segments goes
// on in them as they are flushed, however full the disk is.
absl::Status JournalAuditStore::RequireRoom(const std::string& folder, uint32_t lanes) {
  uint64_t needed = 0;
  for (uint32_t lane = 0; lane < lanes; ++lane) {
    const std::string lane_folder = LaneFolder(folder, lane);
    HOOP_RETURN_IF_ERROR(files_.MakeFolder(lane_folder));
    HOOP_ASSIGN_OR_RETURN(const std::vector<std::string> names, files_.List(lane_folder));
    const bool has_segments = std::any_of(names.begin(), names.end(),
                                          [](const std::string& name) { return ParseSegmentName(name).has_value(); });
    if (!has_segments) needed += options_.segment_bytes;
  }
  if (needed == 0) return absl::OkStatus();
  const std::string path = folder + "/" + kRoomName;
  (void)files_.Remove(path);  // of a start that was cut off
  HOOP_ASSIGN_OR_RETURN(const std::unique_ptr<File> file, files_.Open(path, FileSystem::OpenMode::kCreate));
  const absl::Status reserved = file->Reserve(needed);
  HOOP_RETURN_IF_ERROR(files_.Remove(path));
  if (!absl::IsResourceExhausted(reserved)) return reserved;
  return ResourceExhausted("journal_dir: {}: no room for the first {} bytes of the journal", options_.journal_dir,
                           needed);
}

// `loops` null: the folder is only recovered and flushed.
absl::Status JournalAuditStore::RecoverInstance(const std::string& instance, const std::vector<Loop*>* loops,
                                                std::set<std::string>& unfinished) {
  const std::string folder = options_.journal_dir + "/" + instance;
  HOOP_ASSIGN_OR_RETURN(const std::vector<std::string> names, files_.List(folder));
  std::set<uint32_t> numbers;
  for (const std::string& name : names) {
    if (const std::optional<uint32_t> lane = ParseLaneName(name); lane.has_value()) numbers.insert(*lane);
  }
  for (uint32_t lane = 0; loops != nullptr && lane < loops->size(); ++lane) numbers.insert(lane);

  const RecoveryTools tools = {files_, database_, space_, *key_, clock_, log_, options_.segment_bytes};
  for (const uint32_t number : numbers) {
    const std::string lane_folder = LaneFolder(folder, number);
    HOOP_RETURN_IF_ERROR(files_.MakeFolder(lane_folder));
    HOOP_RETURN_IF_ERROR(files_.SyncFolder(folder));
    LaneRecovery recovery(tools, lane_folder, instance, number);
    HOOP_RETURN_IF_ERROR(Annotate(recovery.Run(unfinished), "recovering " + lane_folder));
    sealed_ += recovery.sealed();
    std::unique_ptr<SegmentSet> set = recovery.TakeSet();
    if (loops == nullptr || number >= loops->size()) {
      flusher_->Add(*set, [](const auto&) {});
      recovered_.push_back(std::move(set));
      continue;
    }
    SegmentSet& segments = *set;
    HOOP_ASSIGN_OR_RETURN(
        std::unique_ptr<Lane> lane,
        Lane::Create(std::move(set), recovery.start(), options_.segment_bytes, *(*loops)[number], clock_, log_, space_,
                     files_, *key_, [this, &segments] { flusher_->Notify(segments); }));
    flusher_->Add(segments, [lane = lane.get()](Lane::Flushed flushed) { lane->ReportFlushed(std::move(flushed)); });
    lanes_.push_back(std::move(lane));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<SessionRecord>> JournalAuditStore::Open(const SessionHead& head,
                                                                       RecordObserver& observer) {
  if (!flusher_->store_up()) return Unavailable("session {}: the database of records does not answer", head.session_id);
  for (const std::unique_ptr<Lane>& lane : lanes_) {
    if (lane->OnThisLoop()) return lane->Open(head, observer);
  }
  return Internal("session {}: opened outside the loops of the journal", head.session_id);
}

absl::Status JournalAuditStore::Flush() { return flusher_->Barrier(); }
absl::Status JournalAuditStore::FlushEnds() { return flusher_->BarrierOfEnds(); }

JournalNumbers JournalAuditStore::Numbers() const {
  JournalNumbers numbers;
  numbers.bytes = space_.used();
  numbers.bytes_max = space_.bytes_max();
  for (const std::unique_ptr<Lane>& lane : lanes_) lane->AddTo(numbers);
  return numbers;
}

std::string JournalAuditStore::public_key() const { return Base64Encode(key_->public_key()); }

// --- Reading ---

absl::Status JournalAuditStore::BringToStore(std::string_view session_id) {
  const absl::StatusOr<SessionRow> row = sessions_.Find(session_id);
  if (row.ok() && row->seal.has_value()) return absl::OkStatus();  // its seal came last
  if (!row.ok() && !absl::IsNotFound(row.status())) return row.status();
  HOOP_RETURN_IF_ERROR(Annotate(flusher_->Barrier(), fmt::format("session {}", session_id)));
  return row.ok() ? absl::OkStatus() : sessions_.Find(session_id).status();
}

absl::Status JournalAuditStore::VisitChunks(
    std::string_view session_id, int64_t after_seq, size_t stored_bytes_max,
    absl::FunctionRef<bool(const RecordChunk&, const std::string& records)> visit) {
  for (;;) {
    HOOP_ASSIGN_OR_RETURN(const std::vector<RecordChunk> page, chunks_.Page(session_id, after_seq, stored_bytes_max));
    if (page.empty()) return absl::OkStatus();
    for (const RecordChunk& chunk : page) {
      HOOP_ASSIGN_OR_RETURN(const std::string records, ChunkRecords(chunk));
      if (!visit(chunk, records)) return absl::OkStatus();
      after_seq = chunk.seq;
    }
  }
}

absl::StatusOr<RecordPage> JournalAuditStore::ReadPage(std::string_view session_id, std::string_view cursor,
                                                       size_t bytes_max) {
  int64_t after_seq = 0;
  if (!cursor.empty()) {
    const auto [end, error] = std::from_chars(cursor.data(), cursor.data() + cursor.size(), after_seq);
    if (error != std::errc() || end != cursor.data() + cursor.size() || after_seq <= 0) {
      return InvalidArgument("session {}: '{}' is no cursor of its record", session_id, cursor);
    }
  }
  // Later pages of a session that still runs end where the store ends.
  if (after_seq == 0) HOOP_RETURN_IF_ERROR(BringToStore(session_id));
  RecordPage page;
  HOOP_RETURN_IF_ERROR(VisitChunks(session_id, after_seq, std::min(bytes_max, kStoredPageBytes),
                                   [&page, bytes_max](const RecordChunk& chunk, const std::string& records) {
                                     if (!page.bytes.empty() && page.bytes.size() + records.size() > bytes_max) {
                                       return false;
                                     }
                                     page.bytes += records;
                                     page.next_cursor = fmt::format("{}", chunk.seq);
                                     return true;
                                   }));
  if (page.next_cursor.empty()) return page;
  HOOP_ASSIGN_OR_RETURN(const std::optional<RecordChunkEnd> end, chunks_.End(session_id));
  if (end.has_value() && fmt::format("{}", end->seq) == page.next_cursor) page.next_cursor.clear();
  return page;
}

absl::Status JournalAuditStore::Read(std::string_view session_id, absl::AnyInvocable<bool(const RecordEntry&)> visit) {
  HOOP_RETURN_IF_ERROR(BringToStore(session_id));
  RecordReader reader;
  absl::Status status;
  bool stopped = false;
  HOOP_RETURN_IF_ERROR(
      VisitChunks(session_id, 0, kStoredPageBytes, [&](const RecordChunk&, const std::string& records) {
        status = reader.Add(
            records, [&visit](const RecordEntry& entry) { return visit(entry); }, &stopped);
        return status.ok() && !stopped;
      }));
  if (status.ok() && !stopped) status = reader.Finish();
  return Annotate(status, fmt::format("session {}", session_id));
}

absl::StatusOr<VerifyReport> JournalAuditStore::Verify(std::string_view session_id) {
  HOOP_RETURN_IF_ERROR(BringToStore(session_id));
  HOOP_ASSIGN_OR_RETURN(const SessionRow row, sessions_.Find(session_id));
  RecordVerifier verifier(session_id, key_->public_key());
  const absl::Status status =
      VisitChunks(session_id, 0, kStoredPageBytes, [&verifier](const RecordChunk&, const std::string& records) {
        verifier.Add(records);
        return true;
      });
  if (!status.ok() && !absl::IsDataLoss(status)) return status;
  VerifyReport report = verifier.Finish(row.status != SessionStatus::kDone);
  if (!status.ok()) {
    report.ok = report.running = false;
    report.problem = StatusText(status);  // a chunk that cannot be unpacked
  }
  return report;
}

}  // namespace hoop
