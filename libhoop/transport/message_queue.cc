#include "transport/message_queue.h"

#include <algorithm>

#include "transport/grpc_text.h"
#include "transport/output_batch.h"

namespace hoop {
namespace {

constexpr size_t kKeptCapacity = 8;   // of an empty queue: busy streams need no allocation per message
constexpr size_t kCompactAbove = 64;  // messages that left and whose places are given up together

}  // namespace

void MessageQueue::Push(std::string message) {
  size_bytes_ += kGrpcPrefixBytes + message.size();
  messages_.push_back(std::move(message));
}

void MessageQueue::Clear() {
  messages_ = {};
  first_ = offset_ = size_bytes_ = 0;
}

void MessageQueue::MoveTo(OutputBatch& batch, size_t size) {
  size_bytes_ -= size;
  while (size > 0) {
    std::string& message = messages_[first_];
    size_t count = 0;
    if (offset_ < kGrpcPrefixBytes) {
      const GrpcPrefix prefix = MakeGrpcPrefix(message.size());
      count = std::min(size, kGrpcPrefixBytes - offset_);
      batch.Copy(prefix.data() + offset_, count);
    } else {
      const size_t position = offset_ - kGrpcPrefixBytes;
      count = std::min(size, message.size() - position);
      if (message.size() >= OutputBatch::kReferenceBytesMin) {
        batch.Reference(message.data() + position, count);
      } else {
        batch.Copy(message.data() + position, count);
      }
    }
    offset_ += count;
    size -= count;
    if (offset_ == kGrpcPrefixBytes + message.size()) {
      if (message.size() >= OutputBatch::kReferenceBytesMin) batch.Hold(std::move(message));
      PopFront();
    }
  }
}

void MessageQueue::PopFront() {
  messages_[first_++] = std::string();
  offset_ = 0;
  if (first_ == messages_.size()) {
    messages_.clear();
    if (messages_.capacity() > kKeptCapacity) messages_.shrink_to_fit();
    first_ = 0;
  } else if (first_ >= kCompactAbove && first_ * 2 >= messages_.size()) {
    messages_.erase(messages_.begin(), messages_.begin() + static_cast<ptrdiff_t>(first_));
    first_ = 0;
  }
}

}  // namespace hoop
