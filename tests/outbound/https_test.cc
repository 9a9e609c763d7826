// What HttpClient believes of a server's certificate, against a TLS server of another hand.
#include <gtest/gtest.h>
#include <httplib.h>
#include <openssl/pem.h>

#include <memory>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "outbound/http_client.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_authority.h"

namespace hoop {
namespace {

using absl::StatusCode;

// Serves "/" with a certificate, on a free port; to who shows one of `client_ca`, if that is given.
class HttpsServer final {
 public:
  explicit HttpsServer(const TlsCredential& credential, const std::string& client_ca = "")
      : certificate_(Parse(credential.certificate_pem, PEM_read_bio_X509), X509_free),
        key_(Parse(credential.key_pem, PEM_read_bio_PrivateKey), EVP_PKEY_free),
        server_(certificate_.get(), key_.get(), client_ca.empty() ? nullptr : StoreOf(client_ca)) {
    server_.Get("/",
                [](const httplib::Request&, httplib::Response& response) { response.set_content("hi", "text/plain"); });
    SSL_CTX_set_tlsext_servername_callback(
        server_.ssl_context(), +[](SSL* ssl, int*, void* self) -> int {
          const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
          auto& server = *static_cast<HttpsServer*>(self);
          absl::MutexLock lock(&server.mu_);
          server.asked_for_ = name == nullptr ? "" : name;
          return SSL_TLSEXT_ERR_OK;
        });
    SSL_CTX_set_tlsext_servername_arg(server_.ssl_context(), this);
    port_ = server_.bind_to_any_port("127.0.0.1");
    thread_ = std::thread([this] { server_.listen_after_bind(); });
    httplib::SSLClient first("127.0.0.1", port_);  // stop() does nothing to a server that has not begun
    first.enable_server_certificate_verification(false);
    first.Get("/");
  }
  ~HttpsServer() {
    server_.stop();
    thread_.join();
  }

  absl::StatusOr<HttpResponse> Ask(HttpClient::Options options) const {
    options.base_url = "https://127.0.0.1:" + std::to_string(port_);
    auto client = HttpClient::Create(std::move(options));
    EXPECT_OK(client.status());
    return (*client)->Send({.path = "/"});
  }
  int port() const { return port_; }
  // The name in the last handshake.
  std::string asked_for() const {
    absl::MutexLock lock(&mu_);
    return asked_for_;
  }

 private:
  static X509_STORE* StoreOf(const std::string& pem) {
    X509_STORE* const store = X509_STORE_new();
    X509* const authority = Parse(pem, PEM_read_bio_X509);
    X509_STORE_add_cert(store, authority);
    X509_free(authority);
    return store;
  }

  template <typename T>
  static T* Parse(const std::string& pem, T* (*read)(BIO*, T**, pem_password_cb*, void*)) {
    BIO* bytes = BIO_new_mem_buf(pem.data(), -1);
    T* parsed = read(bytes, nullptr, nullptr, nullptr);
    BIO_free(bytes);
    return parsed;
  }

