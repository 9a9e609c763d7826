#include "agent/connectors/pipes.h"

#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/limits/wire.h"

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

PipeWriter::PipeWriter(EventLoop& loop, absl::AnyInvocable<void()> on_progress)
    : loop_(loop), on_progress_(std::move(on_progress)) {}

void PipeWriter::Open(Descriptor pipe) {
  sigset_t broken_pipe;
  sigemptyset(&broken_pipe);
  sigaddset(&broken_pipe, SIGPIPE);
  ::pthread_sigmask(SIG_BLOCK, &broken_pipe, nullptr);
  pipe_ = std::move(pipe);
  watch_ = loop_.WatchDescriptor(pipe_.get(), nullptr, [this] { OnWritable(); });
  Write();
}

void PipeWriter::Add(Packet packet) {
  if (closed_ || packet.payload().empty()) return;
  queued_bytes_ += packet.payload().size();
  waiting_.push_back(std::move(packet));
  Write();
}

void PipeWriter::Finish() {
  finished_ = true;
  Write();
}

void PipeWriter::Close() {
  closed_ = true;
  waiting_.clear();
  queued_bytes_ = 0;
  watch_.reset();
  pipe_.Reset();
}

void PipeWriter::OnWritable() {
  blocked_ = false;
  Write();
  on_progress_();
}

void PipeWriter::Write() {
  if (!pipe_.is_open() || blocked_) return;
  while (!waiting_.empty()) {
    const std::string_view left = waiting_.front().payload().substr(offset_);
    const ssize_t count = ::write(pipe_.get(), left.data(), left.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) {
      blocked_ = true;
      return watch_->WantWrite();
    }
    if (count <= 0) return Close();  // the command reads no more
    offset_ += static_cast<size_t>(count);
    queued_bytes_ -= static_cast<size_t>(count);
    if (offset_ < waiting_.front().payload().size()) continue;
    waiting_.pop_front();
    offset_ = 0;
  }
  if (finished_) Close();
}

}  // namespace hoop
