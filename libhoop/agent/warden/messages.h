// Messages that carry descriptors over a Unix socket, and what else crosses the border to the warden.
// Used on both sides of the warden's sockets: by warden and keeper, and by WardenLink in the agent.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "net/descriptor.h"

namespace hoop {

struct DescriptorPair {
  Descriptor first;
  Descriptor second;
};

// Both ends close-on-exec; a socket keeps the bounds of messages (SOCK_SEQPACKET).
absl::StatusOr<DescriptorPair> MakeSocketPair();
absl::StatusOr<DescriptorPair> MakePipe();  // first reads, second writes
absl::Status SetNonBlocking(const Descriptor& descriptor);

// A file in memory that holds `bytes`: how a text of any size travels in one message without waiting.
absl::StatusOr<Descriptor> MakeMemoryFile(std::string_view bytes);
// ResourceExhausted: longer than `bytes_max`.
absl::StatusOr<std::string> ReadMemoryFile(const Descriptor& file, size_t bytes_max);

struct Message {
  enum class Kind { kBytes, kNone, kEnd };  // kNone: nothing there yet; kEnd: the other side is gone
  Kind kind = Kind::kNone;
  std::string bytes;
  std::vector<Descriptor> descriptors;
};

enum class Sent { kDone, kFull, kGone };  // kFull: try again when the socket can be written

// Neither waits.
Sent SendMessage(const Descriptor& socket, std::string_view bytes, std::initializer_list<int> descriptors = {});
Message ReceiveMessage(const Descriptor& socket);

}  // namespace hoop
