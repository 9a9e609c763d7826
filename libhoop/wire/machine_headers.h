// What a gateway is told about the machine that a client runs on. Called by Client.
#pragma once

#include <string>

#include "wire/metadata.h"

namespace hoop {

// hostname, platform, machine-id, kernel-version, version.
void AddMachineFacts(Metadata& metadata, const std::string& version);

}  // namespace hoop
