#include "net/poller.h"

#include <sys/eventfd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/check.h"

namespace hoop {

// One descriptor: what its user wants and what epoll was told. Level-triggered.
class Poller::Source final {
 public:
  Source(Poller& poller, int descriptor, Call on_readable, Call on_writable)
      : poller_(poller),
        descriptor_(descriptor),
        on_readable_(std::move(on_readable)),
        on_writable_(std::move(on_writable)) {}

  void WantRead() {
    wants_read_ = true;
    Register(registered_ | EPOLLIN);
  }
  void WantWrite() {
    wants_write_ = true;
    Register(registered_ | EPOLLOUT);
  }
  // epoll is told when bytes come that nobody wants: mostly the reader is back before.
  void StopRead() { wants_read_ = false; }

  void Close() {
    is_closed_ = true;
    Register(0);
    if (is_file_) std::erase(poller_.files_, this);
  }

  // Whatever is wrong with the descriptor, the next read or write says it.
  void Ready(uint32_t events) {
    if (is_closed_) return;
    const uint32_t broken = EPOLLERR | EPOLLHUP;
    if ((events & (EPOLLIN | broken)) != 0 && std::exchange(wants_read_, false)) on_readable_();
    if (is_closed_) return;
    if ((events & (EPOLLOUT | broken)) != 0 && std::exchange(wants_write_, false)) on_writable_();
    if (!is_closed_) Register((wants_read_ ? EPOLLIN : 0u) | (wants_write_ ? EPOLLOUT : 0u));
  }

 private:
  void Register(uint32_t events) {
    if (is_file_) {
      if (events != 0 && std::find(poller_.files_.begin(), poller_.files_.end(), this) == poller_.files_.end()) {
        poller_.files_.push_back(this);
      }
      return;
    }
    if (events == registered_) return;
    const int operation = registered_ == 0 ? EPOLL_CTL_ADD : events == 0 ? EPOLL_CTL_DEL : EPOLL_CTL_MOD;
    epoll_event event = {};
    event.events = events;
    event.data.ptr = this;
    if (::epoll_ctl(poller_.epoll_.get(), operation, descriptor_, &event) == 0) {
      registered_ = events;
    } else if (operation == EPOLL_CTL_ADD && errno == EPERM) {
      is_file_ = true;  // a regular file never makes anybody wait
      Register(events);
    } else {
      HOOP_CHECK(events == 0);  // a descriptor that is closed, or watched already
    }
  }

  Poller& poller_;
  const int descriptor_;
  Call on_readable_, on_writable_;
  uint32_t registered_ = 0;  // 0: epoll does not know it
  bool wants_read_ = false, wants_write_ = false;
  bool is_file_ = false;
  bool is_closed_ = false;
};

class Poller::SourceWatch final : public Watch {
 public:
  SourceWatch(Poller& poller, std::unique_ptr<Source> source) : poller_(poller), source_(std::move(source)) {}
  ~SourceWatch() override { poller_.Remove(std::move(source_)); }

  void WantRead() override { source_->WantRead(); }
  void WantWrite() override { source_->WantWrite(); }
  void StopRead() override { source_->StopRead(); }

 private:
  Poller& poller_;
  std::unique_ptr<Source> source_;
};

WakeSignal::WakeSignal() : descriptor_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) { HOOP_CHECK(descriptor_.is_open()); }

void WakeSignal::Set() const {
  const uint64_t one = 1;
  HOOP_CHECK(::write(descriptor_.get(), &one, sizeof one) == sizeof one);
}

Poller::Poller() : epoll_(::epoll_create1(EPOLL_CLOEXEC)), wake_(std::make_shared<WakeSignal>()) {
  HOOP_CHECK(epoll_.is_open());
  epoll_event event = {};
  event.events = EPOLLIN | EPOLLET;  // each write is news: the number never has to be read
  HOOP_CHECK(::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, wake_->descriptor_.get(), &event) == 0);
}

Poller::~Poller() = default;

std::unique_ptr<Watch> Poller::Add(int descriptor, Call on_readable, Call on_writable) {
  return std::make_unique<SourceWatch>(
      *this, std::make_unique<Source>(*this, descriptor, std::move(on_readable), std::move(on_writable)));
}

void Poller::Remove(std::unique_ptr<Source> source) {
  source->Close();
  if (dispatching_) gone_.push_back(std::move(source));
}

void Poller::Wait(int milliseconds) {
  const int count = ::epoll_wait(epoll_.get(), events_.data(), kEventsMax, files_.empty() ? milliseconds : 0);
  event_count_ = std::max(count, 0);  // a signal is a turn without events
}

void Poller::Dispatch() {
  dispatching_ = true;
  for (int i = 0; i < event_count_; ++i) {
    if (void* const source = events_[static_cast<size_t>(i)].data.ptr; source != nullptr) {
      static_cast<Source*>(source)->Ready(events_[static_cast<size_t>(i)].events);
    }
  }
  event_count_ = 0;
  for (Source* file : std::exchange(files_, {})) file->Ready(EPOLLIN | EPOLLOUT);
  dispatching_ = false;
  gone_.clear();
}

}  // namespace hoop
