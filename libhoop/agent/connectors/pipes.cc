#include "agent/connectors/pipes.h"

#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/limits.h"

namespace hoop {

PipeReader::PipeReader(EventLoop& loop, Descriptor pipe, absl::AnyInvocable<void(std::string_view)> on_bytes,
                       absl::AnyInvocable<void()> on_end)
    : pipe_(std::move(pipe)), on_bytes_(std::move(on_bytes)), on_end_(std::move(on_end)) {
  watch_ = loop.WatchDescriptor(
      pipe_.get(), [this] { OnReadable(); }, nullptr);
  watch_->WantRead();
}

void PipeReader::SetReading(bool reading) {
  reading_ = reading;
  if (!is_open()) return;
  if (!reading_) return watch_->StopRead();
  if (end_when_empty_) return OnReadable();  // an empty pipe would never become readable
  watch_->WantRead();
}

void PipeReader::EndWhenEmpty() {
  end_when_empty_ = true;
  if (reading_ && is_open()) OnReadable();
}

void PipeReader::OnReadable() {
  char bytes[limits::kChunkBytesMax];
  do {
    const ssize_t count = ::read(pipe_.get(), bytes, sizeof(bytes));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN && !end_when_empty_) return watch_->WantRead();
    if (count <= 0) return End();
    on_bytes_({bytes, static_cast<size_t>(count)});
  } while (end_when_empty_ && reading_);  // what is left is no more than a pipe holds
  if (reading_) watch_->WantRead();
}

void PipeReader::End() {
  watch_.reset();
  pipe_.Reset();
  on_end_();
}

PipeWriter::PipeWriter(EventLoop& loop, Descriptor pipe, Packet input)
    : pipe_(std::move(pipe)), input_(std::move(input)), left_(input_.payload()) {
  sigset_t broken_pipe;
  sigemptyset(&broken_pipe);
  sigaddset(&broken_pipe, SIGPIPE);
  ::pthread_sigmask(SIG_BLOCK, &broken_pipe, nullptr);
  watch_ = loop.WatchDescriptor(pipe_.get(), nullptr, [this] { Write(); });
  Write();
}

void PipeWriter::Write() {
  while (!left_.empty()) {
    const ssize_t count = ::write(pipe_.get(), left_.data(), left_.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) return watch_->WantWrite();
    if (count <= 0) break;  // the command reads no more
    left_.remove_prefix(static_cast<size_t>(count));
  }
  watch_.reset();
  pipe_.Reset();
  input_ = Packet();
}

}  // namespace hoop
