// The arguments of `hoop`: CLI11 is only here. main() calls it, it calls a command.
#pragma once

#include "program.h"

namespace hoop::cli {

// Parses, runs, answers with the exit code. Usage errors are one line on stderr.
int RunCommandLine(int argc, char** argv, const Environment& environment);

}  // namespace hoop::cli
