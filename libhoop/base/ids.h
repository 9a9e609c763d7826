// Identifiers minted by us. No string from outside ever becomes one.
#pragma once

#include <string>
#include <string_view>

namespace hoop {

// A random UUID (RFC 4122 version 4), lower case with dashes, 36 characters.
std::string NewUuid();

// True for 36 characters of the form that NewUuid makes (any version).
bool IsUuid(std::string_view text);

// `bytes` random bytes from the kernel, as base64url without padding: for tokens and secrets.
std::string RandomToken(size_t bytes);

// Fills `out` from the kernel's generator.
void RandomBytes(void* out, size_t size);

}  // namespace hoop
