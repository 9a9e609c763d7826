// An audit store in memory whose disk the test holds: nothing is durable before Sync().
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "base/status.h"
#include "hoop/audit_store.h"

namespace hoop {

class MemoryAuditStore final : public AuditStore {
 public:
  struct Session {
    SessionHead head;
    std::vector<RecordEntry> entries;
    std::vector<SessionEnd> seals;
    RecordObserver* observer = nullptr;
  };

  absl::StatusOr<std::unique_ptr<SessionRecord>> Open(const SessionHead& head, RecordObserver& observer) override {
    if (!open_status.ok()) return open_status;
    Session& session = sessions[head.session_id];
    session.head = head;
    session.observer = &observer;
    auto record = std::make_unique<Record>(*this, session);
    (void)record->Append(Direction::kGateway, RecordKind::kOpen, "", "");
    return record;
  }
  absl::StatusOr<RecordPage> ReadPage(std::string_view, std::string_view, size_t) override {
    return Unimplemented("not in memory");
  }
  absl::Status Read(std::string_view session_id, absl::AnyInvocable<bool(const RecordEntry&)> visit) override {
    auto found = sessions.find(session_id);
    if (found == sessions.end()) return NotFound("session {}", session_id);
    for (const RecordEntry& entry : found->second.entries) {
      if (!visit(entry)) break;
    }
    return absl::OkStatus();
  }
  absl::StatusOr<VerifyReport> Verify(std::string_view) override { return Unimplemented("not in memory"); }
  std::string public_key() const override { return ""; }

  // Everything appended so far becomes durable.
  void Sync() {
    synced = last;
    FireDue(absl::OkStatus());
  }
  // Every append fails from now on, and what waits learns why.
  void Fail(const absl::Status& status) {
    append_status = status;
    FireDue(status, /*all=*/true);
    for (auto& [id, session] : sessions) session.observer->OnRecordFailed(status);
  }
  void Press(bool stop) {
    for (auto& [id, session] : sessions) session.observer->OnRecordPressure(stop);
  }

  std::map<std::string, Session, std::less<>> sessions;
  absl::Status open_status;
  absl::Status append_status;
  uint64_t last = 0;
  uint64_t synced = 0;

 private:
  struct Waiter {
    const void* record;
    uint64_t position;
    absl::AnyInvocable<void(const absl::Status&)> done;
  };

  class Record final : public SessionRecord {
   public:
    Record(MemoryAuditStore& store, Session& session) : store_(store), session_(session) {}
    ~Record() override {
      std::erase_if(store_.waiters_, [this](const Waiter& w) { return w.record == this; });
    }
    absl::StatusOr<Position> Append(Direction direction, RecordKind kind, std::string_view connection_id,
                                    std::string_view payload) override {
      if (!store_.append_status.ok()) return store_.append_status;
      if (!session_.seals.empty()) return FailedPrecondition("record is sealed");
      last_ = ++store_.last;
      session_.entries.push_back(
          {last_, absl::UnixEpoch(), direction, kind, std::string(connection_id), std::string(payload)});
      return last_;
    }
    absl::StatusOr<Position> Seal(const SessionEnd& end) override {
      auto position = Append(Direction::kGateway, RecordKind::kSeal, "", end.reason);
      if (position.ok()) session_.seals.push_back(end);
      return position;
    }
    Position last() const override { return last_; }
    bool IsDurable(Position position) const override { return position <= store_.synced; }
    void WhenDurable(Position position, absl::AnyInvocable<void(const absl::Status&)> done) override {
      store_.waiters_.push_back({this, position, std::move(done)});
    }

   private:
    MemoryAuditStore& store_;
    Session& session_;
    Position last_ = 0;
  };

  void FireDue(const absl::Status& status, bool all = false) {
    for (size_t i = 0; i < waiters_.size();) {
      if (!all && waiters_[i].position > synced) {
        ++i;
        continue;
      }
      Waiter due = std::move(waiters_[i]);
      waiters_.erase(waiters_.begin() + static_cast<std::ptrdiff_t>(i));
      due.done(status);
      i = 0;
    }
  }

  std::vector<Waiter> waiters_;
};

}  // namespace hoop
