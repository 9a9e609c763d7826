// What a gateway is told about the machine that a client or agent runs on. Called by Client and DialLoop.
#pragma once

#include <string>

#include "wire/metadata.h"

namespace hoop {

// version, hostname, platform, machine-id, kernel-version; the programs' own: go-version and compiler have no meaning
// here and are left out.
void AddMachineHeaders(Metadata& metadata, const std::string& version);

}  // namespace hoop
