// What a connection speaks, by its type and subtype, and the command it gets when none is given. Pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace hoop::rest {

// False for a type that no connection may have.
bool IsConnectionType(std::string_view type);

// postgres, tcp, command-line ...: as said on the wire.
std::string ProtocolOf(std::string_view type, std::string_view subtype);

// Empty for protocols that need no command.
std::vector<std::string> DefaultCommand(std::string_view protocol);

}  // namespace hoop::rest
