#include "net/tls_stream.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "base/limits/tls.h"
#include "base/status.h"

namespace hoop {
namespace {

constexpr size_t kRecordBytes = 16 * limits::kKiB;  // TLS's largest
constexpr size_t kRecordOverhead = 64;              // head, tag, padding: more than any cipher adds

size_t SizeOf(const iovec* pieces, int count) {
  size_t size = 0;
  for (int i = 0; i < count; ++i) size += pieces[i].iov_len;
  return size;
}

}  // namespace

TlsStream::TlsStream(Loop& loop, std::unique_ptr<ByteStream> inner, std::unique_ptr<TlsEngine> engine)
    : loop_(loop), inner_(std::move(inner)), engine_(std::move(engine)), more_(engine_->waiting_bytes() > 0) {
  inner_->SetEvents(this);
  Flush();  // the handshake's last words
}

TlsStream::~TlsStream() {
  events_ = nullptr;
  if (reset_ || !CanWrite()) return;
  if (!finished_ && owed_ == 0) engine_->Finish();
  Flush();
}

// --- Reading ---

void TlsStream::WantRead() {
  wants_read_ = true;
  if (!more_ && failed_.ok()) return inner_->WantRead();
  again_ = loop_.After(absl::ZeroDuration(), [this] { OnReadable(); });
}

void TlsStream::StopRead() {
  wants_read_ = false;
  again_.reset();
  inner_->StopRead();
}

void TlsStream::OnReadable() {
  if (std::exchange(wants_read_, false) && events_ != nullptr) events_->OnReadable();
}

IoResult TlsStream::Read(char* buffer, size_t size) {
  if (!failed_.ok()) return Failed();
  if (ended_) return {IoResult::Kind::kEnd};
  std::array<char, limits::kTlsReadBytes> arrived;
  // As much as will fit when it is decrypted, for the rest is kept; but a whole record, which may be one without data.
  const size_t wanted = std::clamp(size, kRecordBytes, arrived.size() - kRecordOverhead) + kRecordOverhead;
  size_t count = 0;
  if (!more_) {
    IoResult inner = inner_->Read(arrived.data(), wanted);
    if (inner.kind == IoResult::Kind::kWouldBlock) return inner;
    if (inner.kind == IoResult::Kind::kError) failed_ = std::move(inner.status);
    if (inner.kind == IoResult::Kind::kEnd) {
      failed_ = Unavailable("tls with {}: the connection was cut, its end was not announced", peer());
    }
    if (!failed_.ok()) return Failed();
    count = inner.bytes;
  }
  TlsEngine::Decrypted clear = engine_->Decrypt({arrived.data(), count}, buffer, size);
  more_ = clear.more;
  ended_ = clear.ended;
  failed_ = std::move(clear.status);
  Flush();
  if (clear.bytes > 0) return {IoResult::Kind::kBytes, clear.bytes};
  if (!failed_.ok()) return Failed();
  return {ended_ ? IoResult::Kind::kEnd : IoResult::Kind::kWouldBlock};
}

// --- Writing ---

void TlsStream::WantWrite() {
  wants_write_ = true;
  inner_->WantWrite();
}

void TlsStream::OnWritable() {
  if (!Flush() && CanWrite()) return;  // asks again by itself
  if (std::exchange(wants_write_, false) && events_ != nullptr) events_->OnWritable();
}

IoResult TlsStream::Write(const iovec* pieces, int count) {
  if (!Flush() && CanWrite()) return {IoResult::Kind::kWouldBlock};
  if (!CanWrite()) return WriteFailed();
  const size_t total = SizeOf(pieces, count);
  size_t taken = std::min(std::exchange(owed_, 0), total);  // these left meanwhile
  while (taken < total) {
    const size_t size = std::min(total - taken, limits::kTlsWriteBytes);
    write_failed_ = Encrypt(pieces, count, taken, size);
    if (!CanWrite()) return WriteFailed();
    if (!Flush()) {
      owed_ = size;
      break;
    }
    taken += size;
  }
  if (!CanWrite()) return WriteFailed();
  return taken > 0 || total == 0 ? IoResult{IoResult::Kind::kBytes, taken} : IoResult{IoResult::Kind::kWouldBlock};
}

// Small pieces share records: a record costs as much as some hundred bytes.
absl::Status TlsStream::Encrypt(const iovec* pieces, int count, size_t skip, size_t size) {
  std::array<char, kRecordBytes> gathered;
  size_t gathered_size = 0;
  engine_->output().reserve(size + (size / kRecordBytes + 1) * kRecordOverhead);
  for (int i = 0; i < count && size > 0; ++i) {
    const size_t passed = std::min(skip, pieces[i].iov_len);
    skip -= passed;
    const char* bytes = static_cast<const char*>(pieces[i].iov_base) + passed;
    size_t left = std::min(pieces[i].iov_len - passed, size);
    size -= left;
    while (left > 0) {
      if (gathered_size == 0 && left >= kRecordBytes) {
        if (absl::Status status = engine_->Encrypt(bytes, kRecordBytes); !status.ok()) return status;
        bytes += kRecordBytes;
        left -= kRecordBytes;
        continue;
      }
      const size_t part = std::min(left, kRecordBytes - gathered_size);
      std::memcpy(gathered.data() + gathered_size, bytes, part);
      gathered_size += part;
      bytes += part;
      left -= part;
      if (gathered_size < kRecordBytes) continue;
      if (absl::Status status = engine_->Encrypt(gathered.data(), kRecordBytes); !status.ok()) return status;
      gathered_size = 0;
    }
  }
  return gathered_size == 0 ? absl::OkStatus() : engine_->Encrypt(gathered.data(), gathered_size);
}

bool TlsStream::Flush() {
  std::string& output = engine_->output();
  if (!write_failed_.ok()) return false;
  while (sent_ < output.size()) {
    const iovec piece = {output.data() + sent_, output.size() - sent_};
    IoResult result = inner_->Write(&piece, 1);
    if (result.kind == IoResult::Kind::kWouldBlock) {
      inner_->WantWrite();
      return false;
    }
    if (result.kind != IoResult::Kind::kBytes) {
      write_failed_ = std::move(result.status);
      return false;
    }
    sent_ += result.bytes;
  }
  output = {};  // an idle connection holds none
  sent_ = 0;
  if (finished_ && !std::exchange(inner_finished_, true)) inner_->ShutdownWrite();
  return true;
}

void TlsStream::ShutdownWrite() {
  if (std::exchange(finished_, true) || !CanWrite()) return;
  engine_->Finish();
  Flush();
}

void TlsStream::ResetOnClose() {
  reset_ = true;
  inner_->ResetOnClose();
}

}  // namespace hoop
