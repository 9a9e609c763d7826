// TestAuthority for C, and a TLS client that looks at a certificate and leaves.
#include "tests/c/authority.h"

#include <openssl/ssl.h>

#include <array>
#include <cstring>
#include <memory>
#include <string>

#include "tests/support/test_authority.h"

namespace {

const hoop::TestAuthority& Authority(int which) {
  static const std::array<hoop::TestAuthority, AUTHORITIES> kAll = {hoop::TestAuthority("ours"),
                                                                    hoop::TestAuthority("foreign")};
  return kAll.at(static_cast<size_t>(which));
}

}  // namespace

const char* authority_certificate(int authority) {
  static const std::array<std::string, AUTHORITIES> kPems = {Authority(OUR_AUTHORITY).pem(),
                                                             Authority(FOREIGN_AUTHORITY).pem()};
  return kPems.at(static_cast<size_t>(authority)).c_str();
}

void issue_certificate(int authority, const char* subject, char** certificate, char** key) {
  const hoop::TlsCredential credential = Authority(authority).Issue({.subject = subject});
  *certificate = ::strdup(credential.certificate_pem.c_str());
  *key = ::strdup(credential.key_pem.c_str());
}

char* shown_name(const char* address) {
  const std::unique_ptr<SSL_CTX, decltype(&::SSL_CTX_free)> context(::SSL_CTX_new(::TLS_client_method()),
                                                                    ::SSL_CTX_free);
  const std::unique_ptr<BIO, decltype(&::BIO_free_all)> bio(::BIO_new_ssl_connect(context.get()), ::BIO_free_all);
  BIO_set_conn_hostname(bio.get(), address);
  std::array<char, 256> name = {};
  SSL* ssl = nullptr;
  BIO_get_ssl(bio.get(), &ssl);
  if (BIO_do_handshake(bio.get()) == 1) {
    X509* const shown = ::SSL_get1_peer_certificate(ssl);
    ::X509_NAME_get_text_by_NID(::X509_get_subject_name(shown), NID_commonName, name.data(), name.size());
    ::X509_free(shown);
  }
  return ::strdup(name.data());
}
