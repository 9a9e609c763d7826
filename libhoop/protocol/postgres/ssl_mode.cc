#include "protocol/postgres/ssl_mode.h"

#include "base/status.h"

namespace hoop::postgres {
namespace {

constexpr size_t kWordBytesMax = 16;  // of a mode, with room for a slip

}  // namespace

std::string_view SslModeName(SslMode mode) {
  switch (mode) {
    case SslMode::kDisable:
      return "disable";
    case SslMode::kPrefer:
      return "prefer";
    case SslMode::kRequire:
      return "require";
    case SslMode::kVerifyCa:
      return "verify-ca";
    case SslMode::kVerifyFull:
      return "verify-full";
  }
  return "unknown";
}

absl::StatusOr<SslMode> ParseSslMode(std::string_view text) {
  if (text.empty()) return SslMode::kPrefer;
  for (const SslMode mode :
       {SslMode::kDisable, SslMode::kPrefer, SslMode::kRequire, SslMode::kVerifyCa, SslMode::kVerifyFull}) {
    if (text == SslModeName(mode)) return mode;
  }
  // The words of real agents, which repeat the value; but it is a secret's, and what is no misspelt word may be one.
  const bool is_word = text.size() <= kWordBytesMax;
  return InvalidArgument("wrong option ({}) for SSLMODE, accept only: [disable prefer require verify-ca verify-full]",
                         is_word ? fmt::format("\"{}\"", text) : fmt::format("{} bytes", text.size()));
}

}  // namespace hoop::postgres
