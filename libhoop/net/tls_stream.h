// An established TLS connection as a ByteStream, over any other ByteStream. Made by tls_handshake.h for front/, agent/
// and client/; see tls_context.h for how to begin.
#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "base/loop.h"
#include "net/byte_stream.h"
#include "net/tls_engine.h"

namespace hoop {

// As ByteStream says. A peer that goes without close_notify is an error, not an end: its last words may be missing.
class TlsStream final : public ByteStream, private ByteStream::Events {
 public:
  TlsStream(Loop& loop, std::unique_ptr<ByteStream> inner, std::unique_ptr<TlsEngine> engine);
  ~TlsStream() override;

  void SetEvents(ByteStream::Events* events) override { events_ = events; }
  void WantRead() override;
  void StopRead() override;
  void WantWrite() override;
  IoResult Read(char* buffer, size_t size) override;
  IoResult Write(const iovec* pieces, int count) override;
  void ShutdownWrite() override;
  void ResetOnClose() override;
  void Trust() override { inner_->Trust(); }
  const std::string& peer() const override { return inner_->peer(); }
  std::string VerifiedSubject() const override { return engine_->VerifiedSubject(); }

  std::string protocol() const { return engine_->protocol(); }  // "h2"; empty: none was negotiated
  std::string version() const { return engine_->version(); }    // "TLSv1.3"
  bool resumed() const { return engine_->resumed(); }           // by a ticket of an earlier connection
  // Channel binding data of type tls-server-end-point (RFC 5929), at either end. Empty: not defined for this
  // certificate.
  std::string ServerEndPoint() const { return engine_->ServerEndPoint(); }

 private:
  void OnReadable() override;
  void OnWritable() override;

  bool Flush();  // true: nothing of the output is left
  absl::Status Encrypt(const iovec* pieces, int count, size_t skip, size_t size);
  bool CanWrite() const { return failed_.ok() && write_failed_.ok(); }
  IoResult Failed() const { return {IoResult::Kind::kError, 0, failed_}; }
  IoResult WriteFailed() const { return {IoResult::Kind::kError, 0, failed_.ok() ? write_failed_ : failed_}; }

  Loop& loop_;
  const std::unique_ptr<ByteStream> inner_;
  const std::unique_ptr<TlsEngine> engine_;
  ByteStream::Events* events_ = nullptr;
  std::unique_ptr<Timer> again_;  // bytes that no descriptor will announce
  absl::Status failed_;
  absl::Status write_failed_;  // reading goes on until the peer's last words are in
  size_t owed_ = 0;            // plaintext in the output that Write has not reported as taken
  size_t sent_ = 0;            // of the output
  bool more_ = false;
  bool ended_ = false;
  bool wants_read_ = false, wants_write_ = false;
  bool finished_ = false;  // close_notify is in the output, the inner stream's end follows it
  bool inner_finished_ = false;
  bool reset_ = false;
};

}  // namespace hoop
