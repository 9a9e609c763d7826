// Where an agent's stream enters the gateway: its key is checked, its link is made, its data streams find their
// sessions.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/log.h"
#include "gateway/admission.h"
#include "hoop/clock.h"
#include "identity/agent_keys.h"
#include "router/agent_router.h"
#include "store/store.h"

namespace hoop {

// Owned by Gateway; loop thread only.
class AgentEntry final {
 public:
  AgentEntry(Log log, Clock& clock, Store& store, AgentVerifier& verifier, AgentRouter& router, Admission& admission,
             bool demands_certificates);

  // A stream with origin agent. Unauthenticated: its connection showed no client certificate that is demanded.
  void Enter(Admission::Candidate candidate, std::string bearer);
  // A data stream that the gateway asked for. PermissionDenied: a foreign, used or late token.
  void EnterDataStream(Admission::Candidate candidate, std::string_view bearer);
  // An agent that connects on demand asks whether somebody waits for it.
  void PreConnect(std::unique_ptr<UnaryCall> call);
  void Close() { closed_ = true; }

 private:
  void Register(Admission::Candidate candidate, const AgentRow& row, std::string bearer_hash);

  const Log log_;
  Clock& clock_;
  Store& store_;
  AgentVerifier& verifier_;
  AgentRouter& router_;
  Admission& admission_;
  const bool demands_certificates_;
  bool closed_ = false;
};

}  // namespace hoop
