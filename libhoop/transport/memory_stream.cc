#include "transport/memory_stream.h"

#include <deque>
#include <optional>
#include <utility>

#include "base/limits/http2.h"
#include "base/limits/session.h"
#include "base/status.h"

namespace hoop {
namespace {

// One end as the pipe knows it.
struct PipeEnd {
  // True while somebody can be told something.
  bool CanHear() const { return is_open && receiver != nullptr && !is_end_told; }
  bool CanSend() const { return !is_finished && !end.has_value(); }
  void Drop() {
    arrived.clear();
    sent.clear();
    arrived_bytes = sent_bytes = 0;
  }

  PacketStream::Receiver* receiver = nullptr;
  std::deque<Packet> arrived;  // from the other end, not delivered yet
  std::deque<Packet> sent;     // waits for room at the other end
  size_t arrived_bytes = 0;
  size_t sent_bytes = 0;
  std::optional<absl::Status> end;
  absl::Status finish_status;
  bool is_open = true;  // its owner has it
  bool is_reading = true;
  bool is_above_high = false;
  bool is_finished = false;
  bool is_peer_done_told = false;
  bool is_end_told = false;
};

// Both ends and what is between them. Shared by the two streams and the loop's task, which end in any order.
class MemoryPipe final : public std::enable_shared_from_this<MemoryPipe> {
 public:
  explicit MemoryPipe(Loop& loop) : loop_(loop) {}

  PipeEnd& dialling() { return dialling_; }
  PipeEnd& listening() { return listening_; }

  // A later turn, as with a socket: two ends that answer each other do not hold this one.
  void WorkSoon() {
    if (is_scheduled_) return;
    is_scheduled_ = true;
    loop_.Post([self = shared_from_this()] { self->Work(); });
  }

  void Close(PipeEnd& end) {
    end.is_open = false;
    end.receiver = nullptr;
    const bool is_listening = &end == &listening_;
    if (end.end.has_value() || (is_listening && end.is_finished)) return;  // a finished answer still goes out
    PipeEnd& other = is_listening ? dialling_ : listening_;
    end.end = Cancelled("stream given up");
    end.Drop();
    if (!other.end.has_value()) {
      other.end = is_listening ? Unavailable("stream reset by peer") : Cancelled("peer reset the stream");
      other.Drop();
    }
    WorkSoon();
  }

 private:
  void Work() {
    is_scheduled_ = false;
    Carry(dialling_, listening_);
    Carry(listening_, dialling_);
    if (listening_.is_finished && listening_.sent.empty() && !listening_.end.has_value()) {
      listening_.end = absl::OkStatus();
      listening_.Drop();
      if (!dialling_.end.has_value()) dialling_.end = listening_.finish_status;
      dialling_.sent.clear();
      dialling_.sent_bytes = 0;
    }
    if (dialling_.is_finished && dialling_.sent.empty() && listening_.arrived.empty() && listening_.CanHear() &&
        !listening_.end.has_value() && !std::exchange(listening_.is_peer_done_told, true)) {
      listening_.receiver->OnPeerDone();
    }
    TellEnd(dialling_);
    TellEnd(listening_);
  }

  void Carry(PipeEnd& from, PipeEnd& to) {
    while (!from.sent.empty() && to.arrived_bytes < limits::kStreamWindowBytes) {
      const size_t size = from.sent.front().size();
      from.sent_bytes -= size;
      to.arrived_bytes += size;
      to.arrived.push_back(std::move(from.sent.front()));
      from.sent.pop_front();
    }
    if (from.is_above_high && from.sent_bytes < limits::kSendQueueLowBytes) {
      from.is_above_high = false;
      if (from.CanHear()) from.receiver->OnDrained();
    }
    while (to.CanHear() && to.is_reading && !to.arrived.empty()) {
      Packet packet = std::move(to.arrived.front());
      to.arrived.pop_front();
      to.arrived_bytes -= packet.size();
      to.receiver->OnPacket(std::move(packet));
    }
    if (!from.sent.empty() && to.arrived_bytes < limits::kStreamWindowBytes) WorkSoon();
  }

  static void TellEnd(PipeEnd& end) {
    if (!end.end.has_value() || !end.arrived.empty() || !end.CanHear()) return;
    end.is_end_told = true;
    end.receiver->OnEnd(*end.end);
  }

  Loop& loop_;
  PipeEnd dialling_, listening_;
  bool is_scheduled_ = false;
};

// The face of one end.
class MemoryStream final : public PacketStream {
 public:
  MemoryStream(std::shared_ptr<MemoryPipe> pipe, PipeEnd& end, Metadata metadata)
      : pipe_(std::move(pipe)), end_(end), metadata_(std::move(metadata)) {}
  ~MemoryStream() override { pipe_->Close(end_); }

  const Metadata& metadata() const override { return metadata_; }

  void SetReceiver(Receiver* receiver) override {
    end_.receiver = receiver;
    pipe_->WorkSoon();
  }

  void Send(Packet packet) override {
    if (!end_.CanSend()) return;
    end_.sent_bytes += packet.size();
    if (end_.sent_bytes > limits::kSendQueueHighBytes) end_.is_above_high = true;
    end_.sent.push_back(std::move(packet));
    pipe_->WorkSoon();
  }

  size_t queued_bytes() const override { return end_.sent_bytes; }

  void SetReading(bool reading) override {
    end_.is_reading = reading;
    if (reading) pipe_->WorkSoon();
  }

  void Finish(const absl::Status& status) override {
    if (!end_.CanSend()) return;
    end_.is_finished = true;
    end_.finish_status = status;
    pipe_->WorkSoon();
  }

 private:
  const std::shared_ptr<MemoryPipe> pipe_;
  PipeEnd& end_;  // in the pipe
  const Metadata metadata_;
};

}  // namespace

MemoryStreamPair MakeMemoryStreamPair(Loop& loop, const Metadata& metadata) {
  const auto pipe = std::make_shared<MemoryPipe>(loop);
  return {.dialling = std::make_unique<MemoryStream>(pipe, pipe->dialling(), metadata),
          .listening = std::make_unique<MemoryStream>(pipe, pipe->listening(), metadata)};
}

}  // namespace hoop
