// Reads a ByteStream to its end and stops the loop when what was waited for has come.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "net/byte_stream.h"
#include "net/event_loop.h"

namespace hoop {

class StreamProbe final : public ByteStream::Events {
 public:
  StreamProbe(EventLoop& loop, std::unique_ptr<ByteStream> stream) : loop_(loop), stream_(std::move(stream)) {
    stream_->SetEvents(this);
    stream_->WantRead();
  }

  // Turns the loop until `text` has been read or the stream has ended.
  const std::string& ReadUntil(std::string_view text) {
    awaited_ = text;
    if (!ended_ && read_.find(awaited_) == std::string::npos) loop_.Run();
    return read_;
  }
  // Turns the loop until the peer finished or the stream failed.
  void ReadToEnd() {
    awaited_.clear();
    if (!ended_) loop_.Run();
  }

  IoResult Write(std::string_view text) {
    const iovec piece = {const_cast<char*>(text.data()), text.size()};
    return stream_->Write(&piece, 1);
  }

  ByteStream& stream() const { return *stream_; }
  void Close() { stream_.reset(); }
  std::unique_ptr<ByteStream> Release() { return std::move(stream_); }
  const std::string& read() const { return read_; }
  const absl::Status& error() const { return error_; }  // OK after an orderly end
  bool ended() const { return ended_; }

  void OnReadable() override {
    char buffer[4096];
    const IoResult result = stream_->Read(buffer, sizeof buffer);
    if (result.kind == IoResult::Kind::kBytes) read_.append(buffer, result.bytes);
    ended_ = result.kind == IoResult::Kind::kEnd || result.kind == IoResult::Kind::kError;
    error_ = result.status;
    if (ended_ || (!awaited_.empty() && read_.find(awaited_) != std::string::npos)) loop_.Stop();
    if (!ended_) stream_->WantRead();
  }
  void OnWritable() override { loop_.Stop(); }

 private:
  EventLoop& loop_;
  std::unique_ptr<ByteStream> stream_;
  std::string read_, awaited_;
  absl::Status error_;
  bool ended_ = false;
};

}  // namespace hoop
