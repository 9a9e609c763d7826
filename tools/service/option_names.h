// Texts of the library about an option, in the words of a program. Used by hoop-gateway and `hoop start dev`.
#pragma once

#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"

namespace hoop {

// A field of GatewayOptions or BackupOptions, and the variable or argument that sets it.
using OptionNames = std::vector<std::pair<std::string_view, std::string_view>>;

// The library's texts begin with the field's name, as in "data_dir: /x: another gateway runs in it", and so does what
// they say of a second one behind "; ". Users know only what they set it by.
absl::Status WithNames(const absl::Status& status, const OptionNames& names);

}  // namespace hoop
