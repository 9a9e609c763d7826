// The folder that holds the secret files of one agent's life: 0700, locked while the agent or anything it started
// lives, swept by a later start once nobody holds the lock any more.
#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "net/descriptor.h"

namespace hoop {

// Owned by the agent. The lock belongs to the open folder: warden and keepers inherit it, so that files in use are
// safe from the sweep of another start even when the agent is dead.
class SecretFolder final {
 public:
  // Removes the folders that dead agents left in `runtime_dir`, then makes a new one. The text names the folder.
  static absl::StatusOr<std::unique_ptr<SecretFolder>> Create(const std::string& runtime_dir);
  ~SecretFolder();  // removes it

  const std::string& path() const { return path_; }
  const Descriptor& descriptor() const { return descriptor_; }

  // A path for a file that does not exist yet.
  std::string NewFileName() const;

 private:
  SecretFolder(std::string path, Descriptor descriptor) : path_(std::move(path)), descriptor_(std::move(descriptor)) {}

  const std::string path_;
  const Descriptor descriptor_;
};

// Removes a secret folder and the files in it. What is not there is no error.
void RemoveSecretFolder(const std::string& path, const Descriptor& folder);

}  // namespace hoop
