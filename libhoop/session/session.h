// One use of a connection by one user: what happens between client and agent. Opened by gateway/client_entry, fed by
// the client's streams and the agent's leg, ended by one function that seals the record whatever happened.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "base/log.h"
#include "base/loop.h"
#include "hoop/audit_store.h"
#include "session/agent_leg.h"
#include "session/bulk_pacer.h"
#include "session/flow_table.h"
#include "session/pipeline.h"
#include "session/session_context.h"
#include "session/shared_replies.h"
#include "session/watched_record.h"
#include "wire/packet_stream.h"

namespace hoop {

// Why a session ends, and what each side is told.
struct Ending {
  std::string reason;            // sealed in the record, one line
  std::string text;              // for the client's user; empty after a good end
  std::optional<int> exit_code;  // as the agent's close says it
  absl::Status status;           // of the client's stream
  bool retry = false;            // a new session may work: our client tries again
  // Neither the agent's close nor the client: a kill, a lost agent, a rule that was broken. Real gateways record 254
  // then and end the client's stream without a close, so that real command lines end with 1: we say both.
  bool interrupted = false;

  std::optional<int> recorded_code() const { return interrupted ? kInterruptedCode : exit_code; }
  int told_code() const;

  static constexpr int kInterruptedCode = 254;
};

// Owned by the gateway's table of live sessions; loop thread only. `ended` is called once, last, when nothing is left
// to do; it may destroy the session (not synchronously: Loop::DestroyLater).
class Session final : public PacketStream::Receiver,
                      public AgentLeg::Receiver,
                      public RecordObserver,
                      private SharedReplies::Owner {
 public:
  Session(Loop& loop, Log log, AuditStore& audit, BulkPacer& pacer, SessionContext context,
          std::unique_ptr<PacketStream> control, std::unique_ptr<AgentLeg> agent, absl::AnyInvocable<void()> ended);
  ~Session() override;

  // Begins to receive; the client's AgentSessionOpen opens the record and goes on to the agent.
  void Start();

  const SessionContext& context() const { return context_; }
  const std::string& id() const { return context_.head.session_id; }

  // A data stream that the client opened for one connection id. InvalidArgument: not an id; AlreadyExists: it is in
  // use or was. FailedPrecondition: the session is not open. ResourceExhausted: limits::kConnectionIdsMax.
  absl::Status AddClientStream(std::string_view connection_id, std::unique_ptr<PacketStream>& stream);

  // Ends the session and seals its record. The first call counts, later ones do nothing.
  void Finish(Ending ending);

  // From now on `watcher` hears what is recorded, for as long as it exists; of a session that is over, just that.
  void Watch(std::weak_ptr<RecordWatcher> watcher);

  // A stage that answered Hold has decided. NotFound: nothing is held there.
  absl::Status Resume(std::string_view connection_id, Direction direction, Verdict verdict);

  // The client's open was recorded: the record will be sealed.
  bool recorded() const { return record_ != nullptr; }
  const Ending& ending() const { return ending_; }
  bool finishing() const { return state_ == State::kFinishing || state_ == State::kOver; }

 private:
  friend class Flow;
  enum class State { kStarting, kOpening, kRunning, kFinishing, kOver };

  // PacketStream::Receiver of the client's control stream.
  void OnPacket(Packet packet) override;
  void OnPeerDone() override;
  void OnEnd(const absl::Status& status) override;
  void OnDrained() override;
  // AgentLeg::Receiver.
  void OnAgentPacket(Packet packet) override;
  void OnAgentGone(const absl::Status& status) override;
  void OnAgentDrained() override;
  // RecordObserver.
  void OnRecordFailed(const absl::Status& status) override;
  void OnRecordPressure(bool stop_reading) override;

  // Called by flows.
  void OnFlowPacket(Flow& flow, Direction direction, Packet packet);
  void OnFlowStreamEnd(Flow& flow, Direction direction);
  void OnAgentStreamMissing(Flow& flow, const absl::Status& status);
  void ReleaseAtTurnEnd(Flow& flow);
  void PlanRelease();
  // A flow on the shared control stream wants it read, or not.
  void OnSharedReading(bool reading);
  void UpdateControlReading();
  // SharedReplies::Owner.
  PacketStream* client_control() override { return client_gone_ ? nullptr : control_.get(); }
  AgentLeg* agent() override { return agent_gone_ ? nullptr : agent_.get(); }
  void CountSharedReplies() override;
  size_t client_queued_bytes() const override;
  void OnStalled() override;

  void OpenSession(Packet packet);
  absl::Status TakeClientVariables(const Packet& client_open);
  absl::Status LimitTime(std::string_view asked);
  Packet BuildAgentOpen(const Packet& client_open);
  bool FitsAgentStream(const Packet& packet);
  void OnRequest(Packet packet, Flow* own);
  void PassClose(Packet packet, Flow* flow);
  void OnReply(Packet packet, Flow* own);
  void OnOpenOk(Packet packet);
  void OnAgentClose(const Packet& packet);
  void OnAgentLost(std::string_view why);
  void Run(Flow& flow, Direction direction, Packet packet, size_t first_stage = 0,
           SessionRecord::Position position = 0);
  void ForwardRequest(Flow& flow, Packet packet, SessionRecord::Position position);
  void ForwardReply(Flow& flow, Packet packet);
  bool Park(Flow& flow, Direction direction, Pipeline::Outcome& outcome, SessionRecord::Position position);

  Flow* FlowOf(const Packet& packet);
  void CloseFlow(Flow& flow);
  void CloseToClient(Flow& flow, std::string_view why);
  void CloseToAgent(Flow& flow);
  void Release();

  void SealRecord();
  void TellAgent();
  void TellClient(const absl::Status& sealed);
  void WaitForClient(size_t queued_before);
  void MaybeOver();

  Loop& loop_;
  const Log log_;
  AuditStore& audit_;
  BulkPacer& pacer_;
  SessionContext context_;
  std::unique_ptr<PacketStream> control_;
  std::unique_ptr<AgentLeg> agent_;
  absl::AnyInvocable<void()> ended_;

  RecordWatchers watchers_;
  std::unique_ptr<SessionRecord> record_;
  Pipeline pipeline_;
  State state_ = State::kStarting;
  bool client_gone_ = false;
  bool agent_gone_ = false;
  bool client_told_ = false;
  bool pressure_ = false;
  bool release_planned_ = false;
  int blocked_flows_ = 0;             // that do not want the shared control stream read
  std::optional<Packet> agent_open_;  // leaves when the open record is written
  Ending ending_;

  SharedReplies shared_replies_{loop_, *this};
  FlowTable flows_{*this, loop_};
  std::unique_ptr<Timer> lifetime_;
  std::unique_ptr<Timer> stream_lost_;
  std::unique_ptr<Timer> seal_timer_;
  std::unique_ptr<Timer> leave_timer_;
};

}  // namespace hoop
