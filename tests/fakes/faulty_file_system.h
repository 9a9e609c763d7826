// The machine's disk with faults at will: syncs that are held, writes, syncs and reservations that fail. Remembers
// which bytes of a file a power loss would leave.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "audit/posix_file_system.h"
#include "base/status.h"

namespace hoop {

// Faults concern files whose path contains a given text. Any thread.
class FaultyFileSystem final : public FileSystem {
 public:
  // Syncs of such files wait until ReleaseSyncs.
  void HoldSyncs(const std::string& part) {
    absl::MutexLock lock(&mu_);
    held_ = part;
  }
  void ReleaseSyncs() {
    absl::MutexLock lock(&mu_);
    held_.clear();
  }
  void AwaitHeldSync() {
    absl::MutexLock lock(&mu_);
    mu_.Await(absl::Condition(
        +[](int* waiting) { return *waiting > 0; }, &waiting_));
  }
  int held_syncs() {
    absl::MutexLock lock(&mu_);
    return waiting_;
  }
  // An empty part: no more of it.
  void FailSyncs(const std::string& part, absl::Status status) { Set(failing_syncs_, part, std::move(status)); }
  void FailWrites(const std::string& part, absl::Status status) { Set(failing_writes_, part, std::move(status)); }
  void FailReserves(const std::string& part, absl::Status status) { Set(failing_reserves_, part, std::move(status)); }
  void FailFolderSyncs(const std::string& part, absl::Status status) {
    Set(failing_folder_syncs_, part, std::move(status));
  }
  // Hears of each reservation.
  void BeforeReserves(std::function<void(const std::string& path, uint64_t size)> hook) {
    absl::MutexLock lock(&mu_);
    reserve_hook_ = std::move(hook);
  }
  // Runs before each write to such a file.
  void BeforeWrites(const std::string& part, std::function<void()> hook) {
    absl::MutexLock lock(&mu_);
    hooked_ = part;
    hook_ = std::move(hook);
  }

  // The end of what was written to the file before its last good sync began.
  uint64_t SyncedBytes(const std::string& path) {
    absl::MutexLock lock(&mu_);
    return synced_[path];
  }

  absl::StatusOr<std::unique_ptr<File>> Open(const std::string& path, OpenMode mode) override {
    auto file = disk_.Open(path, mode);
    if (!file.ok()) return file.status();
    return std::make_unique<FaultyFile>(*this, path, *std::move(file));
  }
  absl::Status Rename(const std::string& from, const std::string& to) override { return disk_.Rename(from, to); }
  absl::Status Remove(const std::string& path) override { return disk_.Remove(path); }
  absl::Status MakeFolder(const std::string& path) override { return disk_.MakeFolder(path); }
  absl::Status SyncFolder(const std::string& path) override {
    {
      absl::MutexLock lock(&mu_);
      if (Matches(failing_folder_syncs_, path)) return failing_folder_syncs_.second;
    }
    return disk_.SyncFolder(path);
  }
  absl::StatusOr<std::vector<std::string>> List(const std::string& folder) override { return disk_.List(folder); }
  absl::StatusOr<std::unique_ptr<FileLock>> Lock(const std::string& path) override { return disk_.Lock(path); }

 private:
  using Fault = std::pair<std::string, absl::Status>;

  class FaultyFile final : public File {
   public:
    FaultyFile(FaultyFileSystem& owner, std::string path, std::unique_ptr<File> file)
        : owner_(owner), path_(std::move(path)), file_(std::move(file)) {}
    absl::Status Write(uint64_t offset, std::string_view bytes) override {
      if (absl::Status status = owner_.BeforeWrite(path_); !status.ok()) return status;
      absl::Status status = file_->Write(offset, bytes);
      absl::MutexLock lock(&owner_.mu_);
      uint64_t& end = owner_.written_[path_];
      end = std::max(end, offset + bytes.size());
      return status;
    }
    absl::Status Read(uint64_t offset, size_t size, std::string& bytes) override {
      return file_->Read(offset, size, bytes);
    }
    absl::Status Sync() override {
      uint64_t end = 0;
      {
        absl::MutexLock lock(&owner_.mu_);
        end = owner_.written_[path_];
        const auto released = [this] { return owner_.held_.empty() || path_.find(owner_.held_) == std::string::npos; };
        if (!released()) {
          ++owner_.waiting_;
          owner_.mu_.Await(absl::Condition(&released));
          --owner_.waiting_;
        }
        if (Matches(owner_.failing_syncs_, path_)) return owner_.failing_syncs_.second;
      }
      absl::Status status = file_->Sync();
      absl::MutexLock lock(&owner_.mu_);
      if (status.ok()) owner_.synced_[path_] = std::max(owner_.synced_[path_], end);
      return status;
    }
    absl::Status Reserve(uint64_t size) override {
      {
        absl::MutexLock lock(&owner_.mu_);
        if (owner_.reserve_hook_) owner_.reserve_hook_(path_, size);
        if (Matches(owner_.failing_reserves_, path_)) return owner_.failing_reserves_.second;
      }
      return file_->Reserve(size);
    }
    absl::StatusOr<uint64_t> Size() override { return file_->Size(); }

   private:
    FaultyFileSystem& owner_;
    const std::string path_;
    const std::unique_ptr<File> file_;
  };

  static bool Matches(const Fault& fault, const std::string& path) {
    return !fault.first.empty() && path.find(fault.first) != std::string::npos;
  }
  void Set(Fault& fault, const std::string& part, absl::Status status) {
    absl::MutexLock lock(&mu_);
    fault = {part, std::move(status)};
  }
  absl::Status BeforeWrite(const std::string& path) {
    std::function<void()> hook;
    {
      absl::MutexLock lock(&mu_);
      if (Matches(failing_writes_, path)) return failing_writes_.second;
      if (!hooked_.empty() && path.find(hooked_) != std::string::npos) hook = hook_;
    }
    if (hook) hook();
    return absl::OkStatus();
  }

  PosixFileSystem disk_;
  absl::Mutex mu_;
  std::string held_, hooked_;
  std::function<void()> hook_;
  std::function<void(const std::string& path, uint64_t size)> reserve_hook_;
  int waiting_ = 0;
  Fault failing_syncs_, failing_writes_, failing_reserves_, failing_folder_syncs_;
  std::map<std::string, uint64_t> written_, synced_;
};

}  // namespace hoop
