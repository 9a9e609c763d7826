// The turn: one look at the descriptors, those who are ready, what was posted before, timers, the phases of the end.
// A turn is everything that was ready when it began; what gets ready meanwhile is the next one's.
#include "net/event_loop.h"

#include <pthread.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <map>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "base/check.h"
#include "base/niceness.h"
#include "net/core_time.h"
#include "net/name_lookup.h"
#include "net/poller.h"

namespace hoop {
namespace {

using Task = absl::AnyInvocable<void()>;

constexpr size_t kPhases = 4;
constexpr absl::Duration kSleepMax = absl::Hours(1);  // far from the end of epoll's range

// First in, first out, without giving memory back between turns.
class TaskQueue {
 public:
  bool empty() const { return next_ == tasks_.size(); }
  void Push(Task task) { tasks_.push_back(std::move(task)); }
  Task Pop() {
    Task task = std::move(tasks_[next_++]);
    if (empty()) Clear();
    return task;
  }
  void Swap(TaskQueue& other) {
    tasks_.swap(other.tasks_);
    std::swap(next_, other.next_);
  }
  // Destroying a task may push another one.
  void Clear() {
    next_ = 0;
    std::vector<Task> gone;
    gone.swap(tasks_);
    gone.clear();
    if (tasks_.empty()) tasks_.swap(gone);
  }

 private:
  std::vector<Task> tasks_;
  size_t next_ = 0;
};

}  // namespace

struct EventLoop::Reactor {
  class Pending;
  // Deadline, then age: timers of the same moment fire in the order they were made.
  using TimerKey = std::pair<absl::Duration, uint64_t>;

  explicit Reactor(Clock& clock_in) : clock(clock_in), wake_up(clock.AddWakeUp([this] { Wake(); })) {}
  ~Reactor();

  bool RunsHere() const { return thread.load(std::memory_order_relaxed) == std::this_thread::get_id(); }

  // Any thread: the loop does not sleep before it has looked at everything again.
  void Wake() { Post(nullptr); }
  void Post(Task task);
  void AtTurnEnd(TurnPhase phase, Task task);
  void Forget(const TimerKey& key) { timers.erase(key); }

  void Turn();
  void Sleep();
  void BeginTurn();
  void EndTurn();
  void FireTimers();
  void RunPhases();
  int SleepMilliseconds() const;

  Clock& clock;
  std::atomic<std::thread::id> thread{};
  std::atomic<bool> stopping = false;

  absl::Mutex mu;
  TaskQueue posted ABSL_GUARDED_BY(mu);
  bool asleep ABSL_GUARDED_BY(mu) = false;  // and nobody has woken it yet
  bool wanted ABSL_GUARDED_BY(mu) = false;  // it has something to look at

  // Loop thread only.
  bool in_turn = false;
  absl::Duration monotonic;
  absl::Time now;
  TaskQueue ready;  // what was posted before this turn began
  std::array<TaskQueue, kPhases> phases;
  std::map<TimerKey, Pending*> timers;
  uint64_t last_timer = 0;

  Poller poller;
  const int wake_up;
  std::unique_ptr<NameLookup> names;  // last: its threads post here until they are joined
};

// A timer in somebody's hands.
class EventLoop::Reactor::Pending final : public Timer {
 public:
  Pending(Reactor& reactor, TimerKey key, Task task) : reactor_(reactor), key_(key), task_(std::move(task)) {
    reactor_.timers.emplace(key_, this);
  }
  ~Pending() override {
    if (armed_) reactor_.Forget(key_);
  }

  // The task may destroy this timer.
  void Fire() {
    armed_ = false;
    reactor_.Forget(key_);
    Task task = std::move(task_);
    task();
  }

