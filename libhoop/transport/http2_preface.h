// The 24 bytes with which every HTTP/2 client begins: who has not said them gets no session.
// Made by GrpcServer for each connection that comes.
#pragma once

#include <cstddef>
#include <memory>

#include "absl/functional/any_invocable.h"
#include "base/loop.h"
#include "net/byte_stream.h"

namespace hoop {

// Owned by the server's connection, which may destroy it in `done`. Loop thread only. A silent peer costs this object
// and no more: a session of libnghttp2 takes ten times as much.
class Http2Preface final : private ByteStream::Events {
 public:
  // The stream behind the preface, or null: something else came, the peer went, or limits::kPreAuthTime passed.
  using Done = absl::AnyInvocable<void(std::unique_ptr<ByteStream>)>;

  Http2Preface(Loop& loop, std::unique_ptr<ByteStream> bytes, Done done);
  ~Http2Preface() override = default;
  Http2Preface(const Http2Preface&) = delete;
  Http2Preface& operator=(const Http2Preface&) = delete;

 private:
  void OnReadable() override;
  void OnWritable() override {}
  void End(std::unique_ptr<ByteStream> bytes);

  std::unique_ptr<ByteStream> bytes_;
  Done done_;
  size_t seen_ = 0;
  std::unique_ptr<Timer> deadline_;
};

}  // namespace hoop
