#include "audit/flush_batch.h"

#include <cstring>

#include "audit/session_head_json.h"
#include "base/limits/journal.h"
#include "base/limits/session.h"
#include "base/niceness.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "protocol/record_seal.h"
#include "store/journal_lane_table.h"

namespace hoop {

absl::StatusOr<StoredTail> LoadStoredTail(RecordChunkTable& chunks, const std::string& session_id) {
  StoredTail tail;
  HOOP_ASSIGN_OR_RETURN(const std::optional<RecordChunkEnd> end, chunks.End(session_id));
  if (!end.has_value()) return tail;
  tail.seq = end->seq;
  tail.last_position = end->last_lsn;
  if (end->chain_head.size() != tail.chain_head.size()) {
    return DataLoss("session {}: stored chunk {}: no chain head", session_id, end->seq);
  }
  std::memcpy(tail.chain_head.data(), end->chain_head.data(), tail.chain_head.size());
  return tail;
}

absl::StatusOr<StoredTail> TailCache::Get(const SessionUuid& session) {
  if (const auto found = tails_.find(session); found != tails_.end()) return found->second;
  return LoadStoredTail(chunks_, SessionUuidText(session));
}

void TailCache::Put(const SessionUuid& session, const StoredTail& tail) {
  if (tails_.size() >= limits::kSessionsMax) tails_.clear();  // sessions whose seal was lost are never forgotten
  tails_[session] = tail;
}

void TailCache::Abandon(const SessionUuid& session) {
  if (abandoned_.size() >= limits::kSessionsMax) abandoned_.clear();  // the oldest have ended long ago
  abandoned_.insert(session);
  tails_.erase(session);
}

absl::StatusOr<SessionHead> TailCache::HeadOfUnknown(const RecordView& record) {
  SessionHead head;
  head.session_id = SessionUuidText(record.session);
  head.started_at = absl::FromUnixMicros(record.time_us);
  HOOP_ASSIGN_OR_RETURN(const OrganizationRow organization, organizations_.EnsureDefault(head.started_at));
  head.org_id = organization.id;
  return head;
}

FlushBatch::FlushBatch(FlushPlace place, TailCache& tails, SegmentSet::ChainMarks marks, ChainHasher& hasher,
                       ChunkCompressor& compressor)
    : place_(std::move(place)), tails_(tails), marks_(std::move(marks)), hasher_(hasher), compressor_(compressor) {}

absl::StatusOr<FlushBatch::Session*> FlushBatch::Find(const SessionUuid& uuid) {
  if (const auto found = sessions_.find(uuid); found != sessions_.end()) return &found->second;
  Session session;
  HOOP_ASSIGN_OR_RETURN(session.tail, tails_.Get(uuid));
  return &sessions_.emplace(uuid, std::move(session)).first->second;
}

absl::Status FlushBatch::Add(const RecordView& record) {
  last_position_ = record.position;
  if (record.position <= place_.flushed_lsn) {
    skipped_bytes_[record.session] += record.bytes.size();
    return absl::OkStatus();
  }
  HOOP_ASSIGN_OR_RETURN(Session* const session, Find(record.session));
  session->bytes += record.bytes.size();
  if (tails_.IsAbandoned(record.session)) return absl::OkStatus();
  if (record.position <= session->tail.last_position) return absl::OkStatus();

  if (session->open.empty()) session->next.first_lsn = record.position;
  session->open.append(record.bytes);
  ++session->next.records;
  session->ends.push_back(session->open.size());
  session->tail.last_position = record.position;
  ++session->counts.records;
  if (record.direction == Direction::kRequest) session->counts.request_bytes += record.payload.size();
  if (record.direction == Direction::kReply) session->counts.reply_bytes += record.payload.size();

  // To begin and to end a session costs as much as some ten thousand bytes, and thousands may come at once.
  if (record.kind == RecordKind::kOpen || record.kind == RecordKind::kSeal) LetOthersRun();

  if (record.kind == RecordKind::kOpen && !session->head.has_value()) {
    absl::StatusOr<SessionHead> head = SessionHeadFromJson(record.payload);
    if (!head.ok()) {
      // Its bytes are as they were written: trying again would only hold up all other sessions.
      unreadable_.emplace_back(record.session, StatusText(head.status()));
      head = tails_.HeadOfUnknown(record);
    }
    HOOP_ASSIGN_OR_RETURN(session->head, std::move(head));
  } else if (keeps_unknown_ && session->tail.seq == 0 && !session->head.has_value()) {
    HOOP_ASSIGN_OR_RETURN(session->head, tails_.HeadOfUnknown(record));
  }
  if (record.kind == RecordKind::kSeal) {
    Ended ended = {absl::FromUnixMicros(record.time_us), {}, std::string(record.payload)};
    if (const absl::StatusOr<SignedSeal> seal = ParseSealPayload(record.payload); seal.ok()) {
      if (absl::StatusOr<SealStatement> statement = ParseSealText(seal->text); statement.ok()) {
        ended.end = {std::move(statement->end_reason), statement->exit_code};
      }
    }
    session->ended = std::move(ended);
  }
  if (const auto mark = marks_.find(record.position); mark != marks_.end()) {
    session->tail.chain_head = mark->second;
    session->ends.clear();
    CloseChunk(*session);
  } else if (session->open.size() >= limits::kFlushChunkBytes) {
    CloseChunk(*session);
  }
  return absl::OkStatus();
}

void FlushBatch::ExtendChain(Session& session) {
  size_t begin = 0;
  for (const size_t end : session.ends) {
    hasher_.Extend(session.tail.chain_head, std::string_view(session.open).substr(begin, end - begin));
    begin = end;
  }
  session.ends.clear();
}

void FlushBatch::CloseChunk(Session& session) {
  LetOthersRun();
  ExtendChain(session);
  RecordChunk& chunk = session.next;
  chunk.seq = ++session.tail.seq;
  chunk.instance = place_.instance;
  chunk.lane = place_.lane;
  chunk.generation = fmt::format("{}", place_.generation);
  chunk.last_lsn = session.tail.last_position;
  chunk.chain_head.assign(session.tail.chain_head.begin(), session.tail.chain_head.end());
  compressor_.Fill(chunk, session.open);
  session.chunks.push_back(std::exchange(chunk, {}));
  session.open.clear();
}

absl::StatusOr<bool> FlushBatch::Store(Transaction& transaction, const std::string& session_id,
                                       const Session& session) const {
  if (session.head.has_value())
    HOOP_RETURN_IF_ERROR(SessionTable::InsertIfAbsent(transaction, *session.head, place_.instance));
  // Before its chunks: a chunk without its session would end the transaction, also for the others.
  const absl::Status counted = SessionTable::AddCounts(transaction, session_id, session.counts);
  if (absl::IsNotFound(counted)) return false;
  HOOP_RETURN_IF_ERROR(counted);
  for (const RecordChunk& chunk : session.chunks) HOOP_RETURN_IF_ERROR(RecordChunkTable::Insert(transaction, chunk));
  if (!session.ended.has_value()) return true;
  HOOP_RETURN_IF_ERROR(
      SessionTable::Finish(transaction, session_id, session.ended->at, session.ended->end, session.ended->seal));
  return true;
}

absl::Status FlushBatch::Commit(Database& database) {
  bool anything = false;
  for (auto& [uuid, session] : sessions_) {
    if (!session.open.empty()) CloseChunk(session);
    for (RecordChunk& chunk : session.chunks) chunk.session_id = SessionUuidText(uuid);
    anything = anything || !session.chunks.empty();
  }
  if (!anything) return absl::OkStatus();
  const absl::Status status = database.Write(Durability::kFull, [this](Transaction& transaction) -> absl::Status {
    deleted_.clear();
    for (const auto& [uuid, session] : sessions_) {
      if (session.chunks.empty()) continue;
      LetOthersRun();  // the others who write wait a little longer, those who have packets do not
      const std::string session_id = SessionUuidText(uuid);
      const absl::StatusOr<bool> stored = Store(transaction, session_id, session);
      HOOP_RETURN_IF_ERROR(Annotate(stored.status(), "session " + session_id));
      if (!*stored) deleted_.push_back(uuid);
    }
    return JournalLaneTable::SetFlushed(transaction, place_.instance, place_.lane, last_position_);
  });
  if (!status.ok()) {
    tails_.Clear();
    return status;
  }
  for (const auto& [uuid, session] : sessions_) {
    if (session.ended.has_value()) {
      tails_.Forget(uuid);
    } else {
      tails_.Put(uuid, session.tail);
    }
  }
  for (const SessionUuid& uuid : deleted_) {
    if (!sessions_.at(uuid).ended.has_value()) tails_.Abandon(uuid);
  }
  return absl::OkStatus();
}

std::vector<std::pair<SessionUuid, uint64_t>> FlushBatch::Bytes() const {
  std::vector<std::pair<SessionUuid, uint64_t>> bytes(skipped_bytes_.begin(), skipped_bytes_.end());
  for (const auto& [uuid, session] : sessions_) bytes.emplace_back(uuid, session.bytes);
  return bytes;
}

}  // namespace hoop
