#include "event_printer.h"

#include <fmt/format.h>
#include <pthread.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace hoop::cli {
namespace {

constexpr size_t kWaitingBytesMax = 1 << 20;
constexpr absl::Duration kLastLinesTime = absl::Seconds(1);

// To be left out when there is no room: many may come, and none of them changes what a script has to do.
bool IsAboutLocals(const ClientEvent& event) {
  return event.kind == ClientEvent::Kind::kLocalOpened || event.kind == ClientEvent::Kind::kLocalClosed;
}

// False: nobody reads any more.
bool WriteAll(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return true;
}

}  // namespace

struct EventPrinter::Lines {
  explicit Lines(int to) : descriptor(to) {}
  void Run();

  const int descriptor;

  absl::Mutex mu;
  std::string waiting ABSL_GUARDED_BY(mu);
  size_t dropped ABSL_GUARDED_BY(mu) = 0;
  bool writing ABSL_GUARDED_BY(mu) = false;
  bool ended ABSL_GUARDED_BY(mu) = false;
};

void EventPrinter::Lines::Run() {
  ::pthread_setname_np(::pthread_self(), "hoop-events");
  bool is_read = true;
  while (true) {
    std::string piece;
    {
      absl::MutexLock lock(&mu);
      const auto something = [this]() ABSL_SHARED_LOCKS_REQUIRED(mu) { return !waiting.empty() || ended; };
      mu.Await(absl::Condition(&something));
      if (waiting.empty()) return;
      piece = std::exchange(waiting, "");
      writing = true;
    }
    is_read = is_read && WriteAll(descriptor, piece);
    absl::MutexLock lock(&mu);
    writing = false;
  }
}

EventPrinter::EventPrinter(int descriptor) : lines_(std::make_shared<Lines>(descriptor)) {
  std::thread([lines = lines_] { lines->Run(); }).detach();
}

EventPrinter::~EventPrinter() {
  Lines& lines = *lines_;
  absl::MutexLock lock(&lines.mu);
  lines.ended = true;
  const auto written = [&lines]()
                           ABSL_SHARED_LOCKS_REQUIRED(lines.mu) { return lines.waiting.empty() && !lines.writing; };
  lines.mu.AwaitWithTimeout(absl::Condition(&written), kLastLinesTime);
}

void EventPrinter::Print(const ClientEvent& event) {
  const std::string line = EventJson(event) + "\n";
  absl::MutexLock lock(&lines_->mu);
  if (lines_->waiting.size() + line.size() > kWaitingBytesMax && IsAboutLocals(event)) {
    ++lines_->dropped;
    return;
  }
  if (const size_t count = std::exchange(lines_->dropped, 0); count > 0) {
    lines_->waiting += fmt::format("{{\"status\":\"events_dropped\",\"data\":{{\"count\":\"{}\"}}}}\n", count);
  }
  lines_->waiting += line;
}

}  // namespace hoop::cli
