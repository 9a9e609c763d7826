// Created, started, stopped: which call of an agent's or a gateway's handle fits when. One in each handle.
#pragma once

#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "guard.h"

namespace hoop::c {

// Any thread; several may stop at the same time, and wait.
class Lifecycle final {
 public:
  explicit Lifecycle(const char* what) : what_(what) {}

  // Calls `start`, once; again where it failed.
  template <typename Start>
  absl::Status Begin(Start&& start) {
    {
      absl::MutexLock lock(&mu_);
      if (state_ != State::kCreated) return Wrong("was started before");
      state_ = State::kStarting;
    }
    Settled settled(*this, State::kCreated);
    const absl::Status status = start();
    if (status.ok()) settled.state = State::kRunning;
    return status;
  }

  // Calls `stop` unless somebody did, and returns when it is done.
  template <typename Stop>
  absl::Status End(Stop&& stop) {
    {
      absl::MutexLock lock(&mu_);
      if (state_ == State::kStarting) return Wrong("is starting");
      if (state_ == State::kStopping) mu_.Await(absl::Condition(this, &Lifecycle::IsStopped));
      if (state_ == State::kStopped) return absl::OkStatus();
      state_ = State::kStopping;
    }
    const Settled settled(*this, State::kStopped);
    stop();
    return absl::OkStatus();
  }

  absl::Status AwaitEnd(int64_t milliseconds) {
    absl::MutexLock lock(&mu_);
    const absl::Duration patience = milliseconds < 0 ? absl::InfiniteDuration() : absl::Milliseconds(milliseconds);
    if (mu_.AwaitWithTimeout(absl::Condition(this, &Lifecycle::IsStopped), patience)) return absl::OkStatus();
    return Error(absl::StatusCode::kDeadlineExceeded, std::string(what_) + ": was not stopped meanwhile");
  }

  absl::Status NeedRunning() const {
    absl::MutexLock lock(&mu_);
    return state_ == State::kRunning ? absl::OkStatus() : Wrong("does not run");
  }

 private:
  enum class State { kCreated, kStarting, kRunning, kStopping, kStopped };

  // What comes behind kStarting and kStopping, also when an exception does.
  struct Settled {
    Settled(Lifecycle& of, State next) : lifecycle(of), state(next) {}
    ~Settled() {
      absl::MutexLock lock(&lifecycle.mu_);
      lifecycle.state_ = state;
    }
    Lifecycle& lifecycle;
    State state;
  };

  bool IsStopped() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return state_ == State::kStopped; }
  absl::Status Wrong(const char* why) const {
    return Error(absl::StatusCode::kFailedPrecondition, std::string(what_) + ": " + why);
  }

  const char* const what_;
  mutable absl::Mutex mu_;
  State state_ ABSL_GUARDED_BY(mu_) = State::kCreated;
};

}  // namespace hoop::c
