// What all sessions of an agent share. Made by Agent, handed down by reference.
#pragma once

#include <map>
#include <string>

#include "base/log.h"
#include "net/event_loop.h"

namespace hoop {

class HostService;
class SaltedPasswords;
class TlsContexts;
class WardenLink;

// Outlives the sessions. Its loop's thread only.
struct AgentContext {
  EventLoop& loop;
  WardenLink& warden;
  TlsContexts& tls_contexts;
  SaltedPasswords& salted_passwords;
  // The agent's own variables: PATH and HOME are for every command, others where a connection asks for them.
  const std::map<std::string, std::string>& environment;
  Log log;
  bool require_verified_tls = false;                    // as AgentOptions says
  std::map<std::string, HostService*> host_services{};  // by name
  bool exports_environment = false;                     // all own variables go into every session
};

}  // namespace hoop
