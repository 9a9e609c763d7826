#include "audit/lane.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/limits/journal.h"
#include "base/status.h"
#include "base/status_macros.h"

namespace hoop {
namespace {

constexpr size_t kBufferKeptBytes = 4 * limits::kMiB;  // a larger turn's buffer is given back

// Of a number that this thread alone changes: no locked instruction for each record.
void AddAlone(std::atomic<uint64_t>& number, uint64_t more) {
  number.store(number.load(std::memory_order_relaxed) + more, std::memory_order_relaxed);
}

}  // namespace

Lane::Lane(std::unique_ptr<SegmentSet> set, const LaneStart& start, uint64_t segment_bytes, Loop& loop, Clock& clock,
           Log log, JournalSpace& space, const AuditKey& key, std::function<void()> synced)
    : set_(std::move(set)),
      segment_bytes_(segment_bytes),
      session_unflushed_max_(space.bytes_max() / limits::kSessionJournalShare),
      loop_(loop),
      clock_(clock),
      log_(log),
      key_(key),
      synced_(std::move(synced)),
      next_position_(start.next_position),
      resumes_after_(start.next_position - 1),
      synced_position_(start.next_position - 1) {
  set_->StartAfter(synced_position_);
}

absl::StatusOr<std::unique_ptr<Lane>> Lane::Create(std::unique_ptr<SegmentSet> set, const LaneStart& start,
                                                   uint64_t segment_bytes, Loop& loop, Clock& clock, Log log,
                                                   JournalSpace& space, FileSystem& files, const AuditKey& key,
                                                   std::function<void()> synced) {
  std::unique_ptr<Lane> lane(
      new Lane(std::move(set), start, segment_bytes, loop, clock, log, space, key, std::move(synced)));
  SegmentMaker maker(*lane->set_, space, files, segment_bytes, start.next_generation);
  for (bool ready = false; !ready;) {
    const absl::StatusOr<bool> step = maker.Step();
    if (absl::IsResourceExhausted(step.status())) {
      log.Error("no journal segment to start with", "lane", lane->set_->lane(), "error", StatusText(step.status()));
      break;  // flushing what is there makes room
    }
    HOOP_RETURN_IF_ERROR(step.status());
    ready = *step;
  }
  lane->next_ = lane->set_->TakeReady();
  lane->syncer_ = std::make_unique<LaneSyncer>(*lane->set_, std::move(maker), clock, log, [lane = lane.get()] {
    lane->PostProgress();
    lane->synced_();
  });
  return lane;
}

Lane::~Lane() { Stop(); }

void Lane::Stop() {
  if (syncer_ == nullptr) return;
  if (!pieces_.empty()) WriteTurn();
  syncer_.reset();
}

absl::StatusOr<std::unique_ptr<SessionRecord>> Lane::Open(const SessionHead& head, RecordObserver& observer) {
  const std::optional<SessionUuid> uuid = ParseSessionUuid(head.session_id);
  if (!uuid.has_value()) return InvalidArgument("session {}: the id is no UUID", head.session_id);
  if (records_by_uuid_.contains(*uuid)) return AlreadyExists("session {}: its record is open", head.session_id);
  if (loop_.Monotonic() - full_since_ >= limits::kJournalFullTime) {
    return ResourceExhausted("session {}: the journal is full", head.session_id);
  }
  auto record = std::make_unique<JournalSessionRecord>(*this, head, *uuid, observer);
  if (const absl::Status begun = record->Begin(); !begun.ok()) {
    if (record->last() != 0) record->Seal({.reason = StatusText(begun)}).IgnoreError();
    return begun;
  }
  return record;
}

void Lane::Add(JournalSessionRecord& record) {
  records_.insert(&record);
  records_by_uuid_[record.uuid()] = &record;
}

void Lane::Remove(JournalSessionRecord& record) {
  records_.erase(&record);
  records_by_uuid_.erase(record.uuid());
  std::replace(touched_.begin(), touched_.end(), &record, static_cast<JournalSessionRecord*>(nullptr));
  if (record.marked) std::erase(marked_, &record);
  if (record.waiters == 0) return;
  std::erase_if(waiters_, [&record](const auto& entry) { return entry.second.record == &record; });
  std::erase_if(lost_, [&record](const Waiter& waiter) { return waiter.record == &record; });
}

// --- Room ---

// What can be appended for certain. Where a record does not fit any more, up to one of the largest is wasted.
uint64_t Lane::Room() const {
  uint64_t room = active_ == nullptr ? 0 : active_->capacity - active_end_;
  if (next_ != nullptr) room += next_->capacity - kSegmentHeaderBytes - (active_ == nullptr ? 0 : kRecordBytesMax);
  return room;
}

uint64_t Lane::SealReserve() const { return records_.size() * limits::kSealBytesMax; }

// Early enough that what is on its way still finds room.
bool Lane::NoRoom() const { return next_ == nullptr && Room() < SealReserve() + segment_bytes_ / 4; }

void Lane::SwitchSegment() {
  const bool written_this_turn = !pieces_.empty() && pieces_.back().segment == active_;
  if (active_ != nullptr && !written_this_turn) set_->Close(*active_);  // otherwise behind its last write
  active_ = std::move(next_);
  HOOP_CHECK(active_ != nullptr);
  set_->Activate(active_, loop_.Monotonic());
  next_ = set_->TakeReady();
  const SegmentHeader header = {set_->instance(), set_->lane(), active_->generation, next_position_, resumes_after_};
  pieces_.push_back({active_, 0, buffer_.size(), next_position_ - 1});
  buffer_.append(EncodeSegmentHeader(header));
  active_end_ = kSegmentHeaderBytes;
}

absl::Status Lane::Append(JournalSessionRecord& record, RecordView view) {
  const std::string_view payload = view.payload;
  const uint64_t parts =
      std::max<uint64_t>(1, (payload.size() + limits::kRecordPayloadBytesMax - 1) / limits::kRecordPayloadBytesMax);
  const uint64_t bytes = parts * (kRecordHeaderBytes + view.connection_id.size()) + payload.size();
  const uint64_t reserve = view.kind == RecordKind::kSeal ? 0 : SealReserve();
  if (Room() < bytes + reserve) return ResourceExhausted("the journal has no room");
  for (uint64_t part = 0; part < parts; ++part) {
    view.payload = payload.substr(part * limits::kRecordPayloadBytesMax, limits::kRecordPayloadBytesMax);
    view.continued = part + 1 < parts;
    AppendPart(record, view);
  }
  if (view.kind == RecordKind::kSeal) has_end_ = true;
  if (view.direction == Direction::kRequest) AddAlone(request_bytes_, payload.size());
  if (view.direction == Direction::kReply) AddAlone(reply_bytes_, payload.size());
  if (!record.touched) touched_.push_back(&record);
  record.touched = true;
  if (!write_scheduled_) {
    write_scheduled_ = true;
    loop_.AtTurnEnd(TurnPhase::kRecord, [self = std::weak_ptr<Lane*>(self_)] {
      if (const auto lane = self.lock(); lane != nullptr) (*lane)->WriteTurn();
    });
  }
  return absl::OkStatus();
}

void Lane::AppendPart(JournalSessionRecord& record, RecordView& view) {
  if (!FitsActive(kRecordHeaderBytes + view.connection_id.size() + view.payload.size())) SwitchSegment();
  if (pieces_.empty()) pieces_.push_back({active_, active_end_, buffer_.size(), 0});
  view.generation = active_->generation;
  view.position = next_position_++;
  resumes_after_ = view.position;
  const size_t begin = buffer_.size();
  AppendRecord(buffer_, view);
  view.bytes = std::string_view(buffer_).substr(begin);
  active_end_ += view.bytes.size();
  pieces_.back().last_position = view.position;
  // The reply that will wait for it is not here yet, but its sync had better begin.
  if (record.is_durable() && view.direction != Direction::kReply) wanted_position_ = view.position;
  record.OnAppended(view);
}

// --- The end of a turn ---

void Lane::WriteTurn() {
  write_scheduled_ = false;
  if (pieces_.empty()) return;
  const absl::Duration begin = clock_.Monotonic();
  const absl::Status status = WritePieces();
  if (const absl::Duration took = clock_.Monotonic() - begin; took > limits::kWriteStallTime) {
    ++stalls_;
    log_.Warning("journal write stalled", "lane", set_->lane(), "milliseconds", absl::ToInt64Milliseconds(took));
  }
  if (!status.ok()) return AbandonSegments(Annotate(status, "journal write failed"));
  if (std::exchange(has_end_, false)) set_->NoteEnd();

  unsynced_bytes_ += buffer_.size();
  unsynced_since_ = std::min(unsynced_since_, loop_.Monotonic());
  pieces_.clear();
  if (buffer_.capacity() > kBufferKeptBytes) std::string().swap(buffer_);
  buffer_.clear();
  const size_t count = touched_.size();
  for (JournalSessionRecord* record : touched_) {
    if (record == nullptr) continue;
    record->touched = false;
    record->OnWritten();
    if (const ChainHead* head = record->TakeChainMark(); head != nullptr) set_->MarkChain(record->last(), *head);
    if (!std::exchange(record->marked, true)) marked_.push_back(record);
  }
  UpdatePressure();
  for (size_t i = 0; i < count; ++i) {
    if (touched_[i] != nullptr) UpdateSession(*touched_[i]);  // an observer may end others, or append
  }
  touched_.erase(touched_.begin(), touched_.begin() + static_cast<std::ptrdiff_t>(count));
}

absl::Status Lane::WritePieces() {
  if (wanted_position_ > synced_position_) set_->SyncSoon(wanted_position_);
  for (size_t i = 0; i < pieces_.size(); ++i) {
    const Piece& piece = pieces_[i];
    const size_t end = i + 1 < pieces_.size() ? pieces_[i + 1].begin : buffer_.size();
    const std::string_view bytes = std::string_view(buffer_).substr(piece.begin, end - piece.begin);
    HOOP_RETURN_IF_ERROR(piece.segment->file->Write(piece.offset, bytes));
    set_->Wrote(*piece.segment, piece.offset + bytes.size(), piece.last_position, loop_.Monotonic());
    if (piece.segment != active_) set_->Close(*piece.segment);
  }
  return absl::OkStatus();
}

void Lane::PostProgress() {
  if (progress_posted_.exchange(true)) return;
  loop_.Post([self = std::weak_ptr<Lane*>(self_)] {
    if (const auto lane = self.lock(); lane != nullptr) (*lane)->OnProgress();
  });
}

void Lane::OnProgress() {
  progress_posted_ = false;
  const SegmentSet::Progress progress = set_->progress();
  const bool short_of_segments = next_ == nullptr;
  if (short_of_segments) next_ = set_->TakeReady();
  if (progress.sync_failed) return AbandonSegments(Annotate(progress.failure, "journal sync failed"));
  if (progress.synced_position > synced_position_) {
    synced_position_ = progress.synced_position;
    // What is left was written after that sync began; its age counts from here.
    unsynced_since_ = progress.unsynced_bytes == 0 ? absl::InfiniteDuration() : loop_.Monotonic();
    std::erase_if(marked_, [this](JournalSessionRecord* record) {
      record->marked = record->OnSynced(synced_position_);
      return !record->marked;
    });
    ScheduleWaiters();
  }
  unsynced_bytes_ = progress.unsynced_bytes;
  UpdatePressure();
  if (!short_of_segments || next_ == nullptr) return;
  for (JournalSessionRecord* record : Records()) record->SealAgain();  // there was no room for some seals, perhaps
}

void Lane::AddTo(JournalNumbers& numbers) const {
  numbers.unsynced_bytes += set_->progress().unsynced_bytes;
  numbers.unflushed_bytes += set_->unflushed_bytes();
  numbers.stalls += stalls_;
  numbers.request_bytes += request_bytes_;
  numbers.reply_bytes += reply_bytes_;
  numbers.is_full |= is_full_;
  numbers.syncs.Add(syncer_->times().Read());
}

void Lane::ReportFlushed(Flushed flushed) {
  loop_.Post([self = std::weak_ptr<Lane*>(self_), flushed = std::move(flushed)] {
    if (const auto lane = self.lock(); lane != nullptr) (*lane)->OnFlushed(flushed);
  });
}

void Lane::OnFlushed(const Flushed& flushed) {
  for (const auto& [uuid, bytes] : flushed) {
    const auto found = records_by_uuid_.find(uuid);
    if (found == records_by_uuid_.end()) continue;
    found->second->OnFlushed(bytes);
    UpdateSession(*found->second);
  }
}

// --- Failing ---

void Lane::AbandonSegments(const absl::Status& status) {
  log_.Error("journal failed", "lane", set_->lane(), "sessions", records_.size(), "error", StatusText(status));
  buffer_.clear();
  pieces_.clear();
  for (JournalSessionRecord* record : touched_) {
    if (record != nullptr) record->touched = false;
  }
  touched_.clear();
  active_ = nullptr;
  if (next_ == nullptr) next_ = set_->TakeReady();
  synced_position_ = resumes_after_ = set_->Abandon();
  unsynced_bytes_ = 0;
  unsynced_since_ = absl::InfiniteDuration();
  EndSessions(status, /*rolled_back=*/true);
  UpdatePressure();
  synced_();  // who waits for what was abandoned waits no longer
}

std::vector<JournalSessionRecord*> Lane::Records() const { return {records_.begin(), records_.end()}; }

void Lane::EndSessions(const absl::Status& status, bool rolled_back) {
  // Observers may destroy their own record and others.
  const std::vector<JournalSessionRecord*> records = Records();
  for (JournalSessionRecord* record : records) {
    record->OnFailed(status, rolled_back, synced_position_, next_position_ - 1);
  }
  if (rolled_back) {
    const auto first = waiters_.upper_bound(synced_position_);
    for (auto waiter = first; waiter != waiters_.end(); ++waiter) {
      waiter->second.result = status;
      lost_.push_back(std::move(waiter->second));
    }
    waiters_.erase(first, waiters_.end());
    ScheduleWaiters();
  }
  for (JournalSessionRecord* record : records) {
    if (!Alive(record) || std::exchange(record->told_failed, true)) continue;
    record->observer().OnRecordFailed(status);
  }
  for (JournalSessionRecord* record : records) {
    if (Alive(record)) record->SealAgain();
  }
}

// --- Pressure ---

bool Lane::BehindSync() const {
  const uint64_t bytes_max = behind_ ? limits::kLaneUnsyncedBytesMax / 2 : limits::kLaneUnsyncedBytesMax;
  return unsynced_bytes_ > bytes_max || loop_.Monotonic() - unsynced_since_ >= limits::kLaneSyncAgeMax;
}

void Lane::UpdatePressure() {
  behind_ = BehindSync();
  const bool no_room = NoRoom();
  is_full_ = no_room;
  full_since_ = no_room ? std::min(full_since_, loop_.Monotonic()) : absl::InfiniteDuration();
  if (stopped_reading_ != (behind_ || no_room)) {
    stopped_reading_ = behind_ || no_room;
    for (JournalSessionRecord* record : Records()) {
      if (Alive(record)) UpdateSession(*record);
    }
  }
  if (loop_.Monotonic() - full_since_ >= limits::kJournalFullTime) {
    EndSessions(ResourceExhausted("the journal was full for {} s", absl::ToInt64Seconds(limits::kJournalFullTime)),
                /*rolled_back=*/false);
  }
  ArmTimers();
}

void Lane::UpdateSession(JournalSessionRecord& record) {
  const uint64_t share = record.over_share ? session_unflushed_max_ / 2 : session_unflushed_max_;
  record.over_share = record.unflushed_bytes() > share;
  const bool stop = stopped_reading_ || record.over_share;
  if (std::exchange(record.stopped_reading, stop) != stop) record.observer().OnRecordPressure(stop);
}

// One timer each, not one per turn: when it comes too early it is armed for the rest.
void Lane::ArmTimers() {
  const auto arm = [this](std::unique_ptr<Timer>& timer, absl::Duration since, absl::Duration limit) {
    const absl::Duration age = loop_.Monotonic() - since;
    if (timer != nullptr || since == absl::InfiniteDuration() || age >= limit) return;
    timer = loop_.After(limit - age, [this, &timer] {
      timer = nullptr;
      UpdatePressure();
    });
  };
  arm(age_timer_, unsynced_since_, limits::kLaneSyncAgeMax);
  arm(full_timer_, full_since_, limits::kJournalFullTime);
}

// --- Waiters ---

void Lane::AddWaiter(JournalSessionRecord& record, uint64_t position, absl::Status never,
                     absl::AnyInvocable<void(const absl::Status&)> done) {
  ++record.waiters;
  const bool now = !never.ok() || position <= synced_position_;
  Waiter waiter = {&record, std::move(never), std::move(done)};
  if (!waiter.result.ok()) {
    lost_.push_back(std::move(waiter));
  } else {
    waiters_.emplace(position, std::move(waiter));
    if (!now) set_->SyncSoon(position);
  }
  if (now) ScheduleWaiters();
}

void Lane::ScheduleWaiters() {
  if (std::exchange(waiters_scheduled_, true)) return;
  loop_.AtTurnEnd(TurnPhase::kRelease, [self = std::weak_ptr<Lane*>(self_)] {
    if (const auto lane = self.lock(); lane != nullptr) (*lane)->FireWaiters();
  });
}

void Lane::FireWaiters() {
  waiters_scheduled_ = false;
  for (;;) {
    Waiter waiter;
    if (!lost_.empty()) {
      waiter = std::move(lost_.front());
      lost_.pop_front();
    } else if (!waiters_.empty() && waiters_.begin()->first <= synced_position_) {
      waiter = std::move(waiters_.extract(waiters_.begin()).mapped());
    } else {
      return;
    }
    --waiter.record->waiters;
    waiter.done(waiter.result);
  }
}

}  // namespace hoop
