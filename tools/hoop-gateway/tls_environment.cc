#include "tls_environment.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cstdlib>

namespace {

std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

absl::Status ReadText(const char* variable, std::string& to) {
  const std::string value = Variable(variable);
  if (value.empty()) return absl::OkStatus();
  auto text = hoop::LoadPem(variable, value);
  if (text.ok()) to = *std::move(text);
  return text.status();
}

absl::Status ReadClientAuth(hoop::GatewayTls& tls) {
  using ClientAuth = hoop::GatewayTls::ClientAuth;
  const std::string value = Variable("TLS_CLIENT_AUTH");
  if (value.empty()) {
    tls.client_auth = tls.client_ca.empty() ? ClientAuth::kOff : ClientAuth::kOptional;
  } else if (value == "off") {
    tls.client_auth = ClientAuth::kOff;
  } else if (value == "optional") {
    tls.client_auth = ClientAuth::kOptional;
  } else if (value == "agents") {
    tls.client_auth = ClientAuth::kAgents;
  } else {
    return absl::InvalidArgumentError(fmt::format("TLS_CLIENT_AUTH: {} is none of off, optional, agents", value));
  }
  return absl::OkStatus();
}

}  // namespace

TlsEnvironment::TlsEnvironment() {
  for (const char* variable : {"TLS_KEY", "TLS_CERT", "TLS_CA"}) {
    if (auto path = hoop::PemFilePath(Variable(variable))) files_.push_back(*std::move(path));
  }
}

absl::StatusOr<std::optional<hoop::GatewayTls>> TlsEnvironment::Read() {
  seen_ = Look();  // before the files: a change in between is seen the next time
  hoop::GatewayTls tls;
  if (absl::Status status = ReadText("TLS_KEY", tls.key); !status.ok()) return status;
  if (absl::Status status = ReadText("TLS_CERT", tls.certificate); !status.ok()) return status;
  if (tls.key.empty() && tls.certificate.empty()) return std::nullopt;
  if (absl::Status status = ReadText("TLS_CA", tls.client_ca); !status.ok()) return status;
  if (absl::Status status = ReadClientAuth(tls); !status.ok()) return status;
  return tls;
}

std::string TlsEnvironment::Look() const {
  std::string seen;
  for (const std::string& file : files_) {
    struct stat now = {};
    if (::stat(file.c_str(), &now) != 0) continue;  // on its way to being replaced
    seen += fmt::format("{}:{}:{}.{} ", now.st_ino, now.st_size, now.st_mtim.tv_sec, now.st_mtim.tv_nsec);
  }
  return seen;
}
