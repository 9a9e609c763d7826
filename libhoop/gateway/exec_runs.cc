#include "gateway/exec_runs.h"

#include <utility>

#include "base/limits/session.h"
#include "base/status.h"
#include "transport/memory_stream.h"
#include "wire/gob.h"
#include "wire/packet_types.h"
#include "wire/spec_keys.h"

namespace hoop {

// The client's end of one session: says what real clients say, and hears how it ends.
class ExecRuns::OneRun final : public PacketStream::Receiver {
 public:
  OneRun(ExecRuns& owner, rest::ExecOrder order, Ended ended)
      : owner_(owner), order_(std::move(order)), ended_(std::move(ended)) {}

  void Start(std::unique_ptr<PacketStream> stream) {
    stream_ = std::move(stream);
    stream_->SetReceiver(this);
    // With the open for reviewers, and again when the agent is ready for it.
    stream_->Send(BuildPacket(packet::kAgentSessionOpen));
  }

  Ended TakeEnded() { return std::move(ended_); }
  // In order: the session began and told how it ended.
  bool closed() const { return closed_; }

 private:
  void OnPacket(Packet packet) override {
    if (packet.type() == packet::kClientSessionOpenOk) {
      stream_->Send(BuildPacket(packet::kAgentExecWriteStdin));
    } else if (packet.type() == packet::kClientSessionClose) {
      closed_ = true;
    }
  }

  void OnEnd(const absl::Status& status) override {
    const std::string id = order_.session_id;
    closed_ ? owner_.OnOver(id) : owner_.OnRefused(id, status, StatusText(status));
  }

  Packet BuildPacket(std::string_view type) const {
    Packet packet(type, {{spec::kSessionId, order_.session_id}}, order_.script);
    if (!order_.client_args.empty()) packet.AppendSpec(spec::kTerminalArgs, EncodeGobStrings(order_.client_args));
    if (!order_.env_vars.empty()) packet.AppendSpec(spec::kTerminalEnvVars, EncodeGobStringMap(order_.env_vars));
    return packet;
  }

  ExecRuns& owner_;
  const rest::ExecOrder order_;
  Ended ended_;
  bool closed_ = false;
  std::unique_ptr<PacketStream> stream_;
};

ExecRuns::ExecRuns(Loop& loop, ClientEntry& clients, Admission& admission, UnbegunSessions& unbegun)
    : loop_(loop), clients_(clients), admission_(admission), unbegun_(unbegun) {}

ExecRuns::~ExecRuns() = default;

void ExecRuns::Run(rest::ExecOrder order, Ended ended) {
  loop_.Post([this, order = std::move(order), ended = std::move(ended)]() mutable {
    Start(std::move(order), std::move(ended));
  });
}

void ExecRuns::Start(rest::ExecOrder order, Ended ended) {
  if (runs_.size() >= limits::kExecRunsMax) {
    return ended(ResourceExhausted("more than {} commands of REST are going on", limits::kExecRunsMax));
  }
  const std::string id = order.session_id;
  OwnCommand command{.session_id = id, .identity = order.identity, .bearer = order.bearer, .notes = order.notes};
  MemoryStreamPair pair = MakeMemoryStreamPair(loop_, {{std::string(header::kOrigin), "client-api"},
                                                       {std::string(header::kVerb), "exec"},
                                                       {std::string(header::kConnectionName), order.connection}});
  OneRun& run = *runs_.emplace(id, std::make_unique<OneRun>(*this, std::move(order), std::move(ended))).first->second;
  run.Start(std::move(pair.dialling));
  clients_.EnterOwn({std::move(pair.listening)}, std::move(command));
}

std::unique_ptr<ExecRuns::OneRun> ExecRuns::Take(const std::string& session_id) {
  return std::move(runs_.extract(session_id).mapped());
}

void ExecRuns::OnOver(const std::string& session_id) {
  std::unique_ptr<OneRun> run = Take(session_id);
  auto ended = std::make_shared<Ended>(run->TakeEnded());
  loop_.DestroyLater(std::move(run));
  // The row of a session without a record ends on the admission's worker, in a moment: behind that.
  loop_.Post([this, ended] {
    const absl::Status posted = admission_.Post([ended] { (*ended)(absl::OkStatus()); });
    if (!posted.ok()) (*ended)(absl::OkStatus());
  });
}

void ExecRuns::OnRefused(const std::string& session_id, const absl::Status& status, const std::string& reason) {
  std::unique_ptr<OneRun> run = Take(session_id);
  auto ended = std::make_shared<Ended>(run->TakeEnded());
  loop_.DestroyLater(std::move(run));
  unbegun_.EndStored(session_id, {reason, Ending::kInterruptedCode}, [status, ended] { (*ended)(status); });
}

absl::Status ExecRuns::Kill(std::string_view session_id, std::string_view by) {
  const auto found = runs_.find(session_id);
  if (found == runs_.end() || found->second->closed()) return NotFound("session {} is not going on", session_id);
  OnRefused(std::string(session_id), Unknown("session killed by the user"), fmt::format("killed by {}", by));
  return absl::OkStatus();
}

}  // namespace hoop