  const std::unique_ptr<X509, decltype(&X509_free)> certificate_;
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key_;
  mutable absl::Mutex mu_;
  std::string asked_for_ ABSL_GUARDED_BY(mu_);
  httplib::SSLServer server_;
  std::thread thread_;
  int port_ = 0;
};

TEST(Https, BelievesTheAuthoritiesThatItWasGiven) {
  const TestAuthority authority("Test CA");
  const HttpsServer server(authority.Issue());
  const auto answer = server.Ask({.ca_pem = authority.pem()});
  ASSERT_OK(answer.status());
  EXPECT_EQ(answer->body, "hi");
}

TEST(Https, BelievesNobodyElse) {
  const TestAuthority authority("Test CA"), other("Other CA");
  const HttpsServer server(authority.Issue());
  EXPECT_STATUS(server.Ask({}).status(), StatusCode::kFailedPrecondition,
                "GET /: the server's certificate is not trusted: its certificate is signed by an unknown authority "
                "(CN=Test CA)");
  EXPECT_STATUS(server.Ask({.ca_pem = other.pem()}).status(), StatusCode::kFailedPrecondition, "is not trusted");
}

TEST(Https, RefusesAnotherNameAndAnExpiredCertificate) {
  const TestAuthority authority("Test CA");
  const HttpsServer elsewhere(authority.Issue({.names = "DNS:elsewhere.test"}));
  EXPECT_STATUS(elsewhere.Ask({.ca_pem = authority.pem()}).status(), StatusCode::kFailedPrecondition,
                "its certificate is for elsewhere.test and not for 127.0.0.1");
  const HttpsServer expired(authority.Issue({.from_days = -9, .until_days = -1}));
  EXPECT_STATUS(expired.Ask({.ca_pem = authority.pem()}).status(), StatusCode::kFailedPrecondition,
                "its certificate has expired (CN=leaf, on ");
}

TEST(Https, ExpectsTheNameThatItWasGiven) {
  const TestAuthority authority("Test CA");
  const HttpsServer server(authority.Issue({.names = "DNS:elsewhere.test"}));
  EXPECT_OK(server.Ask({.ca_pem = authority.pem(), .server_name = "elsewhere.test"}).status());
  EXPECT_STATUS(server.Ask({.ca_pem = authority.pem(), .server_name = "gw.test"}).status(),
                StatusCode::kFailedPrecondition, "its certificate is for elsewhere.test and not for gw.test");
}

TEST(Https, AsksForTheNameThatItExpects) {
  const TestAuthority authority("Test CA");
  const HttpsServer server(authority.Issue({.names = "DNS:elsewhere.test"}));
  ASSERT_OK(server.Ask({.ca_pem = authority.pem(), .server_name = "elsewhere.test"}).status());
  EXPECT_EQ(server.asked_for(), "elsewhere.test");
  const HttpsServer by_address(authority.Issue());
  ASSERT_OK(by_address.Ask({.ca_pem = authority.pem()}).status());
  EXPECT_EQ(by_address.asked_for(), "") << "an address is no name";
}

TEST(Https, RefusesAuthoritiesThatAreNone) {
  EXPECT_STATUS(HttpClient::Create({.base_url = "https://127.0.0.1", .ca_pem = "none"}).status(),
                StatusCode::kInvalidArgument, "TLS_CA: no certificate");
}

TEST(Https, BelievesAnybodyByChoice) {
  const TestAuthority authority("Test CA");
  const HttpsServer server(authority.Issue({.names = "DNS:elsewhere.test"}));
  EXPECT_OK(server.Ask({.verify_tls = false}).status());
}

TEST(Https, ShowsItsCertificateToWhoAsks) {
  const TestAuthority authority("Test CA"), users("Users CA");
  const HttpsServer server(authority.Issue(), users.pem());
  EXPECT_FALSE(server.Ask({.ca_pem = authority.pem()}).ok());
  EXPECT_OK(server.Ask({.ca_pem = authority.pem(), .credential = users.Issue()}).status());
  EXPECT_OK(server.Ask({.credential = users.Issue(), .verify_tls = false}).status());
  EXPECT_FALSE(server.Ask({.ca_pem = authority.pem(), .credential = authority.Issue()}).ok());
}

TEST(Https, RefusesACertificateWithoutItsKey) {
  const TestAuthority users("Users CA");
  TlsCredential credential = users.Issue();
  credential.key_pem = users.Issue().key_pem;
  EXPECT_STATUS(
      HttpClient::Create({.base_url = "https://127.0.0.1", .ca_pem = users.pem(), .credential = credential}).status(),
      StatusCode::kInvalidArgument, "key: it does not belong to the certificate");
}

TEST(Https, SaysThatTheServerIsPlain) {
  httplib::Server plain;
  const int port = plain.bind_to_any_port("127.0.0.1");
  std::thread thread([&plain] { plain.listen_after_bind(); });
  httplib::Client("127.0.0.1", port).Get("/");
  auto client = HttpClient::Create({.base_url = "https://127.0.0.1:" + std::to_string(port), .verify_tls = false});
  ASSERT_OK(client.status());
  EXPECT_STATUS((*client)->Send({.path = "/"}).status(), StatusCode::kUnavailable,
                "TLS handshake failed; does the server speak TLS (https://) there?");
  plain.stop();
  thread.join();
}

}  // namespace
}  // namespace hoop
