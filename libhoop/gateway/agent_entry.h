// Where an agent's stream enters the gateway: its key is checked, its link is made, its data streams find their
// sessions. Agents that connect on demand ask here whether somebody waits for them.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/log.h"
#include "gateway/admission.h"
#include "gateway/published_connections.h"
#include "hoop/clock.h"
#include "identity/agent_keys.h"
#include "router/agent_router.h"
#include "store/store.h"

namespace hoop {

// Owned by Gateway; loop thread only.
class AgentEntry final {
 public:
  AgentEntry(Log log, Clock& clock, Store& store, AgentVerifier& verifier, PublishedConnections& published,
             AgentRouter& router, Admission& admission, bool demands_certificates);

  // A stream with origin agent. Unauthenticated: its connection showed no client certificate that is demanded.
  void Enter(Admission::Candidate candidate, std::string bearer);
  // A data stream that the gateway asked for. PermissionDenied: a foreign, used or late token.
  void EnterDataStream(Admission::Candidate candidate, std::string_view bearer);
  // An agent that connects on demand asks whether somebody waits for it, and may say which connection it brings along.
  void PreConnect(std::unique_ptr<UnaryCall> call, std::string bearer);
  // An agent of ours asks on one connection: with it, it is gone.
  void OnConnectionEnd(uint64_t connection) { router_.ForgetPolls(connection); }
  void Close() { closed_ = true; }

 private:
  // What the worker found out about an agent: who it is, under which routes it is reachable.
  struct Verified {
    AgentRow row;
    std::vector<std::string> routes;
  };
  // What it found out about one that asks.
  struct Polled {
    AgentRow row;
    std::string route;     // empty: its connection is none of its
    absl::Status refused;  // then: why
  };

  absl::StatusOr<Verified> Verify(const std::string& bearer, const std::string& connection, const std::string& items);
  absl::StatusOr<Polled> Poll(const std::string& bearer, const PreConnectRequest& request);
  void NotePoll(UnaryCall& call, const Polled& polled, bool is_ours);
  void AnswerPoll(UnaryCall& call, const Polled& polled, const std::string& name);
  void Register(Admission::Candidate candidate, Verified verified, std::string bearer_hash);

  const Log log_;
  Clock& clock_;
  Store& store_;
  AgentVerifier& verifier_;
  PublishedConnections& published_;
  AgentRouter& router_;
  Admission& admission_;
  const bool demands_certificates_;
  bool closed_ = false;
};

}  // namespace hoop
