// Finds where HTTP/2 frames begin in a flow of bytes. libnghttp2 tells of some frames only: what it ignores - unknown
// types, DATA of streams that are over - costs as well, and has to be counted.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace hoop {

// Part of Http2Session. A value.
class FrameScanner final {
 public:
  // RFC 9113, 4.1.
  struct Head {
    uint8_t type;
    size_t length;  // of the payload
    uint32_t stream;
    char* type_byte;  // where `type` lies in these bytes; null: it came before them
  };

  // Calls `on_frame(head)` for each frame whose head is complete with these bytes; goes on while it says true.
  template <typename OnFrame>
  void Scan(char* bytes, size_t size, OnFrame on_frame) {
    for (;;) {
      const size_t skipped = std::min(payload_left_, size);
      payload_left_ -= skipped;
      bytes += skipped;
      size -= skipped;
      if (size == 0) return;
      char* const type_byte = head_size_ <= kTypeAt ? bytes + (kTypeAt - head_size_) : nullptr;
      const size_t count = std::min(size, head_.size() - head_size_);
      std::copy_n(bytes, count, head_.data() + head_size_);
      head_size_ += count;
      bytes += count;
      size -= count;
      if (head_size_ < head_.size()) return;
      head_size_ = 0;
      payload_left_ = Byte(0) << 16 | Byte(1) << 8 | Byte(2);
      const auto stream = static_cast<uint32_t>((Byte(5) & 0x7f) << 24 | Byte(6) << 16 | Byte(7) << 8 | Byte(8));
      if (!on_frame(Head{static_cast<uint8_t>(Byte(kTypeAt)), payload_left_, stream, type_byte})) return;
    }
  }

  // The payload of the last frame has not come as a whole.
  bool in_payload() const { return payload_left_ > 0; }

 private:
  static constexpr size_t kTypeAt = 3;

  size_t Byte(size_t at) const { return static_cast<unsigned char>(head_[at]); }

  std::array<char, 9> head_;
  size_t head_size_ = 0;
  size_t payload_left_ = 0;
};

}  // namespace hoop
