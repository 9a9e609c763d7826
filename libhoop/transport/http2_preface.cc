#include "transport/http2_preface.h"

#include <nghttp2/nghttp2.h>

#include <array>
#include <string_view>
#include <utility>

#include "base/limits/listener.h"

namespace hoop {
namespace {

constexpr std::string_view kPreface(NGHTTP2_CLIENT_MAGIC, NGHTTP2_CLIENT_MAGIC_LEN);

}  // namespace

Http2Preface::Http2Preface(Loop& loop, std::unique_ptr<ByteStream> bytes, Done done)
    : bytes_(std::move(bytes)),
      done_(std::move(done)),
      deadline_(loop.After(limits::kPreAuthTime, [this] { End(nullptr); })) {
  bytes_->SetEvents(this);
  bytes_->WantRead();
}

void Http2Preface::OnReadable() {
  std::array<char, kPreface.size()> buffer;
  const IoResult result = bytes_->Read(buffer.data(), kPreface.size() - seen_);
  if (result.kind == IoResult::Kind::kBytes) {
    if (std::string_view(buffer.data(), result.bytes) != kPreface.substr(seen_, result.bytes)) return End(nullptr);
    seen_ += result.bytes;
    if (seen_ == kPreface.size()) return End(std::move(bytes_));
  } else if (result.kind != IoResult::Kind::kWouldBlock) {
    return End(nullptr);
  }
  bytes_->WantRead();
}

// The last thing that happens here: `done` may destroy this.
void Http2Preface::End(std::unique_ptr<ByteStream> bytes) {
  deadline_.reset();
  Done done = std::move(done_);
  done(std::move(bytes));
}

}  // namespace hoop
