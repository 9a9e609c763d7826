#include "session/watched_record.h"

#include <utility>

namespace hoop {

void RecordWatchers::Show(std::unique_ptr<SessionRecord>& record) {
  if (record == nullptr || shows_ || watchers_.empty()) return;
  shows_ = true;
  record = std::make_unique<WatchedRecord>(loop_, std::move(record), *this);
}

void RecordWatchers::Recorded(absl::Time at, RecordKind kind, std::string_view payload) {
  std::erase_if(watchers_, [&](const std::weak_ptr<RecordWatcher>& watcher) {
    const std::shared_ptr<RecordWatcher> here = watcher.lock();
    if (here != nullptr) here->OnRecorded(at, kind, payload);
    return here == nullptr;
  });
}

void RecordWatchers::Over(const SessionEnd& end) {
  for (const std::weak_ptr<RecordWatcher>& watcher : std::exchange(watchers_, {})) {
    if (const std::shared_ptr<RecordWatcher> here = watcher.lock(); here != nullptr) here->OnOver(loop_.Now(), end);
  }
}

absl::StatusOr<SessionRecord::Position> WatchedRecord::Append(Direction direction, RecordKind kind,
                                                              std::string_view connection_id,
                                                              std::string_view payload) {
  absl::StatusOr<Position> position = record_->Append(direction, kind, connection_id, payload);
  if (position.ok()) watchers_.Recorded(loop_.Now(), kind, payload);
  return position;
}

}  // namespace hoop
