// From the type and subtype that a connection is stored with to the type that is said on the wire.
// Source: the mapping of 2026 gateways, which agents of both eras understand.
#pragma once

#include <string_view>

namespace hoop {

// "database"/"postgres" -> "postgres", "application"/"tcp" -> "tcp", "custom"/anything -> "command-line" ...
// Never "application", which newer command lines do not know.
std::string_view WireType(std::string_view type, std::string_view subtype);

}  // namespace hoop
