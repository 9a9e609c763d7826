// Messages that wait to be sent on one call, each behind gRPC's 5-byte prefix.
#pragma once

#include <cstddef>
#include <string>

#include "base/fifo.h"

namespace hoop {

class OutputBatch;

// Part of GrpcCall. Costs nothing while empty.
class MessageQueue final {
 public:
  void Push(std::string message);
  // Not while a batch refers to the messages.
  void Clear();

  // Moves the next `size` bytes into `batch`; size <= size_bytes().
  void MoveTo(OutputBatch& batch, size_t size);

  // Prefixes included.
  size_t size_bytes() const { return size_bytes_; }
  // A message has left in part.
  bool in_message() const { return offset_ != 0; }

 private:
  Fifo<std::string> messages_;
  size_t offset_ = 0;  // of its prefix and bytes, how many have left
  size_t size_bytes_ = 0;
};

}  // namespace hoop
