#include "gateway/start_trial.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>

#include "base/status.h"
#include "base/status_macros.h"
#include "gateway/data_folder.h"
#include "gateway/secrets_rotation.h"
#include "store/store_look.h"

namespace hoop {
namespace {

// Writes and removes a file: also a disk without room says so.
absl::Status TryToWrite(const std::string& folder, const std::string& called) {
  std::string file = folder + "/.check-XXXXXX";
  const int descriptor = ::mkostemp(file.data(), O_CLOEXEC);
  if (descriptor < 0) return ErrnoStatus(errno, called);
  const bool wrote = ::write(descriptor, "x", 1) == 1;
  const int error = errno;
  ::close(descriptor);
  ::unlink(file.c_str());
  return wrote ? absl::OkStatus() : ErrnoStatus(error, called);
}

absl::StatusOr<std::string> TryFolder(const std::string& what, const std::string& field, const std::string& path) {
  const std::string found_as = fmt::format("{} {}", what, path);
  const std::string called = fmt::format("{}: {}", field, path);  // in errors
  std::error_code error;
  std::filesystem::path wanted = std::filesystem::absolute(path, error).lexically_normal();
  if (error) return ErrnoStatus(error.value(), called);
  if (!wanted.has_filename()) wanted = wanted.parent_path();  // a slash at its end
  std::filesystem::path there = wanted;
  struct stat found = {};
  while (::stat(there.c_str(), &found) != 0) {
    if (errno != ENOENT || there == there.root_path()) return ErrnoStatus(errno, called);
    there = there.parent_path();
  }
  if (there == wanted) {
    HOOP_RETURN_IF_ERROR(TryToWrite(there.string(), called));
    return found_as + ": can be written";
  }
  HOOP_RETURN_IF_ERROR(TryToWrite(there.string(), fmt::format("{}: in {}", called, there.string())));
  return found_as + ": the start makes it";
}

}  // namespace

absl::StatusOr<std::vector<std::string>> TryStart(const GatewayOptions& options) {
  std::vector<std::string> lines;
  HOOP_RETURN_IF_ERROR(DataFolder::CheckMode(options.data_dir));
  const std::string journal =
      options.journal_dir.empty() ? options.data_dir + "/" + kJournalFolder : options.journal_dir;
  HOOP_ASSIGN_OR_RETURN(lines.emplace_back(), TryFolder("data folder", "data_dir", options.data_dir));
  HOOP_ASSIGN_OR_RETURN(lines.emplace_back(), TryFolder("journal", "journal_dir", journal));
  HOOP_ASSIGN_OR_RETURN(const std::unique_ptr<SecretBox> box,
                        FindSecretBox(SecretsKeyOf(options.secrets_key, options.data_dir)));
  HOOP_ASSIGN_OR_RETURN(std::string database, LookAtStore(StoreAddressOf(options, options.data_dir), box.get()));
  lines.push_back("database " + database);
  if (std::string left = LeftOfRotation(options.data_dir, box.get()); !left.empty()) lines.push_back(std::move(left));
  return lines;
}

}  // namespace hoop
