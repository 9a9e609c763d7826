// What one write takes to a socket: small bytes copied together, large ones by reference.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "base/limits/http2.h"

namespace hoop {

// One per loop, in Http2Buffers; used within Http2Session::Flush only and empty outside of it.
class OutputBatch final {
 public:
  // Below this size copying is cheaper than another piece for the kernel to walk.
  static constexpr size_t kReferenceBytesMin = 2048;

  OutputBatch();

  // True: write first. What nghttp2 still adds of one frame fits nevertheless.
  bool full() const { return size_ >= limits::kHttp2WriteBytes || pieces_.size() >= kPiecesMax; }
  bool empty() const { return size_ == 0; }
  size_t size() const { return size_; }

  void Copy(const void* bytes, size_t size);
  // `bytes` stays where it is until Clear.
  void Reference(const char* bytes, size_t size);
  // Keeps a string that pieces refer to.
  void Hold(std::string owner) { held_.push_back(std::move(owner)); }

  const std::vector<iovec>& pieces() const { return pieces_; }
  // Appends all but the first `written` bytes to `rest`.
  void CopyRest(size_t written, std::string& rest) const;
  void Clear();

 private:
  static constexpr size_t kPiecesMax = 900;  // IOV_MAX is 1024; one frame adds a few
  static constexpr size_t kSlackBytes = 2 * limits::kHttp2FrameBytesMax;

  const std::unique_ptr<char[]> copied_;  // fixed: pieces point into it
  size_t copied_size_ = 0;
  size_t size_ = 0;
  std::vector<iovec> pieces_;
  std::vector<std::string> held_;
};

}  // namespace hoop
