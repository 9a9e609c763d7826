// The rules for names that users give: resources, groups, tags. Pure functions; used when something is created.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace hoop::rest {

// Letters, digits and '_', with single '-' or '.' inside; 3 to 254 characters. InvalidArgument.
absl::Status CheckName(std::string_view name);

// A tag, an attribute, a filter's value: 1 to 128 letters, digits and '_', with single '-' or '.' inside.
// InvalidArgument names `member`.
absl::Status CheckWord(std::string_view member, std::string_view word);

// Each name of a group: up to 180 bytes of printable text without spaces around it. InvalidArgument.
absl::Status CheckGroups(const std::vector<std::string>& names);

// A name that stands in paths - a service account's subject, an API key's name: the same, up to 254 bytes, without a
// slash. InvalidArgument names `member`.
absl::Status CheckLine(std::string_view member, std::string_view text);

// connection_tags: the key and the value of one. InvalidArgument.
absl::Status CheckTag(std::string_view key, std::string_view value);

// A key of `secret`, "envvar:NAME" or "filesystem:NAME", with a value in base64. InvalidArgument; never the value.
absl::Status CheckSecret(std::string_view key, std::string_view value);

}  // namespace hoop::rest
