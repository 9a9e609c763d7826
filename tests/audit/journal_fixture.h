// A journal in a temporary folder with a database, a clock that stands still and a disk with faults.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "audit/journal_audit_store.h"
#include "base/encoding.h"
#include "base/ids.h"
#include "base/limits/journal.h"
#include "tests/fakes/faulty_file_system.h"
#include "tests/fakes/flaky_database.h"
#include "tests/fakes/manual_clock.h"
#include "tests/fakes/waiting_loop.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_folder.h"
#include "tests/support/temp_store.h"

namespace hoop {

// Remembers what it was told; may do something about it.
struct RecordingObserver final : RecordObserver {
  void OnRecordFailed(const absl::Status& status) override {
    failures.push_back(status);
    if (on_failed) on_failed();
  }
  void OnRecordPressure(bool stop_reading) override { pressure.push_back(stop_reading); }

  bool stopped() const { return !pressure.empty() && pressure.back(); }

  std::vector<absl::Status> failures;
  std::vector<bool> pressure;
  std::function<void()> on_failed;
};

// Remembers what was logged, and wakes the loop on which a test may wait for it.
class NotedLog final : public LogSink {
 public:
  explicit NotedLog(Loop& loop) : loop_(loop) {}

  bool Wants(LogLevel) const override { return true; }
  void Write(LogLevel, std::string_view event, const std::vector<LogField>&) override {
    {
      absl::MutexLock lock(&mu_);
      events_.emplace(event);
    }
    loop_.Post([] {});
  }
  bool Has(const std::string& event) const {
    absl::MutexLock lock(&mu_);
    return events_.contains(event);
  }

 private:
  Loop& loop_;
  mutable absl::Mutex mu_;
  std::set<std::string> events_ ABSL_GUARDED_BY(mu_);
};

// A session as a test drives it.
struct TestSession {
  std::string id;
  RecordingObserver observer;
  std::unique_ptr<SessionRecord> record;

  SessionRecord::Position Input(std::string_view payload, std::string_view connection_id = "0") {
    const auto position = record->Append(Direction::kRequest, RecordKind::kInput, connection_id, payload);
    EXPECT_OK(position);
    return position.value_or(0);
  }
};

class JournalFixture : public ::testing::Test {
 protected:
  JournalFixture() {
    database_ = std::make_unique<FlakyDatabase>(store_->database());
    options_.journal_dir = root_ + "/journal";
    options_.key_path = root_ + "/audit.key";
    options_.segment_bytes = limits::kSegmentBytesMin;
    options_.bytes_max = 64 * limits::kMiB;
  }
  ~JournalFixture() override {
    files_.ReleaseSyncs();
    audit_ = nullptr;
  }

  absl::Status Start() {
    std::vector<Loop*> loops = {&loop_};
    for (auto& loop : more_loops_) loops.push_back(loop.get());
    auto audit = JournalAuditStore::Create(options_, loops, *database_, clock_, Log(&log_), &files_);
    if (!audit.ok()) return audit.status();
    audit_ = *std::move(audit);
    return absl::OkStatus();
  }

  SessionHead Head(RecordPolicy policy = RecordPolicy::kDurable) {
    SessionHead head;
    head.session_id = NewUuid();
    head.org_id = store_.org_id();
    head.user_id = NewUuid();
    head.user_email = "ada@example.test";
    head.connection = "pg-demo";
    head.verb = "connect";
    head.command = {"psql", "-A"};
    head.policy = policy;
    head.started_at = clock_.Now();
    return head;
  }

  std::unique_ptr<TestSession> OpenSession(RecordPolicy policy = RecordPolicy::kDurable) {
    auto session = std::make_unique<TestSession>();
    const SessionHead head = Head(policy);
    session->id = head.session_id;
    auto record = audit_->Open(head, session->observer);
    EXPECT_OK(record);
    if (record.ok()) session->record = *std::move(record);
    return session;
  }

  bool TurnUntilDurable(TestSession& session) {
    return loop_.TurnUntil([&session] { return session.record->IsDurable(session.record->last()); });
  }

  // As a session does it: nothing is taken in while reading is stopped.
  void Feed(TestSession& session, std::string_view payload) {
    ASSERT_TRUE(loop_.TurnUntil([&session] { return !session.observer.stopped(); }));
    session.Input(payload);
    ASSERT_TRUE(TurnUntilDurable(session));
  }

  // The process dies: what was written stays, nothing more of it reaches disk or database. Keeps the journal as it
  // is now for the next Start.
  void Crash() {
    const std::string kept = root_ + "/kept";
    std::error_code error;
    do {  // again when a segment was renamed or removed meanwhile
      std::filesystem::remove_all(kept);
      std::filesystem::copy(options_.journal_dir, kept, std::filesystem::copy_options::recursive, error);
    } while (error);
    database_->writes_down = true;
    files_.ReleaseSyncs();
    audit_ = nullptr;
    database_->writes_down = false;
    std::filesystem::remove_all(options_.journal_dir);
    std::filesystem::rename(kept, options_.journal_dir);
  }

  std::vector<std::string> SegmentPaths() {
    std::vector<std::string> paths;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(options_.journal_dir)) {
      if (entry.path().filename().string().starts_with("seg-")) paths.push_back(entry.path());
    }
    std::sort(paths.begin(), paths.end());
    return paths;
  }

  std::vector<RecordEntry> ReadAll(const std::string& session_id) {
    std::vector<RecordEntry> entries;
    EXPECT_OK(audit_->Read(session_id, [&entries](const RecordEntry& entry) {
      entries.push_back(entry);
      return true;
    }));
    return entries;
  }

  // Bytes that do not get smaller.
  static std::string Noise(size_t size) {
    std::string bytes(size, '\0');
    RandomBytes(bytes.data(), bytes.size());
    return bytes;
  }

  ManualClock clock_;
  WaitingLoop loop_{clock_};
  NotedLog log_{loop_};
  std::vector<std::unique_ptr<WaitingLoop>> more_loops_;
  testing::TempFolder folder_;
  const std::string root_ = folder_.path();
  FaultyFileSystem files_;
  JournalOptions options_;
  testing::TempStore store_;
  std::unique_ptr<FlakyDatabase> database_;
  std::unique_ptr<JournalAuditStore> audit_;
};

}  // namespace hoop
