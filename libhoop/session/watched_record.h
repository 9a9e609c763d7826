// A session's record while somebody looks on. Made by Session::Watch, in front of the record that there is: as long as
// nobody came, nothing stands there.
#pragma once

#include <memory>
#include <vector>

#include "base/loop.h"
#include "hoop/audit_store.h"
#include "session/record_watcher.h"

namespace hoop {

// Those who look on. Owned by Session; loop thread only.
class RecordWatchers final {
 public:
  explicit RecordWatchers(const Loop& loop) : loop_(loop) {}

  void Add(std::weak_ptr<RecordWatcher> watcher) { watchers_.push_back(std::move(watcher)); }
  // Once somebody looks on, the record is replaced by one that is watched. Not while it is appended to.
  void Show(std::unique_ptr<SessionRecord>& record);

  void Recorded(absl::Time at, RecordKind kind, std::string_view payload);
  void Over(const SessionEnd& end);

 private:
  const Loop& loop_;
  bool shows_ = false;
  std::vector<std::weak_ptr<RecordWatcher>> watchers_;
};

// Owned by Session in the place of the record that it hands everything on to; outlived by `watchers`.
class WatchedRecord final : public SessionRecord {
 public:
  WatchedRecord(const Loop& loop, std::unique_ptr<SessionRecord> record, RecordWatchers& watchers)
      : loop_(loop), record_(std::move(record)), watchers_(watchers) {}

  absl::StatusOr<Position> Append(Direction direction, RecordKind kind, std::string_view connection_id,
                                  std::string_view payload) override;
  absl::StatusOr<Position> Seal(const SessionEnd& end) override { return record_->Seal(end); }
  Position last() const override { return record_->last(); }
  bool IsDurable(Position position) const override { return record_->IsDurable(position); }
  void WhenDurable(Position position, absl::AnyInvocable<void(const absl::Status&)> done) override {
    record_->WhenDurable(position, std::move(done));
  }

 private:
  const Loop& loop_;
  const std::unique_ptr<SessionRecord> record_;
  RecordWatchers& watchers_;
};

}  // namespace hoop
