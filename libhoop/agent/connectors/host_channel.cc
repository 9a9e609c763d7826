#include "agent/connectors/host_channel.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/limits/session.h"
#include "base/limits/wire.h"
#include "base/status.h"

namespace hoop {

// What the host holds.
class HostChannel::Stream final : public HostStream {
 public:
  explicit Stream(std::shared_ptr<HostChannel> channel) : channel_(std::move(channel)) {}
  ~Stream() override { channel_->Leave(); }

  const HostCall& call() const override { return channel_->call_; }
  absl::StatusOr<size_t> Write(std::string_view bytes) override { return channel_->Write(false, bytes); }
  absl::StatusOr<size_t> WriteError(std::string_view bytes) override {
    if (!call().is_command) return FailedPrecondition("a byte stream has no error output");
    return channel_->Write(true, bytes);
  }
  void FinishWriting() override { channel_->FinishWriting(); }
  void End(int exit_code, std::string_view reason) override { channel_->End({exit_code, std::string(reason)}); }
  void SetReading(bool reading) override { channel_->SetReading(reading); }
  absl::StatusOr<int> TakeDescriptor() override { return channel_->TakeDescriptor(); }

 private:
  const std::shared_ptr<HostChannel> channel_;
};

std::pair<std::unique_ptr<HostStream>, std::shared_ptr<HostChannel>> HostChannel::Make(Loop& loop, HostCall call) {
  auto channel = std::make_shared<HostChannel>(loop, std::move(call));
  return {std::make_unique<Stream>(channel), channel};
}

void HostChannel::Attach(absl::AnyInvocable<void()> on_change) {
  on_change_ = std::move(on_change);
  absl::MutexLock lock(&mu_);
  attached_ = true;
  Tell();
}

Descriptor HostChannel::ReleaseDescriptor() {
  absl::MutexLock lock(&mu_);
  opened_ = true;
  return std::move(descriptor_);
}

std::optional<HostChannel::Piece> HostChannel::Take() {
  absl::MutexLock lock(&mu_);
  if (output_.empty()) return std::nullopt;
  Piece taken = std::move(output_.front());
  output_.pop_front();
  output_bytes_ -= taken.bytes.size();
  return taken;
}

bool HostChannel::IsEmpty() const {
  absl::MutexLock lock(&mu_);
  return output_.empty();
}

bool HostChannel::TakeWritable() {
  absl::MutexLock lock(&mu_);
  return output_bytes_ <= limits::kSendQueueLowBytes && std::exchange(wants_writable_, false);
}

HostChannel::State HostChannel::state() const {
  absl::MutexLock lock(&mu_);
  State state{.reading = reading_};
  if (!output_.empty()) return state;
  state.finished = finished_;
  state.end = end_;
  return state;
}

void HostChannel::Refuse(TargetEnd end) {
  absl::MutexLock lock(&mu_);
  output_.clear();
  output_bytes_ = 0;
  descriptor_.Reset();
  end_ = std::move(end);
}

void HostChannel::Close() {
  absl::MutexLock lock(&mu_);
  loop_ = nullptr;
  output_.clear();
  output_bytes_ = 0;
}

absl::StatusOr<size_t> HostChannel::Write(bool is_error, std::string_view bytes) {
  absl::MutexLock lock(&mu_);
  if (loop_ == nullptr) return Unavailable("the stream is over");
  if (descriptor_taken_ && !is_error) return FailedPrecondition("this stream is written by its descriptor");
  if (finished_ || (end_ && !descriptor_taken_)) return FailedPrecondition("this stream was ended before");
  const size_t taken = std::min(bytes.size(), limits::kSendQueueHighBytes - output_bytes_);
  wants_writable_ = wants_writable_ || taken < bytes.size();
  if (taken == 0) return 0;
  for (std::string_view left = bytes.substr(0, taken); !left.empty();) {
    const bool begins = output_.empty() || output_.end()[-1].is_error != is_error ||
                        output_.end()[-1].bytes.size() >= limits::kChunkBytesMax;
    if (begins) output_.push_back({.is_error = is_error});
    std::string& last = output_.end()[-1].bytes;
    const std::string_view part = left.substr(0, limits::kChunkBytesMax - last.size());
    last += part;
    left.remove_prefix(part.size());
  }
  output_bytes_ += taken;
  Tell();
  return taken;
}

void HostChannel::FinishWriting() {
  absl::MutexLock lock(&mu_);
  finished_ = true;
  Tell();
}

void HostChannel::End(TargetEnd end) {
  absl::MutexLock lock(&mu_);
  if (end_) return;
  end_ = std::move(end);
  Tell();
}

void HostChannel::SetReading(bool reading) {
  absl::MutexLock lock(&mu_);
  reading_ = reading;
  Tell();
}

absl::StatusOr<int> HostChannel::TakeDescriptor() {
  absl::MutexLock lock(&mu_);
  if (loop_ == nullptr) return Unavailable("the stream is over");
  if (opened_ || descriptor_taken_) return FailedPrecondition("a descriptor is taken once, while the stream opens");
  if (!output_.empty() || finished_ || end_) return FailedPrecondition("this stream was written to before");
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return ErrnoStatus(errno, "make a socket pair");
  descriptor_ = Descriptor(ends[0]);
  descriptor_taken_ = true;
  return ends[1];
}

void HostChannel::Leave() {
  absl::MutexLock lock(&mu_);
  reading_ = true;  // nobody is left who could ask for it
  if (!end_ && !descriptor_taken_) end_ = TargetEnd{1, "the service dropped this stream"};
  Tell();
}

void HostChannel::Tell() {
  if (loop_ == nullptr || !attached_ || std::exchange(told_, true)) return;
  loop_->Post([channel = shared_from_this()] { channel->OnTold(); });
}

void HostChannel::OnTold() {
  {
    absl::MutexLock lock(&mu_);
    told_ = false;
    if (loop_ == nullptr) return;
  }
  on_change_();
}

}  // namespace hoop
