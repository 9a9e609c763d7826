// A certificate authority for tests: makes certificates that are good, expired, for other names, signed by others.
#pragma once

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>
#include <vector>

#include "net/tls_context.h"

namespace hoop {

class TestAuthority final {
 public:
  struct Wanted {
    std::string subject = "leaf";
    std::string names = "DNS:gw.test,IP:127.0.0.1";  // as in openssl.cnf; empty: none
    long from_days = -1;
    long until_days = 30;
    const char* usage = "serverAuth,clientAuth";
  };

  explicit TestAuthority(const std::string& name)
      : key_(NewKey()), certificate_(Make({.subject = name, .names = "", .usage = ""}, key_.get(), true)) {}

  std::string pem() const { return Pem(certificate_.get()); }

  TlsCredential Issue(const Wanted& wanted) const {
    const Key key = NewKey();
    return {Pem(Make(wanted, key.get(), false).get()), Pem(key.get())};
  }
  TlsCredential Issue() const { return Issue(Wanted()); }

 private:
  using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
  using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

  static Key NewKey() { return {EVP_EC_gen("P-256"), EVP_PKEY_free}; }

  static std::string Taken(BIO* bytes) {
    char* text = nullptr;
    const long size = BIO_get_mem_data(bytes, &text);
    std::string result(text, static_cast<size_t>(size));
    BIO_free(bytes);
    return result;
  }
  static std::string Pem(X509* certificate) {
    BIO* bytes = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(bytes, certificate);
    return Taken(bytes);
  }
  static std::string Pem(EVP_PKEY* key) {
    BIO* bytes = BIO_new(BIO_s_mem());
    PEM_write_bio_PrivateKey(bytes, key, nullptr, nullptr, 0, nullptr, nullptr);
    return Taken(bytes);
  }

  Certificate Make(const Wanted& wanted, EVP_PKEY* key, bool is_authority) const {
    Certificate made(X509_new(), X509_free);
    static long serial = 0;
    X509_set_version(made.get(), X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(made.get()), ++serial);
    X509_time_adj_ex(X509_getm_notBefore(made.get()), static_cast<int>(wanted.from_days), 0, nullptr);
    X509_time_adj_ex(X509_getm_notAfter(made.get()), static_cast<int>(wanted.until_days), 0, nullptr);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(wanted.subject.c_str()), -1, -1, 0);
    X509_set_issuer_name(made.get(), X509_get_subject_name(is_authority ? made.get() : certificate_.get()));
    X509_set_pubkey(made.get(), key);
    Extend(made.get(), NID_basic_constraints, is_authority ? "critical,CA:TRUE" : "CA:FALSE");
    if (!wanted.names.empty()) Extend(made.get(), NID_subject_alt_name, wanted.names.c_str());
    if (*wanted.usage != '\0') Extend(made.get(), NID_ext_key_usage, wanted.usage);
    X509_sign(made.get(), key_.get(), EVP_sha256());
    return made;
  }
  static void Extend(X509* certificate, int nid, const char* value) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, nid, value);
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
  }

  const Key key_;
  const Certificate certificate_;
};

}  // namespace hoop