 private:
  Reactor& reactor_;
  const TimerKey key_;
  Task task_;
  bool armed_ = true;
};

EventLoop::Reactor::~Reactor() {
  names.reset();
  clock.RemoveWakeUp(wake_up);
  for (bool is_empty = false; !is_empty;) {  // what is destroyed here may leave something behind again
    TaskQueue last;
    {
      absl::MutexLock lock(&mu);
      last.Swap(posted);
    }
    is_empty = last.empty() && ready.empty();
    ready.Clear();
    for (TaskQueue& phase : phases) {
      is_empty = is_empty && phase.empty();
      phase.Clear();
    }
  }
  HOOP_CHECK(timers.empty());  // a timer outlived its loop
}

// Wakes without the lock: the first thing that the loop does is to take it, and the kernel may let it run at once, in
// place of the thread that wakes it. The loop may be gone by then.
void EventLoop::Reactor::Post(Task task) {
  std::shared_ptr<const WakeSignal> signal;
  {
    absl::MutexLock lock(&mu);
    if (task != nullptr) posted.Push(std::move(task));
    wanted = true;
    if (std::exchange(asleep, false)) signal = poller.wake_signal();
  }
  if (signal != nullptr) signal->Set();
}

void EventLoop::Reactor::AtTurnEnd(TurnPhase phase, Task task) {
  phases[static_cast<size_t>(phase)].Push(std::move(task));
  if (!in_turn) Wake();
}

void EventLoop::Reactor::Turn() {
  Sleep();
  BeginTurn();
  poller.Dispatch();
  EndTurn();
}

void EventLoop::Reactor::Sleep() {
  int milliseconds = SleepMilliseconds();
  {
    absl::MutexLock lock(&mu);
    if (wanted || stopping) milliseconds = 0;
    asleep = milliseconds != 0;
  }
  poller.Wait(milliseconds);
}

void EventLoop::Reactor::BeginTurn() {
  in_turn = true;
  monotonic = clock.Monotonic();
  now = clock.Now();
  absl::MutexLock lock(&mu);
  asleep = wanted = false;
  ready.Swap(posted);
}

void EventLoop::Reactor::EndTurn() {
  while (!ready.empty()) ready.Pop()();
  FireTimers();
  RunPhases();
  in_turn = false;
}

// Those that were made before: a timer of no delay that makes another one does not hold the turn.
void EventLoop::Reactor::FireTimers() {
  const uint64_t newest = last_timer;
  while (!timers.empty()) {
    const auto& [key, timer] = *timers.begin();
    if (key.first > monotonic || key.second > newest) return;
    timer->Fire();
  }
}

void EventLoop::Reactor::RunPhases() {
  for (size_t phase = 0; phase < kPhases;) {
    if (phases[phase].empty()) {
      ++phase;
    } else {
      phases[phase].Pop()();
      phase = 0;
    }
  }
}

// Until the next timer, at least: epoll counts milliseconds, and a timer must not fire too early. -1: for ever.
int EventLoop::Reactor::SleepMilliseconds() const {
  if (timers.empty()) return -1;
  const absl::Duration sleep = clock.SleepUntil(timers.begin()->first.first);
  if (sleep == absl::InfiniteDuration()) return -1;  // the clock wakes us
  return static_cast<int>(absl::ToInt64Milliseconds(absl::Ceil(std::min(sleep, kSleepMax), absl::Milliseconds(1))));
}

EventLoop::EventLoop(Clock& clock) : reactor_(std::make_unique<Reactor>(clock)) {}
EventLoop::~EventLoop() = default;

void EventLoop::Run() {
  reactor_->thread = std::this_thread::get_id();
  do reactor_->Turn();
  while (!reactor_->stopping);
  reactor_->stopping = false;
  reactor_->thread = std::thread::id();
}

void EventLoop::Stop() {
  reactor_->stopping = true;
  reactor_->Wake();
}

void EventLoop::Post(absl::AnyInvocable<void()> task) { reactor_->Post(std::move(task)); }

std::unique_ptr<Timer> EventLoop::After(absl::Duration delay, absl::AnyInvocable<void()> task) {
  const absl::Duration deadline = Monotonic() + std::max(delay, absl::ZeroDuration());
  if (!reactor_->in_turn) reactor_->Wake();
  return std::make_unique<Reactor::Pending>(*reactor_, Reactor::TimerKey{deadline, ++reactor_->last_timer},
                                            std::move(task));
}

void EventLoop::AtTurnEnd(TurnPhase phase, absl::AnyInvocable<void()> task) {
  reactor_->AtTurnEnd(phase, std::move(task));
}

absl::Duration EventLoop::Monotonic() const {
  return reactor_->in_turn ? reactor_->monotonic : reactor_->clock.Monotonic();
}
absl::Time EventLoop::Now() const { return reactor_->in_turn ? reactor_->now : reactor_->clock.Now(); }

bool EventLoop::InLoopThread() const { return reactor_->RunsHere() || reactor_->thread.load() == std::thread::id(); }

CoreTime EventLoop::core_time() const { return ThreadCoreTime(); }

std::unique_ptr<Watch> EventLoop::WatchDescriptor(int descriptor, absl::AnyInvocable<void()> on_readable,
                                                  absl::AnyInvocable<void()> on_writable) {
  return reactor_->poller.Add(descriptor, std::move(on_readable), std::move(on_writable));
}

NameLookup& EventLoop::names() {
  if (!reactor_->names) reactor_->names = std::make_unique<NameLookup>();
  return *reactor_->names;
}

struct LoopThread::Thread {
  EventLoop& loop;
  std::thread thread;
};

LoopThread::LoopThread(EventLoop& loop, std::string name, int niceness)
    : thread_(new Thread{loop, std::thread([&loop, name = std::move(name), niceness] {
                           ::pthread_setname_np(::pthread_self(), name.substr(0, 15).c_str());
                           StandBack(niceness);
                           loop.Run();
                         })}) {}

LoopThread::~LoopThread() {
  thread_->loop.Stop();
  thread_->thread.join();
}

}  // namespace hoop
