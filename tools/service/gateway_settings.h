// What hoop-gateway is told by its environment. The table in the .cc is docs/environment.md and `hoop-gateway --help`.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "hoop/gateway.h"
#include "tools/service/log_settings.h"
#include "tools/service/option_names.h"
#include "tools/service/tls_files.h"
#include "tools/service/variable.h"

namespace hoop {

struct GatewaySettings {
  GatewayOptions options;
  TlsTexts tls;  // as written; options.tls is what they held at the start
  LogSettings log;
  std::string new_secrets_key;  // for the command reencrypt-secrets
  absl::Duration shutdown_deadline = absl::Seconds(10);
  std::vector<std::string> notes;  // for the log, once there is one

  std::string port;  // PORT
};

// Rows that store into `to`, which outlives them.
Variables GatewayVariables(GatewaySettings& to);

// By which variables the fields of GatewayOptions and BackupOptions are set, where the library names them in errors.
const OptionNames& GatewayOptionNames();

// Fills `settings`. InvalidArgument: one line that names the variable.
absl::Status ReadGatewaySettings(const Environment& environment, GatewaySettings& settings);

}  // namespace hoop
