#include "agent/warden/messages.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/check.h"
#include "base/limits/agent.h"
#include "base/status.h"

namespace hoop {

absl::StatusOr<DescriptorPair> MakeSocketPair() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0) {
    return ErrnoStatus(errno, "make a socket pair");
  }
  return DescriptorPair{Descriptor(ends[0]), Descriptor(ends[1])};
}

absl::StatusOr<DescriptorPair> MakePipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return ErrnoStatus(errno, "make a pipe");
  return DescriptorPair{Descriptor(ends[0]), Descriptor(ends[1])};
}

absl::Status SetNonBlocking(const Descriptor& descriptor) {
  const int flags = ::fcntl(descriptor.get(), F_GETFL);
  if (flags < 0 || ::fcntl(descriptor.get(), F_SETFL, flags | O_NONBLOCK) != 0) {
    return ErrnoStatus(errno, "make a descriptor non-blocking");
  }
  return absl::OkStatus();
}

absl::StatusOr<Descriptor> MakeMemoryFile(std::string_view bytes) {
  Descriptor file(::memfd_create("launch", MFD_CLOEXEC));
  if (!file.is_open()) return ErrnoStatus(errno, "make a file in memory");
  while (!bytes.empty()) {
    const ssize_t written = ::write(file.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return ErrnoStatus(errno, "write a file in memory");
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return file;
}

absl::StatusOr<std::string> ReadMemoryFile(const Descriptor& file, size_t bytes_max) {
  struct stat about {};
  if (::fstat(file.get(), &about) != 0) return ErrnoStatus(errno, "look at a file in memory");
  const size_t size = static_cast<size_t>(about.st_size);
  if (size > bytes_max) return ResourceExhausted("a file in memory of {} bytes, more than {}", size, bytes_max);
  std::string bytes(size, '\0');
  size_t done = 0;
  while (done < size) {
    const ssize_t count = ::pread(file.get(), bytes.data() + done, size - done, static_cast<off_t>(done));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return ErrnoStatus(count == 0 ? EIO : errno, "read a file in memory");
    done += static_cast<size_t>(count);
  }
  return bytes;
}

Sent SendMessage(const Descriptor& socket, std::string_view bytes, std::initializer_list<int> descriptors) {
  HOOP_CHECK(!bytes.empty());  // an empty message would look like the end
  HOOP_CHECK(descriptors.size() <= limits::kWardenMessageDescriptorsMax);
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * limits::kWardenMessageDescriptorsMax)] = {};
  iovec piece{const_cast<char*>(bytes.data()), bytes.size()};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  if (descriptors.size() > 0) {
    message.msg_control = control;
    message.msg_controllen = CMSG_SPACE(sizeof(int) * descriptors.size());
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int) * descriptors.size());
    std::memcpy(CMSG_DATA(header), descriptors.begin(), sizeof(int) * descriptors.size());
  }
  ssize_t sent = 0;
  do {
    sent = ::sendmsg(socket.get(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  if (sent >= 0) return Sent::kDone;
  // Too many descriptors under way counts as full, too: the warden takes them out.
  return errno == EAGAIN || errno == EWOULDBLOCK || errno == ETOOMANYREFS ? Sent::kFull : Sent::kGone;
}

Message ReceiveMessage(const Descriptor& socket) {
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * limits::kWardenMessageDescriptorsMax)] = {};
  char bytes[limits::kWardenMessageBytesMax];
  iovec piece{bytes, sizeof(bytes)};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof(control);
  ssize_t count = 0;
  do {
    count = ::recvmsg(socket.get(), &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  } while (count < 0 && errno == EINTR);

  Message result;
  if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return result;
  if (count <= 0) {
    result.kind = Message::Kind::kEnd;
    return result;
  }
  result.kind = Message::Kind::kBytes;
  result.bytes.assign(bytes, static_cast<size_t>(count));
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    const size_t number = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < number; ++i) {
      int descriptor = -1;
      std::memcpy(&descriptor, CMSG_DATA(header) + i * sizeof(int), sizeof(int));
      result.descriptors.emplace_back(descriptor);
    }
  }
  return result;
}

}  // namespace hoop
