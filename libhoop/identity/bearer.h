// The text of an authorization header. Used at the listener for gRPC and in rest/.
#pragma once

#include <optional>
#include <string_view>

namespace hoop {

// The token of "Bearer <token>": exactly one space, case sensitive, nothing else. A view into `header`.
std::optional<std::string_view> BearerToken(std::string_view header);

}  // namespace hoop
