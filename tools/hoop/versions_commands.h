// `hoop versions`: programs of several versions side by side, for people who use gateways of several versions. They lie
// in versions/<version>/hoop beside the configuration file, and bin/hoop there links to the one in use.
#pragma once

#include <string>

#include "commands.h"

namespace hoop::cli {

struct VersionsOptions {
  std::string version;
  std::string from;  // the program's file
  bool use = false;
  bool reinstall = false;
  bool force = false;
};
int RunVersionsList(const Environment& environment, const VersionsOptions& options);
int RunVersionsInstall(const Environment& environment, const VersionsOptions& options);
int RunVersionsUse(const Environment& environment, const VersionsOptions& options);
int RunVersionsRemove(const Environment& environment, const VersionsOptions& options);
// The gateway's own version.
int RunVersionsSync(const Environment& environment, const VersionsOptions& options);

}  // namespace hoop::cli
