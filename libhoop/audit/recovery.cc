#include "audit/recovery.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "audit/segment_scanner.h"
#include "audit/session_seal.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "store/journal_lane_table.h"

namespace hoop {
LaneRecovery::LaneRecovery(const RecoveryTools& tools, std::string folder, std::string instance, uint32_t lane)
    : tools_(tools),
      session_table_(tools.database),
      chunk_table_(tools.database),
      folder_(std::move(folder)),
      instance_(std::move(instance)),
      lane_(lane),
      set_(std::make_unique<SegmentSet>(folder_, instance_, lane_)) {}

absl::Status LaneRecovery::Run(std::set<std::string>& unfinished) {
  HOOP_ASSIGN_OR_RETURN(flushed_lsn_, JournalLaneTable(tools_.database).Flushed(instance_, lane_));
  start_.next_position = flushed_lsn_ + 1;
  HOOP_RETURN_IF_ERROR(OpenSegments());
  // The database does not know what came before the oldest record here: it is another one, or an older state of it was
  // restored. So a session that it does not know was not deleted.
  const auto oldest = std::find_if(found_.begin(), found_.end(), [](const Found& found) { return found.has_header; });
  if (oldest != found_.end() && oldest->header.first_position > flushed_lsn_ + 1) set_->NoteDamage();
  // A segment says how far those before it count.
  for (size_t i = found_.size(); i-- > 1;) {
    const uint64_t later =
        std::min(found_[i].valid_through, found_[i].has_header ? found_[i].header.resumes_after : UINT64_MAX);
    found_[i - 1].valid_through = later;
  }
  for (const Found& found : found_) HOOP_RETURN_IF_ERROR(Scan(found));
  HOOP_RETURN_IF_ERROR(AddStoredOnly(unfinished));
  start_.next_position = std::max(start_.next_position, last_position_ + 1);
  HOOP_RETURN_IF_ERROR(WriteSeals());
  for (const auto& [uuid, session] : sessions_) unfinished.erase(SessionUuidText(uuid));
  return absl::OkStatus();
}

absl::Status LaneRecovery::OpenSegments() {
  HOOP_ASSIGN_OR_RETURN(const std::vector<std::string> names, tools_.files.List(folder_));
  for (const std::string& name : names) {
    const std::optional<uint32_t> generation = ParseSegmentName(name);
    if (!generation.has_value()) continue;
    Found found;
    found.segment = std::make_shared<Segment>();
    found.segment->generation = *generation;
    found.segment->path = folder_ + "/" + name;
    HOOP_ASSIGN_OR_RETURN(found.segment->file, tools_.files.Open(found.segment->path, FileSystem::OpenMode::kExisting));
    HOOP_ASSIGN_OR_RETURN(found.segment->capacity, found.segment->file->Size());
    std::string bytes;
    HOOP_RETURN_IF_ERROR(found.segment->file->Read(0, kSegmentHeaderBytes, bytes));
    const absl::StatusOr<SegmentHeader> header = ParseSegmentHeader(bytes);
    // Of an older use of the file, when its renewal was cut off: what it held is in the database.
    if (header.ok() && header->generation == *generation && header->instance == instance_) {
      found.has_header = true;
      found.header = *header;
      start_.next_position = std::max(start_.next_position, header->first_position);
    }
    start_.next_generation = std::max(start_.next_generation, *generation + 1);
    found_.push_back(std::move(found));
  }
  return absl::OkStatus();
}

absl::Status LaneRecovery::Scan(const Found& found) {
  File& file = *found.segment->file;
  std::string window;
  SegmentScanner scanner(file, found.segment->generation, kSegmentHeaderBytes,
                         std::max<uint64_t>(found.segment->capacity, kSegmentHeaderBytes), window);
  // The tail before may be torn; then this segment was never synced either, unless something is wrong.
  const bool gap = found.has_header && last_position_ != 0 && last_position_ < found.header.resumes_after;
  bool any = false;
  while (!scanner.done()) {
    HOOP_RETURN_IF_ERROR(scanner.Scan(UINT64_MAX, [this, &found, &any](const RecordView& record) -> absl::Status {
      any = true;
      start_.next_position = std::max(start_.next_position, record.position + 1);
      return record.position > found.valid_through ? absl::OkStatus() : ScanRecord(record);
    }));
  }
  if (!any) return TakeAway(found.segment);
  if (gap) Damaged(found, "records before it are missing", 0);
  if (!found.has_header) Damaged(found, "its header is damaged", 0);
  if (scanner.damages() > 0) Damaged(found, "records are damaged", scanner.damage_offset());
  tools_.space.Take(found.segment->capacity);
  set_->AddRecovered(found.segment, scanner.offset(), last_position_, found.valid_through);
  return absl::OkStatus();
}

void LaneRecovery::Damaged(const Found& found, std::string_view what, uint64_t offset) {
  tools_.log.Error("journal damaged", "segment", found.segment->path, "what", what, "offset", offset);
  set_->NoteDamage();
  if (damage_.empty()) {
    damage_ = fmt::format("damage in the journal, records may be missing: {}/lane-{}/{} at {}: {}", instance_, lane_,
                          SegmentName(found.segment->generation), offset, what);
  }
}

// Holds nothing: the next one to be used, or too many.
absl::Status LaneRecovery::TakeAway(std::shared_ptr<Segment> segment) {
  if (!spare_ && segment->capacity == tools_.segment_bytes) {
    spare_ = true;
    tools_.space.Take(segment->capacity);
    set_->AddSpare(std::move(segment));
    return absl::OkStatus();
  }
  return tools_.files.Remove(segment->path);
}

absl::StatusOr<LaneRecovery::Session> LaneRecovery::LoadSession(const SessionUuid& uuid) {
  const std::string session_id = SessionUuidText(uuid);
  Session session;
  HOOP_ASSIGN_OR_RETURN(session.tail, LoadStoredTail(chunk_table_, session_id));
  if (session.tail.seq == 0) return session;
  HOOP_ASSIGN_OR_RETURN(const SessionRow row, session_table_.Find(session_id));
  session.counts = {row.counts.records, row.counts.request_bytes, row.counts.reply_bytes};
  session.sealed = row.seal.has_value();
  return session;
}

absl::Status LaneRecovery::ScanRecord(const RecordView& record) {
  last_position_ = std::max(last_position_, record.position);
  if (record.position <= flushed_lsn_) return absl::OkStatus();  // AddStoredOnly finds it, if it is still there
  auto found = sessions_.find(record.session);
  if (found == sessions_.end()) {
    HOOP_ASSIGN_OR_RETURN(Session session, LoadSession(record.session));
    found = sessions_.emplace(record.session, std::move(session)).first;
  }
  Session& session = found->second;
  if (record.position <= session.tail.last_position) return absl::OkStatus();
  session.tail.last_position = record.position;
  if (record.kind == RecordKind::kSeal) {
    session.sealed = true;
  } else {
    hasher_.Extend(session.tail.chain_head, record.bytes);
    session.counts.Add(record);
  }
  return absl::OkStatus();
}

absl::Status LaneRecovery::AddStoredOnly(std::set<std::string>& unfinished) {
  for (const std::string& session_id : unfinished) {
    const std::optional<SessionUuid> uuid = ParseSessionUuid(session_id);
    if (!uuid.has_value() || sessions_.contains(*uuid)) continue;
    HOOP_ASSIGN_OR_RETURN(Session session, LoadSession(*uuid));
    if (session.tail.seq == 0) continue;
    HOOP_ASSIGN_OR_RETURN(const std::vector<RecordChunk> last, chunk_table_.Page(session_id, session.tail.seq - 1, 1));
    if (last.empty() || last.front().instance != instance_ || last.front().lane != lane_) continue;
    last_position_ = std::max(last_position_, session.tail.last_position);
    sessions_.emplace(*uuid, std::move(session));
  }
  return absl::OkStatus();
}

absl::Status LaneRecovery::WriteSeals() {
  SegmentHeader header = {instance_, lane_, start_.next_generation, start_.next_position, last_position_};
  std::string bytes = EncodeSegmentHeader(header);
  const int64_t now = absl::ToUnixMicros(tools_.clock.Now());
  for (auto& [uuid, session] : sessions_) {
    if (session.sealed) continue;
    SealStatement statement;
    statement.session_id = SessionUuidText(uuid);
    statement.chain_head = session.tail.chain_head;
    statement.last_position = session.tail.last_position;
    statement.counts = session.counts;
    statement.note = damage_;
    statement.sealed_at_us = now;
    const std::string payload = MakeSealPayload(std::move(statement), {kRestartedReason, std::nullopt}, tools_.key);
    RecordView record;
    record.generation = header.generation;
    record.kind = RecordKind::kSeal;
    record.position = start_.next_position++;
    record.session = uuid;
    record.time_us = now;
    record.payload = payload;
    AppendRecord(bytes, record);
    ++sealed_;
  }
  if (sealed_ == 0) return absl::OkStatus();

  auto segment = std::make_shared<Segment>();
  segment->generation = start_.next_generation++;
  segment->path = folder_ + "/" + SegmentName(segment->generation);
  segment->capacity = bytes.size();
  HOOP_ASSIGN_OR_RETURN(segment->file, tools_.files.Open(segment->path, FileSystem::OpenMode::kCreate));
  HOOP_RETURN_IF_ERROR(Annotate(segment->file->Write(0, bytes), "sealing recovered sessions"));
  HOOP_RETURN_IF_ERROR(Annotate(segment->file->Sync(), "sealing recovered sessions"));
  HOOP_RETURN_IF_ERROR(tools_.files.SyncFolder(folder_));
  tools_.space.Take(segment->capacity);
  set_->AddRecovered(std::move(segment), bytes.size(), start_.next_position - 1, UINT64_MAX);
  return absl::OkStatus();
}

}  // namespace hoop
