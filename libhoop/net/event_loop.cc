// The turn: asio hands out what is ready; the first event of a turn posts its end, which asio reaches after it has
// looked at every descriptor once more. So a turn is everything that is ready, and never more than one look longer.
#include "net/event_loop.h"

#include <pthread.h>

#include <array>
#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <atomic>
#include <map>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "base/check.h"
#include "net/name_lookup.h"

namespace hoop {
namespace {

using Task = absl::AnyInvocable<void()>;
using Executor = asio::io_context::executor_type;
using StreamDescriptor = asio::posix::basic_stream_descriptor<Executor>;
using SteadyTimer =
    asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, Executor>;

constexpr size_t kPhases = 4;
constexpr int kOneThread = 1;  // asio: posts of the loop's own thread need no lock and no wake-up
constexpr absl::Duration kAlarmMax = absl::Hours(1);  // far from the end of chrono's range

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
  class DescriptorWatch;
  // Deadline, then age: timers of the same moment fire in the order they were made.
  using TimerKey = std::pair<absl::Duration, uint64_t>;

  explicit Reactor(Clock& clock_in)
      : clock(clock_in),
        context(kOneThread),
        work(context.get_executor()),
        alarm(context.get_executor()),
        wake_up(clock.AddWakeUp([this] { Wake(); })) {}
  ~Reactor();

  bool RunsHere() const { return thread.load(std::memory_order_relaxed) == std::this_thread::get_id(); }

  void Wake() {
    asio::post(context, [this] { BeginTurn(); });
  }
  void Post(Task task);
  void AtTurnEnd(TurnPhase phase, Task task);
  void Forget(const TimerKey& key) { timers.erase(key); }

  // Every handler calls it first.
  void BeginTurn();
  void EndTurn();
  void RunPosted();
  void FireTimers();
  void RunPhases();
  void SetAlarm();

  Clock& clock;
  std::atomic<std::thread::id> thread{};
  std::atomic<bool> stopping = false;

  absl::Mutex mu;
  TaskQueue posted ABSL_GUARDED_BY(mu);

  // Loop thread only.
  bool in_turn = false;
  absl::Duration monotonic;
  absl::Time now;
  TaskQueue ready;  // what was posted before this turn began
  std::array<TaskQueue, kPhases> phases;
  std::map<TimerKey, Pending*> timers;
  uint64_t last_timer = 0;
  absl::Duration alarm_at = absl::InfiniteDuration();

  asio::io_context context;
  asio::executor_work_guard<Executor> work;
  SteadyTimer alarm;
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

// A descriptor in asio. The core is shared with the waits that asio holds, which may end after the watch did.
class EventLoop::Reactor::DescriptorWatch final : public Watch {
 public:
  DescriptorWatch(Reactor& reactor, int descriptor, Task on_readable, Task on_writable)
      : core_(std::make_shared<Core>(reactor, descriptor, std::move(on_readable), std::move(on_writable))) {}
  ~DescriptorWatch() override {
    core_->is_open = false;
    core_->descriptor.release();
  }

  void WantRead() override { core_->Want(core_->read); }
  void WantWrite() override { core_->Want(core_->write); }
  // The wait in asio stays: taking it back would cost more than ignoring its answer.
  void StopRead() override { core_->read.is_wanted = false; }

 private:
  struct Side {
    StreamDescriptor::wait_type type;
    Task call;
    bool is_wanted = false;
    bool is_armed = false;
  };
  struct Core : std::enable_shared_from_this<Core> {
    Core(Reactor& reactor_in, int number, Task on_readable, Task on_writable)
        : reactor(reactor_in),
          descriptor(reactor.context.get_executor()),
          read{StreamDescriptor::wait_read, std::move(on_readable)},
          write{StreamDescriptor::wait_write, std::move(on_writable)} {
      std::error_code error;
      descriptor.assign(number, error);
      HOOP_CHECK(!error);  // a descriptor that is closed, or watched already
    }

