// READ THIS FIRST. Where a client's stream enters the gateway: who is it, may he use this connection, which agent
// serves it; then a Session begins. Data streams of running sessions pass through here too.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "base/log.h"
#include "gateway/admission.h"
#include "gateway/session_directory.h"
#include "gateway/unbegun_sessions.h"
#include "hoop/audit_store.h"
#include "hoop/clock.h"
#include "hoop/idp_verifier.h"
#include "router/agent_router.h"
#include "session/session_context.h"
#include "store/store.h"

namespace hoop {

// A command that the gateway itself runs, for somebody whom REST has identified (gateway/exec_runs.h).
struct OwnCommand {
  std::string session_id;  // minted by us
  Identity identity;
  std::string bearer;  // by which it was identified
  SessionNotes notes;  // all but the connection's tags
};

// Owned by Gateway; loop thread only.
class ClientEntry final {
 public:
  ClientEntry(Loop& loop, Log log, Clock& clock, Store& store, IdpVerifier& verifier, AuditStore& audit,
              AgentRouter& router, SessionDirectory& sessions, Admission& admission, UnbegunSessions& unbegun);
  ~ClientEntry();

  // A stream with origin client and a bearer token: authenticates and authorizes it on a worker, waits for the agent,
  // begins the session. Every refusal ends the stream with the status and text that real peers expect.
  void Enter(Admission::Candidate candidate, std::string bearer);

  // The client's end is ours: the same rules, but for the token. The session's row is there before its agent is waited
  // for; who asks for the command ends it when the session never begins.
  void EnterOwn(Admission::Candidate candidate, OwnCommand command);

  // A data stream of a running session: the bearer must be the one of its control stream.
  void EnterDataStream(Admission::Candidate candidate, std::string_view bearer);

  // Nobody enters any more.
  void Close() { closed_ = true; }

 private:
  // What the worker found out about a candidate.
  struct Admitted {
    SessionContext context;
    std::string user_key;
    std::string bearer;
    std::string route;             // to its agent
    bool agent_on_demand = false;  // it connects when somebody waits for it
    absl::Status offline;          // what is said when it stays away
    SessionNotes notes;
    bool stored = false;  // the session's row
  };
  struct Offline;
  using Judge = absl::AnyInvocable<absl::StatusOr<Admitted>(const Metadata&)>;

  // Asks `judge` on a worker.
  void Admit(Admission::Candidate candidate, Admission::Asked asked, Judge judge);
  absl::StatusOr<Admitted> Authorize(const std::string& bearer, const Metadata& metadata) const;
  absl::StatusOr<Admitted> AdmitOwn(const OwnCommand& command, const Metadata& metadata) const;
  absl::StatusOr<ConnectionRow> FindConnection(const Identity& identity, const Metadata& metadata) const;
  static absl::Status CheckServed(const SessionHead& head, const ConnectionRow& connection);
  SessionContext BuildContext(const Identity& identity, const ConnectionRow& connection,
                              const Metadata& metadata) const;
  void AwaitAgent(Admission::Candidate candidate, Admitted admitted);
  // `last`: goes before the status.
  void NoteAndRefuse(Admission::Candidate candidate, Admitted admitted, absl::Status status,
                     std::optional<Packet> last = std::nullopt);
  void StoreAndBegin(Admission::Candidate candidate, Admitted admitted);
  void Begin(Admission::Candidate candidate, Admitted admitted);
  void OnSessionOver(const std::string& session_id);

  Loop& loop_;
  const Log log_;
  Clock& clock_;
  Store& store_;
  IdpVerifier& verifier_;
  AuditStore& audit_;
  AgentRouter& router_;
  SessionDirectory& sessions_;
  Admission& admission_;
  UnbegunSessions& unbegun_;
  bool closed_ = false;
  uint64_t last_offline_ = 0;
  std::map<uint64_t, std::unique_ptr<Offline>> offline_;  // candidates whose agent is not there yet
};

}  // namespace hoop
