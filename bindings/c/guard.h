// What every entry of the C ABI passes: no exception gets out, a status becomes a number and, if wanted, an object.
#pragma once

#include <pthread.h>
#include <signal.h>

#include <exception>
#include <new>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "hoop.h"

struct hoop_error {
  int32_t status;
  std::string text;
};

namespace hoop::c {

inline std::string Text(const absl::Status& status) { return {status.message().data(), status.message().size()}; }

inline absl::Status Error(absl::StatusCode code, const std::string& text) { return absl::Status(code, text); }

// The numbers of the ABI are those of absl, negated.
inline int32_t StatusNumber(const absl::Status& status) { return -static_cast<int32_t>(status.code()); }

inline int32_t Report(const absl::Status& status, hoop_error** error) {
  if (!status.ok() && error != nullptr) *error = new hoop_error{StatusNumber(status), Text(status)};
  return StatusNumber(status);
}

// Runs `call`, which returns an absl::Status.
template <typename Call>
int32_t Guard(hoop_error** error, Call&& call) noexcept {
  try {
    return Report(std::forward<Call>(call)(), error);
  } catch (const std::bad_alloc&) {
    return HOOP_RESOURCE_EXHAUSTED;  // there may be no memory for a text, either
  } catch (const std::exception& exception) {
    try {
      return Report(Error(absl::StatusCode::kInternal, exception.what()), error);
    } catch (...) {
      return HOOP_INTERNAL;
    }
  } catch (...) {
    return HOOP_INTERNAL;
  }
}

// InvalidArgument for a null; the text names the parameter.
inline absl::Status Need(const void* pointer, const char* name) {
  if (pointer != nullptr) return absl::OkStatus();
  return Error(absl::StatusCode::kInvalidArgument, std::string(name) + " is null");
}

template <typename... More>
absl::Status Need(const void* pointer, const char* name, const More&... more) {
  const absl::Status status = Need(pointer, name);
  return status.ok() ? Need(more...) : status;
}

// A text that the caller destroys.
char* NewText(const std::string& text);

// InvalidArgument for a time that cannot be waited.
inline absl::Status NeedTime(int64_t time, const char* name) {
  if (time >= 0) return absl::OkStatus();
  return Error(absl::StatusCode::kInvalidArgument, std::string(name) + " is negative");
}

// While a call-back of the host runs on this thread: nothing that would wait for this thread may be called.
class InCallback final {
 public:
  InCallback() { ++depth_; }
  ~InCallback() { --depth_; }
  static absl::Status Refuse() {
    if (depth_ == 0) return absl::OkStatus();
    return Error(absl::StatusCode::kFailedPrecondition, "not from inside a call-back");
  }

 private:
  static inline thread_local int depth_ = 0;
};

// Calls a function of the host. False: it threw, as one in C++ may; that goes no further.
template <typename Call>
bool CallHost(Call&& call) noexcept {
  const InCallback in_callback;
  try {
    std::forward<Call>(call)();
    return true;
  } catch (...) {
    return false;
  }
}

// Threads that are made meanwhile take no signals: those are for the host's own.
class SignalsBlocked final {
 public:
  SignalsBlocked() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_BLOCK, &all, &before_);
  }
  ~SignalsBlocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_;
};

// User data of a call-back with its destroy function. Whoever holds it last destroys it.
class UserData final {
 public:
  UserData(void* data, void (*destroy)(void*)) : data_(data), destroy_(destroy) {}
  UserData(const UserData&) = delete;
  UserData& operator=(const UserData&) = delete;
  ~UserData() {
    if (destroy_ != nullptr) CallHost([this] { destroy_(data_); });
  }
  void* get() const { return data_; }

 private:
  void* const data_;
  void (*const destroy_)(void*);
};

}  // namespace hoop::c
