// Whom a certificate has to be for: the one rule of every dialler. Used by tls_engine.cc and outbound/server_trust.cc.
#pragma once

#include <string>

struct X509_VERIFY_PARAM_st;

namespace hoop {

// An IPv4 or IPv6 address: certificates name these apart, and no server is asked for one by name (RFC 6066 3).
bool IsIpAddress(const std::string& host);

// As browsers and Go do: the host stands in the extension for names, never in the subject.
void RequireName(X509_VERIFY_PARAM_st* expected, const std::string& host);

}  // namespace hoop
