#include "tools/service/tls_files.h"

#include <fmt/format.h>
#include <sys/stat.h>

namespace hoop {

TlsFiles::TlsFiles(TlsTexts texts) : texts_(std::move(texts)) {
  for (const std::string& text : {texts_.key, texts_.certificate, texts_.client_ca}) {
    if (auto path = PemFilePath(text)) files_.push_back(*std::move(path));
  }
}

absl::StatusOr<std::optional<GatewayTls>> TlsFiles::Read() {
  seen_ = Look();  // before the files: a change in between is seen the next time
  if (texts_.key.empty() && texts_.certificate.empty()) return std::nullopt;
  GatewayTls tls;
  const struct {
    const char* variable;
    const std::string& text;
    std::string& to;
  } rows[] = {{"TLS_KEY", texts_.key, tls.key},
              {"TLS_CERT", texts_.certificate, tls.certificate},
              {"TLS_CA", texts_.client_ca, tls.client_ca}};
  for (const auto& row : rows) {
    if (row.text.empty()) continue;
    auto pem = LoadPem(row.variable, row.text);
    if (!pem.ok()) return pem.status();
    row.to = *std::move(pem);
  }
  using ClientAuth = GatewayTls::ClientAuth;
  tls.client_auth = texts_.client_auth.value_or(tls.client_ca.empty() ? ClientAuth::kOff : ClientAuth::kOptional);
  return tls;
}

std::string TlsFiles::Look() const {
  std::string seen;
  for (const std::string& file : files_) {
    struct stat now = {};
    if (::stat(file.c_str(), &now) != 0) continue;  // on its way to being replaced
    seen += fmt::format("{}:{}:{}.{} ", now.st_ino, now.st_size, now.st_mtim.tv_sec, now.st_mtim.tv_nsec);
  }
  return seen;
}

}  // namespace hoop
