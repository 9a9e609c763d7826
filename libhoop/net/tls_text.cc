#include "net/tls_text.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <ctime>
#include <memory>

#include "base/status.h"

namespace hoop {
namespace {

constexpr size_t kNameBytesMax = 120;
constexpr int kNamesShown = 4;

std::string Shown(std::string_view text) {
  std::string result(text.substr(0, kNameBytesMax));
  std::replace_if(
      result.begin(), result.end(), [](char c) { return c < 0x20 || c > 0x7e; }, '?');
  if (text.size() > kNameBytesMax) result += "...";
  return result;
}

std::string NameText(const X509_NAME* name) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> bytes(BIO_new(BIO_s_mem()), BIO_free);
  X509_NAME_print_ex(bytes.get(), name, 0, XN_FLAG_RFC2253);
  char* text = nullptr;
  const long size = BIO_get_mem_data(bytes.get(), &text);
  return size > 0 ? Shown({text, static_cast<size_t>(size)}) : "nobody";
}

std::string IpText(const ASN1_OCTET_STRING* address) {
  const unsigned char* bytes = ASN1_STRING_get0_data(address);
  const int size = ASN1_STRING_length(address);
  if (size == 4) return fmt::format("{}.{}.{}.{}", bytes[0], bytes[1], bytes[2], bytes[3]);
  std::string text;
  for (int i = 0; i + 1 < size; i += 2) text += fmt::format("{}{:x}", i > 0 ? ":" : "", bytes[i] << 8 | bytes[i + 1]);
  return text;
}

// The names that a certificate is for: "gw.example.com, 192.0.2.1".
std::string NamesOf(const X509* certificate) {
  const std::unique_ptr<GENERAL_NAMES, decltype(&GENERAL_NAMES_free)> names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)),
      GENERAL_NAMES_free);
  std::string text;
  int shown = 0;
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    std::string one;
    if (name->type == GEN_DNS) {
      one = Shown({reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName)),
                   static_cast<size_t>(ASN1_STRING_length(name->d.dNSName))});
    } else if (name->type == GEN_IPADD) {
      one = IpText(name->d.iPAddress);
    } else {
      continue;
    }
    if (++shown > kNamesShown) return text + ", ...";
    text += (text.empty() ? "" : ", ") + one;
  }
  return text;
}

// Alerts of the peer, by their numbers (RFC 8446 6).
std::string_view AlertText(int alert) {
  switch (alert) {
    case SSL_AD_HANDSHAKE_FAILURE:
    case SSL_AD_INSUFFICIENT_SECURITY:
      return "it finds no parameters in common";
    case SSL_AD_BAD_CERTIFICATE:
    case SSL_AD_UNSUPPORTED_CERTIFICATE:
    case SSL_AD_CERTIFICATE_UNKNOWN:
      return "it does not accept our certificate";
    case SSL_AD_CERTIFICATE_REVOKED:
      return "our certificate is revoked";
    case SSL_AD_CERTIFICATE_EXPIRED:
      return "our certificate has expired";
    case SSL_AD_UNKNOWN_CA:
      return "our certificate is signed by an authority that it does not know";
    case SSL_AD_CERTIFICATE_REQUIRED:
      return "it demands a client certificate";
    case SSL_AD_PROTOCOL_VERSION:
      return "it speaks no TLS version that we speak (1.2 and newer)";
    case SSL_AD_UNRECOGNIZED_NAME:
      return "it does not know the server name that was asked for";
    case SSL_AD_NO_APPLICATION_PROTOCOL:
      return "it speaks no application protocol that we speak";
    default:
      return {};
  }
}

std::string_view ReasonText(int reason) {
  switch (reason) {
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_HTTP_REQUEST:
    case SSL_R_HTTPS_PROXY_REQUEST:
    case SSL_R_PACKET_LENGTH_TOO_LONG:
    case SSL_R_BAD_RECORD_TYPE:
      return "the peer does not speak TLS";
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_VERSION_TOO_LOW:
    case SSL_R_NO_PROTOCOLS_AVAILABLE:
    case SSL_R_UNKNOWN_PROTOCOL:
      return "the peer speaks no TLS version that we speak (1.2 and newer)";
    case SSL_R_NO_SHARED_CIPHER:
      return "the peer and we have no cipher in common";
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
      return "the peer shows no certificate";
    case SSL_R_NO_APPLICATION_PROTOCOL:
      return "the peer speaks no application protocol that we speak";
    case SSL_R_NO_RENEGOTIATION:
      return "the peer wants to renegotiate";
    default:
      return {};
  }
}

}  // namespace

std::string SubjectOf(const X509* certificate) { return NameText(X509_get_subject_name(certificate)); }

std::string DateText(const ASN1_TIME* time) {
  std::tm parts = {};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return "an unreadable date";
  return fmt::format("{:04}-{:02}-{:02}", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday);
}

std::string VerifyText(X509_STORE_CTX* verification, std::string_view host) {
  const X509* certificate = X509_STORE_CTX_get_current_cert(verification);
  const int error = X509_STORE_CTX_get_error(verification);
  if (certificate == nullptr) return X509_verify_cert_error_string(error);
  switch (error) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return fmt::format("its certificate has expired ({}, on {})", SubjectOf(certificate),
                         DateText(X509_get0_notAfter(certificate)));
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return fmt::format("its certificate is not valid yet ({}, from {})", SubjectOf(certificate),
                         DateText(X509_get0_notBefore(certificate)));
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
      return fmt::format("its certificate is signed by an unknown authority ({})",
                         NameText(X509_get_issuer_name(certificate)));
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH: {
      const std::string names = NamesOf(certificate);
      return fmt::format("its certificate is for {} and not for {}", names.empty() ? "no name" : names, Shown(host));
    }
    default:
      return fmt::format("its certificate is not good: {} ({})", X509_verify_cert_error_string(error),
                         SubjectOf(certificate));
  }
}

std::string TakeTlsError() {
  const unsigned long error = ERR_get_error();
  ERR_clear_error();
  const char* text = ERR_reason_error_string(error);
  return text == nullptr ? "unknown error" : text;
}

absl::Status TakeTlsFailure(bool in_handshake, std::string_view verify_text) {
  const unsigned long error = ERR_peek_error();
  const int reason = ERR_GET_LIB(error) == ERR_LIB_SSL ? ERR_GET_REASON(error) : 0;
  const std::string own_words = TakeTlsError();
  if (reason == SSL_R_CERTIFICATE_VERIFY_FAILED && !verify_text.empty()) {
    return FailedPrecondition("the peer is not trusted: {}", verify_text);
  }
  if (reason > SSL_AD_REASON_OFFSET) {
    const std::string_view alert = AlertText(reason - SSL_AD_REASON_OFFSET);
    if (!alert.empty()) return FailedPrecondition("the peer refuses: {}", alert);
    return Unavailable("the peer gives up ({})", own_words);
  }
  const std::string_view text = ReasonText(reason);
  if (!text.empty()) return FailedPrecondition("{}", text);
  if (in_handshake) return FailedPrecondition("{}", own_words);
  return Unavailable("the peer sends broken TLS ({})", own_words);
}

}  // namespace hoop
