#include "identity/setup_token.h"

#include <unistd.h>

#include <cerrno>

#include "base/ids.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "identity/digest.h"
#include "identity/secret_file.h"

namespace hoop {
namespace {

constexpr size_t kTokenBytes = 24;

}  // namespace

absl::StatusOr<SetupToken> SetupToken::Create(std::string path) {
  absl::StatusOr<std::string> text = ReadSecretFile(path);
  if (absl::IsNotFound(text.status())) {
    const absl::Status created = CreateSecretFile(path, RandomToken(kTokenBytes) + "\n");
    if (!created.ok() && !absl::IsAlreadyExists(created)) return created;
    text = ReadSecretFile(path);
  }
  HOOP_RETURN_IF_ERROR(text.status());
  while (!text->empty() && text->back() == '\n') text->pop_back();
  // An emptied file would let everybody in.
  if (text->empty()) return FailedPrecondition("file {}: it is empty, remove it", path);
  return SetupToken(std::move(path), *std::move(text));
}

bool SetupToken::Matches(std::string_view offered) const { return EqualSecrets(offered, text_); }

absl::Status SetupToken::Retire() const {
  if (::unlink(path_.c_str()) == 0 || errno == ENOENT) return absl::OkStatus();
  return ErrnoStatus(errno, fmt::format("file {}", path_));
}

}  // namespace hoop
