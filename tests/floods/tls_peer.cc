#include "tests/floods/tls_peer.h"

namespace hoop::floods {

TlsPeer::TlsPeer(uint16_t port, int version)
    : socket_(port),
      context_(::SSL_CTX_new(::TLS_client_method()), ::SSL_CTX_free),
      ssl_(nullptr, ::SSL_free),
      in_(::BIO_new(::BIO_s_mem())),
      out_(::BIO_new(::BIO_s_mem())) {
  SSL_CTX_set_min_proto_version(context_.get(), version);
  SSL_CTX_set_max_proto_version(context_.get(), version);
  ssl_.reset(::SSL_new(context_.get()));
  ::SSL_set_bio(ssl_.get(), in_, out_);
  ::SSL_set_connect_state(ssl_.get());
}

bool TlsPeer::Step() {
  const bool done = ::SSL_do_handshake(ssl_.get()) == 1;
  Collect();
  return done;
}

void TlsPeer::Collect() {
  char buffer[16384];
  for (int count; (count = ::BIO_read(out_, buffer, sizeof buffer)) > 0;) {
    to_send_.append(buffer, static_cast<size_t>(count));
  }
}

void TlsPeer::SendAll() {
  socket_.Say(to_send_);
  to_send_.clear();
}

void TlsPeer::Listen(Seconds wait) {
  std::string& heard = socket_.heard();
  socket_.Listen(heard.empty() ? wait : Seconds(0));  // an answer may have come while we still spoke
  ::BIO_write(in_, heard.data(), static_cast<int>(heard.size()));
  heard.clear();
}

bool TlsPeer::Shake(Seconds wait) {
  const auto end = Clock::now() + wait;
  for (;;) {
    const bool done = Step();
    SendAll();
    if (done) return true;
    const Seconds left = end - Clock::now();
    if (!socket_.open() || left.count() <= 0) return false;
    Listen(left);
  }
}

bool TlsPeer::Say(std::string_view text) {
  ::SSL_write(ssl_.get(), text.data(), static_cast<int>(text.size()));
  Collect();
  SendAll();
  return socket_.open();
}

std::string TlsPeer::Hear(Seconds wait) {
  Listen(wait);
  std::string text(65536, '\0');
  const int count = ::SSL_read(ssl_.get(), text.data(), static_cast<int>(text.size()));
  Collect();
  text.resize(count > 0 ? static_cast<size_t>(count) : 0);
  return text;
}

}  // namespace hoop::floods
