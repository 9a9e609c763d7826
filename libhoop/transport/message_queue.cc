#include "transport/message_queue.h"

#include <algorithm>

#include "transport/grpc_text.h"
#include "transport/output_batch.h"

namespace hoop {
void MessageQueue::Push(std::string message) {
  size_bytes_ += kGrpcPrefixBytes + message.size();
  messages_.push_back(std::move(message));
}

void MessageQueue::Clear() {
  messages_.clear();
  offset_ = size_bytes_ = 0;
}

void MessageQueue::MoveTo(OutputBatch& batch, size_t size) {
  size_bytes_ -= size;
  while (size > 0) {
    std::string& message = messages_.front();
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
      messages_.pop_front();
      offset_ = 0;
    }
  }
}

}  // namespace hoop
