#include "audit/segment_set.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/check.h"
#include "base/limits/journal.h"

namespace hoop {

bool JournalSpace::TryTake(uint64_t bytes) {
  uint64_t used = used_.load();
  do {
    if (used + bytes > bytes_max_) return false;
  } while (!used_.compare_exchange_weak(used, used + bytes));
  return true;
}

SegmentSet::SegmentSet(std::string folder, std::string instance, uint32_t lane)
    : folder_(std::move(folder)), instance_(std::move(instance)), lane_(lane) {}

SegmentSet::Live* SegmentSet::Find(const Segment& segment) {
  for (Live& live : live_) {
    if (live.segment.get() == &segment) return &live;
  }
  return nullptr;
}

const SegmentSet::Live* SegmentSet::OldestUnsynced() const {
  for (const Live& live : live_) {
    if (live.synced_bytes < live.written_bytes) return &live;
  }
  return nullptr;
}

void SegmentSet::AddRecovered(std::shared_ptr<Segment> segment, uint64_t bytes, uint64_t position,
                              uint64_t valid_through) {
  absl::MutexLock lock(&mu_);
  Live live;
  live.segment = std::move(segment);
  live.written_bytes = live.synced_bytes = bytes;
  live.written_position = live.synced_position = position;
  live.flushed_bytes = kSegmentHeaderBytes;
  live.valid_through = valid_through;
  live.closed = true;
  live.base = base_;
  base_ += bytes;
  ended_mark_ = base_;  // somebody may have ended there
  live_.push_back(std::move(live));
}

void SegmentSet::AddSpare(std::shared_ptr<Segment> segment) {
  absl::MutexLock lock(&mu_);
  HOOP_CHECK(spare_ == nullptr);
  spare_ = std::move(segment);
}

void SegmentSet::StartAfter(uint64_t position) {
  absl::MutexLock lock(&mu_);
  synced_position_ = position;
}

std::shared_ptr<Segment> SegmentSet::TakeReady() {
  absl::MutexLock lock(&mu_);
  return std::exchange(ready_, nullptr);
}

void SegmentSet::Activate(const std::shared_ptr<Segment>& segment, absl::Duration now) {
  absl::MutexLock lock(&mu_);
  fill_time_ = now - std::exchange(activated_at_, now);
  Live live;
  live.segment = segment;
  live.flushed_bytes = kSegmentHeaderBytes;
  live.written_position = live.synced_position = synced_position_;
  live.base = base_;
  base_ += segment->capacity;
  live_.push_back(std::move(live));
  ready_wanted_ = true;
  changed_.Signal();
}

void SegmentSet::Wrote(const Segment& segment, uint64_t bytes, uint64_t position, absl::Duration now) {
  absl::MutexLock lock(&mu_);
  Live* live = Find(segment);
  HOOP_CHECK(live != nullptr && !live->abandoned);
  live->written_bytes = bytes;
  live->written_position = position;
  const bool first = unsynced_since_ == absl::InfiniteDuration();
  unsynced_since_ = std::min(unsynced_since_, now);
  // Otherwise the thread knows already when to look.
  const bool wanted = wanted_position_ > synced_position_ && !gathering_;
  if (first || wanted || bytes - live->synced_bytes >= limits::kSyncBytes) changed_.Signal();
}

void SegmentSet::NoteEnd() {
  absl::MutexLock lock(&mu_);
  ended_mark_ = WrittenMark();
}

void SegmentSet::SyncSoon(uint64_t position) {
  absl::MutexLock lock(&mu_);
  if (position <= wanted_position_) return;
  wanted_position_ = position;
  if (!live_.empty() && position <= live_.back().written_position && !gathering_) changed_.Signal();
}

void SegmentSet::SyncWritten() {
  absl::MutexLock lock(&mu_);
  if (live_.empty()) return;
  wanted_position_ = std::max(wanted_position_, live_.back().written_position);
  changed_.Signal();
}

void SegmentSet::Close(const Segment& segment) {
  absl::MutexLock lock(&mu_);
  Live* live = Find(segment);
  HOOP_CHECK(live != nullptr);
  live->closed = true;
}

void SegmentSet::MarkChain(uint64_t position, const ChainHead& head) {
  absl::MutexLock lock(&mu_);
  chain_marks_.emplace(position, head);
}

uint64_t SegmentSet::Abandon() {
  absl::MutexLock lock(&mu_);
  for (Live& live : live_) {
    live.abandoned = live.abandoned || !live.closed || live.synced_bytes < live.written_bytes;
    live.closed = true;
    live.written_bytes = live.synced_bytes;
    live.written_position = live.synced_position;
  }
  failure_ = absl::OkStatus();
  wanted_position_ = 0;
  unsynced_since_ = absl::InfiniteDuration();
  return synced_position_;
}

SegmentSet::Progress SegmentSet::progress() const {
  absl::MutexLock lock(&mu_);
  Progress progress;
  progress.synced_position = synced_position_;
  for (const Live& live : live_) progress.unsynced_bytes += live.written_bytes - live.synced_bytes;
  progress.sync_failed = !failure_.ok();
  progress.failure = failure_;
  return progress;
}

absl::Duration SegmentSet::SyncWait(const Live& live, const Clock& clock) const {
  if (stopping_ || live.closed || live.written_bytes - live.synced_bytes >= limits::kSyncBytes) {
    return absl::ZeroDuration();
  }
  return clock.SleepUntil(wanted_position_ > synced_position_ ? gather_until_ : unsynced_since_ + limits::kSyncLagTime);
}

SegmentSet::Want SegmentSet::AwaitWork(const Clock& clock, absl::Duration retry_at, SyncTask& task) {
  absl::MutexLock lock(&mu_);
  for (;;) {
    // After a failed sync nothing is synced until the loop has abandoned what it wrote: the kernel may have thrown
    // the pages away and would call a second sync a success.
    const Live* live = failure_.ok() ? OldestUnsynced() : nullptr;
    absl::Duration wait = live != nullptr ? SyncWait(*live, clock) : absl::InfiniteDuration();
    if (wait <= absl::ZeroDuration()) {
      task = {live->segment, live->written_bytes, live->written_position};
      task_begin_ = clock.Monotonic();
      return Want::kSync;
    }
    if (stopping_) return Want::kStop;
    if (ready_wanted_ && ready_ == nullptr) {
      const absl::Duration prepare_wait = clock.SleepUntil(retry_at);
      if (prepare_wait <= absl::ZeroDuration()) return Want::kPrepare;
      wait = std::min(wait, prepare_wait);
    }
    gathering_ = live != nullptr && wanted_position_ > synced_position_;
    changed_.WaitWithTimeout(&mu_, wait);
    gathering_ = false;
  }
}

void SegmentSet::Synced(const Clock& clock, const SyncTask& task, const absl::Status& status) {
  absl::MutexLock lock(&mu_);
  Live* live = Find(*task.segment);
  if (live == nullptr || live->abandoned) return;  // given up meanwhile: what this sync says does not count
  if (!status.ok()) {
    failure_ = status;
    return;
  }
  // Where many wait, more come soon: the next sync takes them along.
  const bool many = task.position - synced_position_ >= limits::kSyncGatherRecords;
  const absl::Duration end = clock.Monotonic();
  gather_until_ = many ? end + std::min(end - task_begin_, limits::kSyncGatherTime) : absl::ZeroDuration();
  live->synced_bytes = task.bytes;
  live->synced_position = task.position;
  synced_position_ = task.position;
  unsynced_since_ = OldestUnsynced() == nullptr ? absl::InfiniteDuration() : task_begin_;
}

std::shared_ptr<Segment> SegmentSet::TakeSpare() {
  absl::MutexLock lock(&mu_);
  return std::exchange(spare_, nullptr);
}

void SegmentSet::AddReady(std::shared_ptr<Segment> segment) {
  absl::MutexLock lock(&mu_);
  ready_ = std::move(segment);
  ready_wanted_ = false;
}

absl::Duration SegmentSet::fill_time() const {
  absl::MutexLock lock(&mu_);
  return fill_time_;
}

void SegmentSet::Stop() {
  absl::MutexLock lock(&mu_);
  stopping_ = true;
  changed_.Signal();
}

void SegmentSet::Wake() {
  absl::MutexLock lock(&mu_);
  changed_.Signal();
}

std::optional<SegmentSet::FlushSpan> SegmentSet::NextSpan() const {
  absl::MutexLock lock(&mu_);
  for (const Live& live : live_) {
    if (live.flushed_bytes >= live.synced_bytes) continue;
    return FlushSpan{live.segment, live.flushed_bytes, live.synced_bytes,
                     live.closed && live.synced_bytes == live.written_bytes, live.valid_through};
  }
  return std::nullopt;
}

uint64_t SegmentSet::unflushed_bytes() const {
  absl::MutexLock lock(&mu_);
  uint64_t bytes = 0;
  for (const Live& live : live_) {
    if (live.synced_bytes > live.flushed_bytes) bytes += live.synced_bytes - live.flushed_bytes;
  }
  return bytes;
}

void SegmentSet::Flushed(const Segment& segment, uint64_t to) {
  absl::MutexLock lock(&mu_);
  Live* live = Find(segment);
  HOOP_CHECK(live != nullptr);
  live->flushed_bytes = to;
}

SegmentSet::ChainMarks SegmentSet::FirstChainMarks(size_t count) const {
  absl::MutexLock lock(&mu_);
  const auto end =
      count < chain_marks_.size() ? std::next(chain_marks_.begin(), static_cast<ptrdiff_t>(count)) : chain_marks_.end();
  return {chain_marks_.begin(), end};
}

void SegmentSet::ForgetChainMarks(uint64_t through_position) {
  absl::MutexLock lock(&mu_);
  chain_marks_.erase(chain_marks_.begin(), chain_marks_.upper_bound(through_position));
}

std::shared_ptr<Segment> SegmentSet::RemoveFlushed(uint64_t segment_bytes, bool* reuse) {
  absl::MutexLock lock(&mu_);
  if (live_.empty()) return nullptr;
  const Live& oldest = live_.front();
  if (!oldest.closed || oldest.synced_bytes < oldest.written_bytes || oldest.flushed_bytes < oldest.synced_bytes) {
    return nullptr;
  }
  std::shared_ptr<Segment> segment = oldest.segment;
  // A file that failed once is not trusted again.
  *reuse = spare_ == nullptr && !oldest.abandoned && segment->capacity == segment_bytes;
  live_.pop_front();
  if (*reuse) {
    spare_ = segment;
    changed_.Signal();
  }
  return segment;
}

uint64_t SegmentSet::WrittenMark() const {
  return live_.empty() ? base_ : live_.back().base + live_.back().written_bytes;
}

uint64_t SegmentSet::written_mark() const {
  absl::MutexLock lock(&mu_);
  return WrittenMark();
}

uint64_t SegmentSet::ended_mark() const {
  absl::MutexLock lock(&mu_);
  return ended_mark_;
}

uint64_t SegmentSet::flushed_mark() const {
  absl::MutexLock lock(&mu_);
  for (const Live& live : live_) {
    if (live.flushed_bytes < std::max<uint64_t>(live.written_bytes, kSegmentHeaderBytes)) {
      return live.base + live.flushed_bytes;
    }
  }
  // Behind a closed segment also counts what was written to it and abandoned.
  return live_.empty() || live_.back().closed ? base_ : live_.back().base + live_.back().flushed_bytes;
}

}  // namespace hoop
