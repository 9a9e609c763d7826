// The words for what goes wrong in TLS, from OpenSSL's codes. Used by tls_context.cc, tls_engine.cc and
// outbound/server_trust.cc.
#pragma once

#include <openssl/ssl.h>

#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace hoop {

// "CN=gw.example.com,O=Example", printable and bounded.
std::string SubjectOf(const X509* certificate);
// "2027-01-31".
std::string DateText(const ASN1_TIME* time);

// What is wrong with a peer's certificate. `host` is the name that it should have had.
std::string VerifyText(X509_STORE_CTX* verification, std::string_view host);

// The oldest of OpenSSL's waiting errors in its own words; empties the queue.
std::string TakeTlsError();
// Why a handshake or a record failed, from OpenSSL's waiting errors; empties the queue. `verify_text`: what VerifyText
// said before, or "". FailedPrecondition: trying again does not help. Unavailable: it may.
absl::Status TakeTlsFailure(bool in_handshake, std::string_view verify_text);

}  // namespace hoop
