// Two byte streams joined in memory, each direction with a small buffer like a socket's. On any Loop; no I/O.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "base/loop.h"
#include "net/byte_stream.h"

namespace hoop {

// One end. Destroying it looks like an orderly close to the other.
class MemoryBytes final : public ByteStream {
 public:
  struct Pair {
    std::unique_ptr<MemoryBytes> a, b;
  };
  static Pair Make(Loop& loop, size_t capacity_bytes = 256 * 1024) {
    Pair pair = {std::make_unique<MemoryBytes>(loop, capacity_bytes),
                 std::make_unique<MemoryBytes>(loop, capacity_bytes)};
    pair.a->other_ = pair.b.get();
    pair.b->other_ = pair.a.get();
    return pair;
  }

  MemoryBytes(Loop& loop, size_t capacity_bytes) : loop_(loop), capacity_(capacity_bytes) {}
  ~MemoryBytes() override {
    if (other_ == nullptr) return;
    other_->other_ = nullptr;
    other_->closed_ = true;
    other_->Wake();
  }

  void SetEvents(Events* events) override { events_ = events; }
  void WantRead() override {
    wants_read_ = true;
    Wake();
  }
  void StopRead() override { wants_read_ = false; }
  void WantWrite() override {
    wants_write_ = true;
    Wake();
  }

  IoResult Read(char* buffer, size_t size) override {
    read_room = size;
    if (arrived_.empty()) return {closed_ ? IoResult::Kind::kEnd : IoResult::Kind::kWouldBlock};
    const size_t count = std::min(size, arrived_.size());
    arrived_.copy(buffer, count);
    arrived_.erase(0, count);
    if (other_ != nullptr) other_->Wake();
    return {IoResult::Kind::kBytes, count};
  }

  IoResult Write(const iovec* pieces, int count) override {
    ++write_count;
    if (other_ == nullptr) return {IoResult::Kind::kError, 0, absl::UnavailableError("broken pipe")};
    size_t written = 0;
    for (int i = 0; i < count; ++i) {
      const size_t taken = std::min(pieces[i].iov_len, Room());
      other_->arrived_.append(static_cast<const char*>(pieces[i].iov_base), taken);
      written += taken;
      if (taken < pieces[i].iov_len) break;
    }
    if (written == 0) return {IoResult::Kind::kWouldBlock};
    other_->Wake();
    written_bytes += written;
    return {IoResult::Kind::kBytes, written};
  }

  void ShutdownWrite() override {
    if (other_ != nullptr) other_->closed_ = true;
  }
  void ResetOnClose() override {}
  void Trust() override { ++trust_count; }
  const std::string& peer() const override { return peer_; }

  // What a test looks at.
  int write_count = 0;
  int trust_count = 0;
  size_t read_room = 0;  // of the last Read
  size_t written_bytes = 0;

 private:
  size_t Room() const { return other_ == nullptr ? 0 : capacity_ - std::min(capacity_, other_->arrived_.size()); }

  // In a later turn, as a readiness event comes.
  void Wake() {
    if (timer_ != nullptr) return;
    timer_ = loop_.After(absl::ZeroDuration(), [this] {
      timer_.reset();
      if (events_ == nullptr) return;
      const bool can_write = wants_write_ && (Room() > 0 || other_ == nullptr);
      const bool can_read = wants_read_ && (!arrived_.empty() || closed_);
      if (can_write) wants_write_ = false;
      if (can_read) wants_read_ = false;
      if (can_write) events_->OnWritable();
      if (can_read) events_->OnReadable();  // last: it may destroy this
    });
  }

  Loop& loop_;
  const size_t capacity_;
  const std::string peer_ = "memory";
  MemoryBytes* other_ = nullptr;
  Events* events_ = nullptr;
  std::string arrived_;
  bool closed_ = false, wants_read_ = false, wants_write_ = false;
  std::unique_ptr<Timer> timer_;
};

}  // namespace hoop
