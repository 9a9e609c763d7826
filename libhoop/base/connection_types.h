// What a connection speaks on the wire, by the type and subtype it is stored with, and the command it gets when none is
// given. Pure functions, used by gateway/, rest/ and client/. Source: the mapping of 2026 gateways, which agents of
// both eras understand; never "application", which newer command lines do not know.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace hoop {

// False for a type that no connection may have.
bool IsConnectionType(std::string_view type);

// postgres, tcp, command-line ...: as said on the wire.
std::string WireType(std::string_view type, std::string_view subtype);

// Empty for protocols that need no command.
std::vector<std::string> DefaultCommand(std::string_view protocol);

}  // namespace hoop
