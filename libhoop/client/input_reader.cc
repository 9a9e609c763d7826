#include "client/input_reader.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/limits/wire.h"
#include "base/status.h"

namespace hoop {

void InputReader::Read(size_t bytes, Done done) { Start(bytes, /*some=*/false, std::move(done)); }

void InputReader::ReadSome(size_t bytes_max, Done done) { Start(bytes_max, /*some=*/true, std::move(done)); }

void InputReader::Start(size_t bytes, bool some, Done done) {
  const absl::Status posted = worker_.Post([this, bytes, some, done = std::move(done)]() mutable {
    loop_.Post([chunk = ReadUpTo(bytes, some), done = std::move(done)]() mutable { done(std::move(chunk)); });
  });
  HOOP_CHECK(posted.ok());
}

absl::StatusOr<InputReader::Chunk> InputReader::ReadUpTo(size_t bytes, bool some) {
  Chunk chunk;
  while (chunk.bytes.size() < bytes) {
    const size_t before = chunk.bytes.size();
    chunk.bytes.resize(before + std::min(limits::kChunkBytesMax, bytes - before));
    auto count = input_.Read(chunk.bytes.data() + before, chunk.bytes.size() - before);
    chunk.bytes.resize(before + count.value_or(0));
    if (!count.ok()) return Annotate(count.status(), "input");
    if (*count == 0) {
      chunk.end = true;
      break;
    }
    if (some) break;
  }
  return chunk;
}

}  // namespace hoop
