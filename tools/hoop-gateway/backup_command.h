// `hoop-gateway backup FILE [--force]` and `hoop-gateway restore FILE [--force]`, on the data folder that the
// environment names. Also reached as `hoop admin backup | restore`.
#pragma once

#include <string>
#include <vector>

#include "tools/service/variable.h"

bool IsBackupCommand(const std::vector<std::string>& words);

// The exit code.
int RunBackupCommand(const std::vector<std::string>& words, const hoop::Environment& environment);
