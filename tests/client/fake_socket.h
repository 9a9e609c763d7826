// A local program's socket whose other end is the test, and a door that a test opens by hand.
#pragma once

#include <algorithm>
#include <cstring>
#include <deque>
#include <memory>
#include <string>

#include "absl/functional/any_invocable.h"
#include "base/status.h"
#include "net/byte_stream.h"
#include "net/listener.h"

namespace hoop {

// Outlives the stream, so that a test can look after its owner destroyed it.
struct SocketScript {
  void Say(std::string_view bytes) {
    incoming += bytes;
    Wake();
  }
  void SayEnd() {
    end = true;
    Wake();
  }
  void Break() {
    broken = true;
    Wake();
  }
  // Takes up to `bytes` more; the program begins to read again.
  void Take(size_t bytes) {
    room += bytes;
    if (wants_write && events != nullptr && room > 0) {
      wants_write = false;
      events->OnWritable();
    }
  }
  void Wake() {
    if (!wants_read || events == nullptr) return;
    wants_read = false;
    events->OnReadable();
  }

  std::string incoming;
  bool end = false;
  bool broken = false;
  std::string written;
  size_t room = SIZE_MAX / 2;
  bool wants_read = false;
  bool wants_write = false;
  bool shut_down = false;
  bool reset = false;
  bool closed = false;
  ByteStream::Events* events = nullptr;
};

class FakeSocket final : public ByteStream {
 public:
  explicit FakeSocket(SocketScript& script) : script_(script) {}
  ~FakeSocket() override { script_.closed = true; }

  void SetEvents(Events* events) override { script_.events = events; }
  // Readiness is told in a later call of the test, as a loop would.
  void WantRead() override { script_.wants_read = true; }
  void StopRead() override { script_.wants_read = false; }
  void WantWrite() override { script_.wants_write = true; }
  IoResult Read(char* buffer, size_t size) override {
    if (script_.broken) return {.kind = IoResult::Kind::kError, .status = Unavailable("reset by peer")};
    if (script_.incoming.empty()) return {.kind = script_.end ? IoResult::Kind::kEnd : IoResult::Kind::kWouldBlock};
    const size_t count = std::min(size, script_.incoming.size());
    std::memcpy(buffer, script_.incoming.data(), count);
    script_.incoming.erase(0, count);
    return {.kind = IoResult::Kind::kBytes, .bytes = count};
  }
  IoResult Write(const iovec* pieces, int count) override {
    size_t total = 0;
    for (int i = 0; i < count && script_.room > 0; ++i) {
      const size_t bytes = std::min(pieces[i].iov_len, script_.room);
      script_.written.append(static_cast<const char*>(pieces[i].iov_base), bytes);
      script_.room -= bytes;
      total += bytes;
    }
    if (total == 0) return {.kind = IoResult::Kind::kWouldBlock};
    return {.kind = IoResult::Kind::kBytes, .bytes = total};
  }
  void ShutdownWrite() override { script_.shut_down = true; }
  void ResetOnClose() override { script_.reset = true; }
  const std::string& peer() const override { return peer_; }

 private:
  SocketScript& script_;
  const std::string peer_ = "127.0.0.1:50000";
};

class FakeDoor final {
 public:
  absl::StatusOr<std::unique_ptr<Listener>> Listen(const Address& address,
                                                   absl::AnyInvocable<void(std::unique_ptr<ByteStream>)> accepted) {
    ++opened;
    if (!status.ok() && (taken == 0 || taken == address.port)) return status;
    accepted_ = std::move(accepted);
    return std::make_unique<Door>(*this, Address{address.host, address.port == 0 ? uint16_t{40000} : address.port});
  }
  void Enter(SocketScript& script) { accepted_(std::make_unique<FakeSocket>(script)); }

  absl::Status status;
  uint16_t taken = 0;  // 0: `status` is that of every port
  int opened = 0;
  bool open = false;

 private:
  class Door final : public Listener {
   public:
    Door(FakeDoor& door, Address address) : door_(door), address_(std::move(address)) { door_.open = true; }
    ~Door() override { door_.open = false; }
    const Address& address() const override { return address_; }
    uint64_t exhausted_count() const override { return 0; }

   private:
    FakeDoor& door_;
    const Address address_;
  };
  absl::AnyInvocable<void(std::unique_ptr<ByteStream>)> accepted_;
};

}  // namespace hoop
