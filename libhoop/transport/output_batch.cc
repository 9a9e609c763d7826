#include "transport/output_batch.h"

#include <cstring>

#include "base/check.h"
#include "base/limits/http2.h"

namespace hoop {

OutputBatch::OutputBatch() : copied_(std::make_unique_for_overwrite<char[]>(limits::kHttp2WriteBytes + kSlackBytes)) {}

void OutputBatch::Copy(const void* bytes, size_t size) {
  HOOP_CHECK(copied_size_ + size <= limits::kHttp2WriteBytes + kSlackBytes);
  char* const to = copied_.get() + copied_size_;
  std::memcpy(to, bytes, size);
  copied_size_ += size;
  size_ += size;
  if (!pieces_.empty()) {
    iovec& last = pieces_.back();
    if (static_cast<char*>(last.iov_base) + last.iov_len == to) {
      last.iov_len += size;
      return;
    }
  }
  pieces_.push_back({to, size});
}

void OutputBatch::Reference(const char* bytes, size_t size) {
  size_ += size;
  pieces_.push_back({const_cast<char*>(bytes), size});
}

void OutputBatch::CopyRest(size_t written, std::string& rest) const {
  rest.reserve(rest.size() + size_ - written);
  for (const iovec& piece : pieces_) {
    const size_t skip = written < piece.iov_len ? written : piece.iov_len;
    written -= skip;
    rest.append(static_cast<const char*>(piece.iov_base) + skip, piece.iov_len - skip);
  }
}

void OutputBatch::Clear() {
  pieces_.clear();
  held_.clear();
  copied_size_ = 0;
  size_ = 0;
}

}  // namespace hoop