    void Want(Side& side) {
      side.is_wanted = true;
      if (side.is_armed) return;
      side.is_armed = true;
      descriptor.async_wait(side.type,
                            [core = this->shared_from_this(), side = &side](std::error_code) { core->Ready(*side); });
    }
    // Whatever the answer was: the next read or write says what is wrong with the descriptor.
    void Ready(Side& side) {
      side.is_armed = false;
      if (!is_open) return;
      reactor.BeginTurn();
      if (std::exchange(side.is_wanted, false)) side.call();
    }

    Reactor& reactor;
    StreamDescriptor descriptor;
    Side read, write;
    bool is_open = true;
  };

  const std::shared_ptr<Core> core_;
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

void EventLoop::Reactor::Post(Task task) {
  bool was_empty;
  {
    absl::MutexLock lock(&mu);
    was_empty = posted.empty();
    posted.Push(std::move(task));
  }
  if (was_empty) Wake();
}

void EventLoop::Reactor::AtTurnEnd(TurnPhase phase, Task task) {
  phases[static_cast<size_t>(phase)].Push(std::move(task));
  if (!in_turn) Wake();
}

void EventLoop::Reactor::BeginTurn() {
  if (in_turn) return;
  in_turn = true;
  monotonic = clock.Monotonic();
  now = clock.Now();
  {
    absl::MutexLock lock(&mu);
    ready.Swap(posted);
  }
  asio::post(context, [this] { EndTurn(); });
}

void EventLoop::Reactor::EndTurn() {
  while (!ready.empty()) ready.Pop()();
  FireTimers();
  RunPhases();
  in_turn = false;
  SetAlarm();
  bool is_more_posted;
  {
    absl::MutexLock lock(&mu);
    is_more_posted = !posted.empty();
  }
  if (is_more_posted) Wake();
  if (stopping) context.stop();
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

// The alarm may ring too early, never too late: deadlines that were taken back do not cost a system call.
void EventLoop::Reactor::SetAlarm() {
  if (timers.empty() || timers.begin()->first.first >= alarm_at) return;
  const absl::Duration deadline = timers.begin()->first.first;
  const absl::Duration sleep = clock.SleepUntil(deadline);
  if (sleep == absl::InfiniteDuration()) return;  // the clock wakes us
  alarm_at = deadline;
  alarm.expires_after(absl::ToChronoNanoseconds(std::min(sleep, kAlarmMax)));
  alarm.async_wait([this](std::error_code error) {
    if (error) return;
    alarm_at = absl::InfiniteDuration();
    BeginTurn();
  });
}

EventLoop::EventLoop(Clock& clock) : reactor_(std::make_unique<Reactor>(clock)) {}
EventLoop::~EventLoop() = default;

void EventLoop::Run() {
  reactor_->thread = std::this_thread::get_id();
  reactor_->context.run();
  reactor_->context.restart();
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

std::unique_ptr<Watch> EventLoop::WatchDescriptor(int descriptor, absl::AnyInvocable<void()> on_readable,
                                                  absl::AnyInvocable<void()> on_writable) {
  return std::make_unique<Reactor::DescriptorWatch>(*reactor_, descriptor, std::move(on_readable),
                                                    std::move(on_writable));
}

NameLookup& EventLoop::names() {
  if (!reactor_->names) reactor_->names = std::make_unique<NameLookup>();
  return *reactor_->names;
}

struct LoopThread::Thread {
  EventLoop& loop;
  std::thread thread;
};

LoopThread::LoopThread(EventLoop& loop, std::string name)
    : thread_(new Thread{loop, std::thread([&loop, name = std::move(name)] {
                           ::pthread_setname_np(::pthread_self(), name.substr(0, 15).c_str());
                           loop.Run();
                         })}) {}

LoopThread::~LoopThread() {
  thread_->loop.Stop();
  thread_->thread.join();
}

}  // namespace hoop
