#include "client/output_queue.h"

#include <utility>

#include "base/check.h"

namespace hoop {

OutputQueue::OutputQueue(Loop& loop, ClientOutput& output, absl::AnyInvocable<void(const absl::Status&)> progress)
    : loop_(loop), output_(output), progress_(std::move(progress)), worker_("hoop-output", 1) {}

void OutputQueue::Add(ClientOutput::Channel channel, std::string_view bytes) {
  if (failed_ || bytes.empty()) return;
  queued_bytes_ += bytes.size();
  if (!waiting_.empty() && waiting_.back().channel == channel) {
    waiting_.back().bytes += bytes;
  } else {
    waiting_.push_back({channel, std::string(bytes)});
  }
  if (!writing_) WriteNext();
}

void OutputQueue::WriteNext() {
  writing_ = true;
  const absl::Status posted = worker_.Post([this, pieces = std::exchange(waiting_, {})] {
    size_t bytes = 0;
    absl::Status status;
    for (const Piece& piece : pieces) {
      if (status.ok()) status = output_.Write(piece.channel, piece.bytes);
      bytes += piece.bytes.size();
    }
    loop_.Post([this, bytes, status] { OnWritten(bytes, status); });
  });
  HOOP_CHECK(posted.ok());  // one task at a time
}

void OutputQueue::OnWritten(size_t bytes, const absl::Status& status) {
  writing_ = false;
  queued_bytes_ -= bytes;
  if (!status.ok()) {
    failed_ = true;
    waiting_.clear();
    queued_bytes_ = 0;
  } else if (!waiting_.empty()) {
    WriteNext();
  }
  progress_(status);
}

}  // namespace hoop
