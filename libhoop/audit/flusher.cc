#include "audit/flusher.h"

#include <pthread.h>

#include <algorithm>

#include "audit/segment_scanner.h"
#include "base/limits/journal.h"
#include "base/niceness.h"
#include "base/status.h"
#include "base/status_macros.h"

namespace hoop {
namespace {

// More than one pass can meet: each stands for limits::kChainMarkBytes, and a session's first one for what was before.
constexpr size_t kChainMarksMax = 2 * limits::kFlushPassBytes / limits::kChainMarkBytes;

}  // namespace

Flusher::Flusher(Database& database, FileSystem& files, JournalSpace& space, uint64_t segment_bytes, Clock& clock,
                 Log log)
    : database_(database),
      files_(files),
      space_(space),
      segment_bytes_(segment_bytes),
      clock_(clock),
      log_(log),
      tails_(database),
      lanes_(database),
      wake_up_(clock.AddWakeUp([this] {
        absl::MutexLock lock(&mu_);
        changed_.SignalAll();
        finished_.SignalAll();
      })) {}

Flusher::~Flusher() {
  Stop();
  clock_.RemoveWakeUp(wake_up_);
}

void Flusher::Add(SegmentSet& set, Report report) { sources_.push_back({&set, std::move(report)}); }

void Flusher::Start() {
  thread_ = std::thread([this] { Run(); });
}

void Flusher::Stop() {
  if (!thread_.joinable()) return;
  {
    absl::MutexLock lock(&mu_);
    stopping_ = true;
    changed_.SignalAll();
  }
  pacer_.Hurry();
  thread_.join();
}

// Called after every sync, thousands of times a second: wakes the thread only for the first bytes of a while, for a
// full chunk and for a reader who waits.
void Flusher::Notify(const SegmentSet& set) {
  const bool full = set.unflushed_bytes() >= limits::kFlushChunkBytes;
  absl::MutexLock lock(&mu_);
  if (!full && !sleeping_long_ && barriers_ == 0) return;
  notified_ = true;
  changed_.Signal();
}

bool Flusher::Reached(const std::vector<uint64_t>& marks) const {
  for (size_t i = 0; i < marks.size(); ++i) {
    if (sources_[i].set->flushed_mark() < marks[i]) return false;
  }
  return true;
}

absl::Status Flusher::Barrier() {
  std::vector<uint64_t> marks;
  for (const Source& source : sources_) marks.push_back(source.set->written_mark());
  return Await(marks);
}

absl::Status Flusher::BarrierOfEnds() {
  std::vector<uint64_t> marks;
  for (const Source& source : sources_) marks.push_back(source.set->ended_mark());
  return Reached(marks) ? absl::OkStatus() : Await(marks);
}

absl::Status Flusher::Await(const std::vector<uint64_t>& marks) {
  for (const Source& source : sources_) source.set->SyncWritten();
  const absl::Duration deadline = clock_.Monotonic() + limits::kFlushWaitTime;
  pacer_.Hurry();
  absl::MutexLock lock(&mu_);         // before the sets' own locks
  const uint64_t before = attempts_;  // what fails of an attempt that runs already says nothing of now
  absl::Status status;
  ++barriers_;
  notified_ = true;
  changed_.Signal();
  while (!Reached(marks)) {
    const absl::Duration wait = clock_.SleepUntil(deadline);
    if (failed_attempt_ > before) {
      status = last_failure_;
    } else if (stopping_ || wait <= absl::ZeroDuration()) {
      status = Unavailable("the journal was not synced within {} s", absl::ToInt64Seconds(limits::kFlushWaitTime));
    }
    if (!status.ok()) break;
    finished_.WaitWithTimeout(&mu_, wait);
  }
  --barriers_;
  pacer_.Relax();
  return status;
}

void Flusher::Finished(const absl::Status& status) {
  const bool was_up = store_up_.exchange(status.ok());
  if (!status.ok() && was_up) log_.Error("flushing the journal fails", "error", StatusText(status));
  if (status.ok() && !was_up) log_.Info("flushing the journal works again");
  absl::MutexLock lock(&mu_);
  if (!status.ok()) {
    failed_attempt_ = attempts_;
    last_failure_ = Annotate(status, "flushing the journal");
  }
  finished_.SignalAll();
}

void Flusher::Run() {
  ::pthread_setname_np(::pthread_self(), "hoop-flush");
  // Compression is not in the way of who waits for bytes: where CPU is short, the journal takes up what lags behind,
  // and its bounds hold back who fills it.
  StandBack(kBackgroundNiceness);
  for (;;) {
    bool now, stopping;
    {
      absl::MutexLock lock(&mu_);
      notified_ = false;
      stopping = stopping_;
      now = stopping_ || barriers_ > 0;
    }
    absl::Duration next = absl::InfiniteDuration();
    bool worked = false;
    for (Source& source : sources_) worked = Visit(source, now, &next) || worked;
    if (worked && (!stopping || store_up_)) continue;
    if (stopping) return;
    if (next == absl::InfiniteDuration()) {
      window_ = {};
      compressor_.GiveBack();
    }
    absl::MutexLock lock(&mu_);
    finished_.SignalAll();  // something was abandoned, perhaps
    sleeping_long_ = next == absl::InfiniteDuration();
    if (!notified_ && !stopping_) changed_.WaitWithTimeout(&mu_, clock_.SleepUntil(next));
    sleeping_long_ = false;
  }
}

// True: it did something, there may be more. Otherwise `*next` comes no later than the time to look again.
bool Flusher::Visit(Source& source, bool now, absl::Duration* next) {
  GiveBack(*source.set);
  const uint64_t bytes = source.set->unflushed_bytes();
  if (bytes == 0) {
    source.pending_since = absl::InfiniteDuration();
    return false;
  }
  const absl::Duration time = clock_.Monotonic();
  source.pending_since = std::min(source.pending_since, time);
  const absl::Duration due = bytes >= limits::kFlushChunkBytes ? time : source.pending_since + limits::kFlushAge;
  if (!now && time < std::max(due, retry_at_)) {
    *next = std::min(*next, std::max(due, retry_at_));
    return false;
  }
  const std::optional<SegmentSet::FlushSpan> span = source.set->NextSpan();
  if (!span.has_value()) return false;
  {
    absl::MutexLock lock(&mu_);
    ++attempts_;
  }
  pacer_.SetLag(bytes);
  const absl::Status status = FlushSpan(source, *span);
  retry_at_ = status.ok() ? absl::ZeroDuration() : clock_.Monotonic() + limits::kFlushRetryTime;
  if (status.ok()) source.pending_since = absl::InfiniteDuration();
  Finished(status);
  if (!status.ok()) *next = std::min(*next, retry_at_);
  return status.ok();
}

absl::Status Flusher::FlushSpan(Source& source, const SegmentSet::FlushSpan& span) {
  FlushPlace place = {source.set->instance(), source.set->lane(), span.segment->generation};
  HOOP_ASSIGN_OR_RETURN(place.flushed_lsn, lanes_.Flushed(place.instance, place.lane));
  FlushBatch batch(std::move(place), tails_, source.set->FirstChainMarks(kChainMarksMax), hasher_, compressor_);
  if (source.set->damaged()) batch.KeepUnknown();
  SegmentScanner scanner(*span.segment->file, span.segment->generation, span.from, span.to, window_);
  HOOP_RETURN_IF_ERROR(scanner.Scan(limits::kFlushPassBytes, [&](const RecordView& record) {
    if (scanner.damages() > 0) {
      source.set->NoteDamage();
      batch.DropChainMarks();
      batch.KeepUnknown();
    }
    pacer_.Worked(record.bytes.size());
    return record.position > span.valid_through ? absl::OkStatus() : batch.Add(record);
  }));
  if (scanner.damages() > 0) {
    log_.Error("journal damaged", "segment", span.segment->path, "offset", scanner.damage_offset());
  }
  HOOP_RETURN_IF_ERROR(batch.Commit(database_));
  source.set->ForgetChainMarks(batch.last_position());
  for (const SessionUuid& session : batch.deleted()) {
    log_.Warning("session was deleted, the rest of its record is dropped", "session", SessionUuidText(session));
  }
  for (const auto& [session, why] : batch.unreadable()) {
    log_.Error("session is kept without its head", "session", SessionUuidText(session), "error", why);
  }
  source.set->Flushed(*span.segment, scanner.done() ? span.to : scanner.offset());
  GiveBack(*source.set);
  source.report(batch.Bytes());
  return absl::OkStatus();
}

void Flusher::GiveBack(SegmentSet& set) {
  bool reuse = false;
  while (const std::shared_ptr<Segment> segment = set.RemoveFlushed(segment_bytes_, &reuse)) {
    if (reuse) continue;
    if (absl::Status status = files_.Remove(segment->path); !status.ok()) {
      log_.Warning("journal segment not removed", "segment", segment->path, "error", StatusText(status));
    }
    space_.Release(segment->capacity);
  }
}

}  // namespace hoop
