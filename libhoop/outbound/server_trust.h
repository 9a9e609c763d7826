// Makes the HTTP library judge a server's certificate as our gRPC does: inside the handshake, so that the server hears
// of it, by the same authorities and names, and in the same words; and show ours to who asks. Used by HttpClient.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "net/tls_context.h"

struct ssl_st;
struct ssl_ctx_st;

namespace hoop {

// Owned by HttpClient; outlives the library's SSL_CTX, which borrows it. One thread at a time.
class ServerTrust final {
 public:
  // `host` is whom the certificate has to be for, and the name that the server is asked for. Errors as of
  // TlsContext::MakeClient.
  static absl::StatusOr<std::unique_ptr<ServerTrust>> Create(ssl_ctx_st* library, const TlsClientOptions& options,
                                                             std::string host);

  // What was wrong with the certificate of the last handshake; "" when nothing was.
  const std::string& problem() const { return problem_; }

 private:
  struct Callbacks;

  ServerTrust(std::shared_ptr<TlsContext> context, std::string host);
  void Expect(ssl_ctx_st* library) const;
  void Show(ssl_ctx_st* library) const;

  const std::shared_ptr<TlsContext> context_;  // with the authorities, and who we are
  const std::string host_;
  const bool is_address_;
  std::string problem_;
};

}  // namespace hoop
