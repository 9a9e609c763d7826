// hoop_options: what was set so far, as the options of the class it is for.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <variant>

#include "hoop/agent.h"
#include "hoop/gateway.h"
#include "log.h"
#include "service.h"
#include "verifier.h"

// Shared: what was made of these options goes on using log, services and verifier when the options are destroyed.
struct hoop_options {
  std::variant<hoop::AgentOptions, hoop::GatewayOptions, hoop::ConnectionConfig> values;
  bool says_client_auth = false;  // of a gateway: else it follows from its other values
  std::shared_ptr<hoop::c::CallbackLog> log;
  std::map<std::string, std::shared_ptr<hoop::c::CallbackService>> services;
  std::shared_ptr<hoop::c::CallbackVerifier> verifier;
};
