// Tells ThreadSanitizer what Debian's libraries do, which are compiled without it. abseil: every lock of ours would
// look like none; in a TSan build the linker sends our calls here (--wrap, tests/CMakeLists.txt). Else this is empty.
#ifdef __SANITIZE_THREAD__

#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"

extern "C" {
// Of libtsan: what happened before a release of an address is seen after an acquire of it.
void __tsan_acquire(void* address);
void __tsan_release(void* address);
void AnnotateIgnoreReadsBegin(const char* file, int line);
void AnnotateIgnoreReadsEnd(const char* file, int line);
}

namespace {

// Conditions of other threads run inside abseil, under a lock whose release was told already.
class UnseenReads final {
 public:
  UnseenReads() { AnnotateIgnoreReadsBegin(__FILE__, __LINE__); }
  ~UnseenReads() { AnnotateIgnoreReadsEnd(__FILE__, __LINE__); }
};

void* Address(const void* object) { return const_cast<void*>(object); }

}  // namespace

// Names are the mangled ones: _ZN4absl7debian3 (absl::debian3::), then class, method and parameters.
#define HOOP_REAL(name) __real__ZN4absl7debian3##name
#define HOOP_WRAP(name) __wrap__ZN4absl7debian3##name
#define HOOP_REAL_CONST(name) __real__ZNK4absl7debian3##name
#define HOOP_WRAP_CONST(name) __wrap__ZNK4absl7debian3##name

// Takes a lock.
#define HOOP_LOCK(name)                    \
  void HOOP_REAL(name)(absl::Mutex * mu);  \
  void HOOP_WRAP(name)(absl::Mutex * mu) { \
    {                                      \
      UnseenReads unseen;                  \
      HOOP_REAL(name)(mu);                 \
    }                                      \
    __tsan_acquire(mu);                    \
  }
// Gives it back.
#define HOOP_UNLOCK(name)                  \
  void HOOP_REAL(name)(absl::Mutex * mu);  \
  void HOOP_WRAP(name)(absl::Mutex * mu) { \
    __tsan_release(mu);                    \
    UnseenReads unseen;                    \
    HOOP_REAL(name)(mu);                   \
  }
// Gives `mu` back, waits, has it again.
#define HOOP_AWAIT(type, name, parameters, arguments, mu) \
  type HOOP_REAL(name) parameters;                        \
  type HOOP_WRAP(name) parameters {                       \
    struct Held {                                         \
      absl::Mutex* lock;                                  \
      ~Held() { __tsan_acquire(lock); }                   \
    } held{mu};                                           \
    __tsan_release(mu);                                   \
    UnseenReads unseen;                                   \
    return HOOP_REAL(name) arguments;                     \
  }

extern "C" {

HOOP_LOCK(5Mutex4LockEv)
HOOP_LOCK(5Mutex10ReaderLockEv)
HOOP_UNLOCK(5Mutex6UnlockEv)
HOOP_UNLOCK(5Mutex12ReaderUnlockEv)

HOOP_AWAIT(void, 5Mutex5AwaitERKNS0_9ConditionE, (absl::Mutex * mu, const absl::Condition& condition), (mu, condition),
           mu)
HOOP_AWAIT(bool, 5Mutex16AwaitWithTimeoutERKNS0_9ConditionENS0_8DurationE,
           (absl::Mutex * mu, const absl::Condition& condition, absl::Duration timeout), (mu, condition, timeout), mu)
HOOP_AWAIT(bool, 5Mutex17AwaitWithDeadlineERKNS0_9ConditionENS0_4TimeE,
           (absl::Mutex * mu, const absl::Condition& condition, absl::Time deadline), (mu, condition, deadline), mu)
HOOP_AWAIT(void, 5Mutex8LockWhenERKNS0_9ConditionE, (absl::Mutex * mu, const absl::Condition& condition),
           (mu, condition), mu)
HOOP_AWAIT(void, 7CondVar4WaitEPNS0_5MutexE, (absl::CondVar * changed, absl::Mutex* mu), (changed, mu), mu)
HOOP_AWAIT(bool, 7CondVar15WaitWithTimeoutEPNS0_5MutexENS0_8DurationE,
           (absl::CondVar * changed, absl::Mutex* mu, absl::Duration timeout), (changed, mu, timeout), mu)
HOOP_AWAIT(bool, 7CondVar16WaitWithDeadlineEPNS0_5MutexENS0_4TimeE,
           (absl::CondVar * changed, absl::Mutex* mu, absl::Time deadline), (changed, mu, deadline), mu)

void HOOP_REAL(12Notification6NotifyEv)(absl::Notification* done);
void HOOP_WRAP(12Notification6NotifyEv)(absl::Notification* done) {
  __tsan_release(done);
  HOOP_REAL(12Notification6NotifyEv)(done);
}

void HOOP_REAL_CONST(12Notification19WaitForNotificationEv)(const absl::Notification* done);
void HOOP_WRAP_CONST(12Notification19WaitForNotificationEv)(const absl::Notification* done) {
  HOOP_REAL_CONST(12Notification19WaitForNotificationEv)(done);
  __tsan_acquire(Address(done));
}

bool HOOP_REAL_CONST(12Notification30WaitForNotificationWithTimeoutENS0_8DurationE)(const absl::Notification* done,
                                                                                    absl::Duration timeout);
bool HOOP_WRAP_CONST(12Notification30WaitForNotificationWithTimeoutENS0_8DurationE)(const absl::Notification* done,
                                                                                    absl::Duration timeout) {
  const bool notified = HOOP_REAL_CONST(12Notification30WaitForNotificationWithTimeoutENS0_8DurationE)(done, timeout);
  if (notified) __tsan_acquire(Address(done));
  return notified;
}

bool HOOP_REAL(15BlockingCounter14DecrementCountEv)(absl::BlockingCounter* counter);
bool HOOP_WRAP(15BlockingCounter14DecrementCountEv)(absl::BlockingCounter* counter) {
  __tsan_release(counter);
  return HOOP_REAL(15BlockingCounter14DecrementCountEv)(counter);
}

void HOOP_REAL(15BlockingCounter4WaitEv)(absl::BlockingCounter* counter);
void HOOP_WRAP(15BlockingCounter4WaitEv)(absl::BlockingCounter* counter) {
  HOOP_REAL(15BlockingCounter4WaitEv)(counter);
  __tsan_acquire(counter);
}

// cpp-httplib: its tables are static in functions, and who is not the first to come there is not seen to wait.
// abseil: the count of a status that two threads held goes down in its library, unseen; who frees it comes after.
__attribute__((visibility("default"))) const char* __tsan_default_suppressions() {
  return "race:libcpp-httplib.so\n"
         "race:absl::*::Status::Unref\n";
}

}  // extern "C"

#endif  // __SANITIZE_THREAD__
