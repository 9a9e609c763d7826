// A connection of a stranger: a ByteStream that ends by itself unless Trust() is called in time.
// Made by FrontDoor of who comes in from the doorstep, below TLS; Arrival looks at its first bytes.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "base/log.h"
#include "base/loop.h"
#include "front/doorstep.h"
#include "front/open_connections.h"
#include "front/strangers.h"
#include "net/byte_stream.h"

namespace hoop {

// Owned by who got it from the door; lives on the door's loop. Once trusted it passes everything through.
class GuardedStream final : public ByteStream, private ByteStream::Events {
 public:
  // `time` counts from when it was accepted.
  GuardedStream(EventLoop& loop, Log log, std::shared_ptr<Strangers> strangers, absl::Duration time, Newcomer newcomer);
  ~GuardedStream() override;

  void SetEvents(ByteStream::Events* events) override;
  void WantRead() override;
  void StopRead() override;
  void WantWrite() override;
  IoResult Read(char* buffer, size_t size) override;
  IoResult Write(const iovec* pieces, int count) override;
  void ShutdownWrite() override;
  void ResetOnClose() override;
  void Trust() override;
  const std::string& peer() const override { return peer_; }

  // The next Read begins with these bytes, which came from an earlier one.
  void PutBack(std::string_view bytes) { put_back_.insert(0, bytes); }

  // Strangers: others need the room.
  void DropForRoom();
  // Strangers: what came may be read.
  void TakeTurn();

 private:
  void OnReadable() override;
  void OnWritable() override;

  void Drop(absl::Status reason);
  void Leave();
  void NotifyLater();
  void Notify();

  Loop& loop_;
  const Log log_;
  const OpenConnections::One counted_;
  const std::shared_ptr<Strangers> strangers_;
  const std::string peer_;
  std::unique_ptr<ByteStream> inner_;            // null once dropped
  std::optional<Strangers::Position> position_;  // while a stranger
  ByteStream::Events* events_ = nullptr;
  bool wants_read_ = false, wants_write_ = false;  // known while a stranger or dropped
  std::string put_back_;
  absl::Status dropped_;
  std::unique_ptr<Timer> deadline_, notice_;
};

}  // namespace hoop
