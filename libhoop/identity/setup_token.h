// The token that lets the first user register where nobody has an account yet: printed once, kept in a file until it
// was used. Called by the gateway at its start and by rest/ when somebody registers.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace hoop {

// Owned by Gateway. Worker threads.
class SetupToken final {
 public:
  // The token in `path` (0600), made when there is none.
  static absl::StatusOr<SetupToken> Create(std::string path);

  const std::string& text() const { return text_; }
  bool Matches(std::string_view offered) const;

  // The first user is there: the file goes. Calling it again is fine.
  absl::Status Retire() const;

 private:
  SetupToken(std::string path, std::string text) : path_(std::move(path)), text_(std::move(text)) {}

  std::string path_;
  std::string text_;
};

}  // namespace hoop
