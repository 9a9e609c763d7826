#include "audit/lane_syncer.h"

#include <pthread.h>

#include <algorithm>
#include <utility>

#include "base/limits/journal.h"
#include "base/status.h"
#include "base/status_macros.h"

namespace hoop {
namespace {

constexpr uint64_t kZeroStepBytes = 4 * limits::kMiB;  // some ten milliseconds of disk between two syncs
// Kernels with large folios keep together in memory what one write covered, and each small write to it walks all of it.
constexpr uint64_t kZeroWriteBytes = 16 * limits::kKiB;
constexpr size_t kRenewedBytes = 4096;  // the page that holds the old header

}  // namespace

SegmentMaker::SegmentMaker(SegmentSet& set, JournalSpace& space, FileSystem& files, uint64_t segment_bytes,
                           uint32_t next_generation)
    : set_(set), space_(space), files_(files), segment_bytes_(segment_bytes), next_generation_(next_generation) {}

absl::StatusOr<bool> SegmentMaker::Step() {
  if (segment_ == nullptr) {
    if (std::shared_ptr<Segment> spare = set_.TakeSpare(); spare != nullptr) {
      HOOP_RETURN_IF_ERROR(Renew(std::move(spare)));
      return true;
    }
    HOOP_RETURN_IF_ERROR(Begin());
    return false;
  }
  absl::StatusOr<bool> made = Continue();
  if (!made.ok()) GiveUp();
  return made;
}

absl::Status SegmentMaker::Begin() {
  if (!space_.TryTake(segment_bytes_)) {
    return ResourceExhausted("the journal is full: {} of {} bytes", space_.used(), space_.bytes_max());
  }
  auto segment = std::make_shared<Segment>();
  segment->generation = next_generation_++;
  segment->path = set_.folder() + "/" + SegmentName(segment->generation);
  segment->capacity = segment_bytes_;
  absl::StatusOr<std::unique_ptr<File>> file = files_.Open(segment->path, FileSystem::OpenMode::kCreate);
  if (!file.ok()) {
    space_.Release(segment_bytes_);
    return file.status();
  }
  segment->file = *std::move(file);
  segment_ = std::move(segment);
  zeroed_ = set_.fill_time() < limits::kSegmentHurryTime ? segment_bytes_ : 0;
  if (absl::Status status = segment_->file->Reserve(segment_bytes_); !status.ok()) {
    GiveUp();
    return status;
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> SegmentMaker::Continue() {
  const uint64_t step = std::min(kZeroStepBytes, segment_bytes_ - zeroed_);
  const std::string zeros(kZeroWriteBytes, '\0');
  for (const uint64_t end = zeroed_ + step; zeroed_ < end;) {
    const std::string_view piece = std::string_view(zeros).substr(0, end - zeroed_);
    HOOP_RETURN_IF_ERROR(segment_->file->Write(zeroed_, piece));
    zeroed_ += piece.size();
  }
  HOOP_RETURN_IF_ERROR(segment_->file->Sync());
  if (zeroed_ < segment_bytes_) return false;
  HOOP_RETURN_IF_ERROR(files_.SyncFolder(set_.folder()));
  set_.AddReady(std::exchange(segment_, nullptr));
  return true;
}

absl::Status SegmentMaker::Renew(std::shared_ptr<Segment> spare) {
  // A new object: who still reads the old one must not see it change.
  segment_ = std::make_shared<Segment>();
  segment_->generation = next_generation_++;
  segment_->path = set_.folder() + "/" + SegmentName(segment_->generation);
  segment_->capacity = segment_bytes_;
  absl::Status status = files_.Rename(spare->path, segment_->path);
  if (!status.ok()) segment_->path = spare->path;
  if (status.ok()) {
    absl::StatusOr<std::unique_ptr<File>> file = files_.Open(segment_->path, FileSystem::OpenMode::kExisting);
    status = file.status();
    if (file.ok()) segment_->file = *std::move(file);
  }
  // Without the header an unused segment is never taken for the one that it was.
  if (status.ok()) status = segment_->file->Write(0, std::string(kRenewedBytes, '\0'));
  if (status.ok()) status = segment_->file->Sync();
  if (status.ok()) status = files_.SyncFolder(set_.folder());
  if (!status.ok()) {
    GiveUp();
    return status;
  }
  set_.AddReady(std::exchange(segment_, nullptr));
  return absl::OkStatus();
}

void SegmentMaker::GiveUp() {
  files_.Remove(segment_->path).IgnoreError();  // what cannot be removed is found by the next recovery
  segment_ = nullptr;
  space_.Release(segment_bytes_);
}

LaneSyncer::LaneSyncer(SegmentSet& set, SegmentMaker maker, Clock& clock, Log log, std::function<void()> report)
    : set_(set),
      maker_(std::move(maker)),
      clock_(clock),
      log_(log),
      report_(std::move(report)),
      wake_up_(clock.AddWakeUp([&set] { set.Wake(); })),
      thread_([this] { Run(); }) {}

LaneSyncer::~LaneSyncer() {
  set_.Stop();
  thread_.join();
  clock_.RemoveWakeUp(wake_up_);
}

void LaneSyncer::Run() {
  ::pthread_setname_np(::pthread_self(), fmt::format("hoop-sync-{}", set_.lane()).substr(0, 15).c_str());
  SegmentSet::SyncTask task;
  for (;;) {
    switch (set_.AwaitWork(clock_, retry_at_, task)) {
      case SegmentSet::Want::kStop:
        return;
      case SegmentSet::Want::kSync:
        Sync(task);
        break;
      case SegmentSet::Want::kPrepare:
        Prepare();
        break;
    }
  }
}

void LaneSyncer::Sync(const SegmentSet::SyncTask& task) {
  const absl::Duration begin = clock_.Monotonic();
  const absl::Status status = task.segment->file->Sync();
  times_.Add(clock_.Monotonic() - begin);
  set_.Synced(clock_, task, status);
  report_();
}

void LaneSyncer::Prepare() {
  const absl::StatusOr<bool> ready = maker_.Step();
  if (ready.ok()) {
    failing_ = failing_ && !*ready;
    if (*ready) report_();
    return;
  }
  retry_at_ = clock_.Monotonic() + limits::kSegmentRetryTime;
  if (!failing_) log_.Error("no new journal segment", "lane", set_.lane(), "error", StatusText(ready.status()));
  failing_ = true;
}

}  // namespace hoop
