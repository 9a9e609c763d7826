#include "session/session.h"

#include <charconv>
#include <utility>

#include "base/limits/session.h"
#include "base/limits/wire.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "session/stages/access_stage.h"
#include "session/stages/record_stage.h"
#include "wire/gob.h"
#include "wire/packet_types.h"
#include "wire/spec_keys.h"

namespace hoop {
namespace {

constexpr int kAgentFailureExitCode = 254;  // as real agents and clients say it

// The session's user gets the words of the record.
Ending Interruption(const absl::Status& status) {
  return {.reason = StatusText(status), .text = StatusText(status), .status = status, .interrupted = true};
}

std::optional<int> ParseExitCode(std::string_view text) {
  int code = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), code);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return code;
}

absl::StatusOr<absl::Duration> ParseAccessTime(std::string_view text) {
  absl::Duration time;
  if (!absl::ParseDuration(std::string(text), &time) || time <= absl::ZeroDuration()) {
    return InvalidArgument("invalid access time duration, got={}", text);
  }
  if (time > limits::kSessionTimeMax) {
    return InvalidArgument("access time must not be greater than {} hours",
                           absl::ToInt64Hours(limits::kSessionTimeMax));
  }
  return time;
}

// On streams that others share, packets say to whom they belong.
void Address(Packet& packet, std::string_view session_id) {
  if (packet.SpecText(spec::kSessionId) != session_id) packet.AppendSpec(spec::kSessionId, session_id);
}
void Address(Packet& packet, std::string_view session_id, std::string_view connection_id) {
  Address(packet, session_id);
  if (packet.SpecText(spec::kConnectionId) != connection_id) packet.AppendSpec(spec::kConnectionId, connection_id);
}

}  // namespace

int Ending::told_code() const {
  if (interrupted) return 1;
  return exit_code.value_or(text.empty() ? 0 : kAgentFailureExitCode);
}

Session::Session(Loop& loop, Log log, AuditStore& audit, BulkPacer& pacer, SessionContext context,
                 std::unique_ptr<PacketStream> control, std::unique_ptr<AgentLeg> agent,
                 absl::AnyInvocable<void()> ended)
    : loop_(loop),
      log_(log),
      audit_(audit),
      pacer_(pacer),
      context_(std::move(context)),
      control_(std::move(control)),
      agent_(std::move(agent)),
      ended_(std::move(ended)),
      watchers_(loop) {
  pipeline_.AddRequestStage(std::make_unique<RecordStage>());
  pipeline_.AddRequestStage(std::make_unique<AccessStage>());
  pipeline_.AddReplyStage(std::make_unique<RecordStage>());
}

Session::~Session() = default;

void Session::Start() {
  lifetime_ = loop_.After(limits::kSessionTimeMax, [this] {
    Finish(Interruption(Aborted("session ended, reached {}", absl::FormatDuration(limits::kSessionTimeMax))));
  });
  agent_->Start(*this);
  control_->SetReceiver(this);
}

// ---- Opening -------------------------------------------------------------------------------------------------------

void Session::OpenSession(Packet packet) {
  if (const auto asked = packet.Spec(spec::kJitTimeout); asked && context_.is_timed) {
    if (const absl::Status limited = LimitTime(*asked); !limited.ok()) {
      Finish(Interruption(limited));
      return;
    }
  }
  if (const auto args = packet.Spec(spec::kTerminalArgs); args) {
    // Arguments that cannot be decoded are no arguments: transport.md 4.3.
    if (auto decoded = DecodeGobStrings(*args); decoded.ok()) context_.head.client_args = *std::move(decoded);
  }
  context_.params->client_args = context_.head.client_args;
  if (const absl::Status taken = TakeClientVariables(packet); !taken.ok()) {
    Finish(Interruption(taken));
    return;
  }
  context_.head.started_at = loop_.Now();
  auto record = audit_.Open(context_.head, *this);
  if (!record.ok()) {
    Finish(Interruption(Annotate(record.status(), "record")));
    return;
  }
  record_ = *std::move(record);
  watchers_.Show(record_);
  flows_.AddControl(record_->last());
  Packet open = BuildAgentOpen(packet);
  context_.params.reset();
  // In the record now.
  std::vector<std::string>().swap(context_.head.command);
  context_.head.client_env.clear();
  if (!FitsAgentStream(open)) return;
  agent_open_ = std::move(open);
  state_ = State::kOpening;
  PlanRelease();
}

// The agent expands the arguments with them and gives them to the command: the record tells what ran only if it has
// them. Those that the connection has itself are dropped by every agent, so they are no part of it; what nobody here
// can read goes to no agent.
absl::Status Session::TakeClientVariables(const Packet& client_open) {
  const std::string_view sent = client_open.SpecText(spec::kTerminalEnvVars);
  if (sent.empty()) return absl::OkStatus();
  absl::StatusOr<std::map<std::string, std::string>> variables = DecodeGobStringMap(sent);
  if (!variables.ok()) return InvalidArgument("internal error, failed decoding input env vars");
  std::erase_if(*variables, [&](const auto& entry) { return context_.params->env_vars.contains(entry.first); });
  context_.head.client_env = *std::move(variables);
  return absl::OkStatus();
}

absl::Status Session::LimitTime(std::string_view asked) {
  HOOP_ASSIGN_OR_RETURN(const absl::Duration time, ParseAccessTime(asked));
  lifetime_ =
      loop_.After(time, [this] { Finish(Interruption(Aborted("session ended, reached connection duration"))); });
  return absl::OkStatus();
}

// What we add may make a packet larger than the agent's stream takes, which other sessions share: false, and this
// session is over.
bool Session::FitsAgentStream(const Packet& packet) {
  if (packet.size() <= limits::kMessageSendBytesMax) return true;
  Finish(Interruption(ResourceExhausted("packet {} would be larger than max ({} vs. {})", packet.type(), packet.size(),
                                        limits::kMessageSendBytesMax)));
  return false;
}

Packet Session::BuildAgentOpen(const Packet& client_open) {
  Packet open(packet::kAgentSessionOpen, {{spec::kSessionId, id()},
                                          {spec::kConnectionType, context_.head.wire_type},
                                          {spec::kConnectionParams, EncodeConnectionParams(*context_.params)}});
  // Made of what is in the record: no second reading of the client's bytes can be another one.
  if (!context_.head.client_env.empty()) {
    open.AppendSpec(spec::kTerminalEnvVars, EncodeGobStringMap(context_.head.client_env));
  }
  for (size_t i = 0; i < client_open.spec_size(); ++i) {
    const Packet::SpecEntry entry = client_open.spec_at(i);
    if (entry.key == spec::kTerminalEnvVars) continue;
    if (!open.Spec(entry.key) && !entry.key.starts_with(spec::kOursPrefix)) open.AppendSpec(entry.key, entry.value);
  }
  if (context_.is_command() && context_.agent_capabilities.streams) {
    open.AppendSpec(spec::kStreamToken, flows_.control()->ExpectAgentStream());
  }
  return open;
}

void Session::OnOpenOk(Packet packet) {
  if (state_ != State::kOpening) return;  // some agents say it after a close
  state_ = State::kRunning;
  Address(packet, id());
  if (!context_.agent_version.empty()) packet.AppendSpec(spec::kAgentVersion, context_.agent_version);
  if (context_.client_capabilities.any()) {
    packet.AppendSpec(spec::kCapabilities, FormatCapabilities(context_.client_capabilities));
  }
  Run(*flows_.control(), Direction::kReply, std::move(packet));
}

absl::Status Session::AddClientStream(std::string_view connection_id, std::unique_ptr<PacketStream>& stream) {
  if (state_ != State::kRunning) return FailedPrecondition("session {} is not open", id());
  if (!context_.client_capabilities.streams) return FailedPrecondition("session {} has no data streams", id());
  if (!IsConnectionId(connection_id)) return InvalidArgument("session {}: connection id not found", id());
  if (flows_.Find(connection_id) != nullptr || flows_.WasClosed(connection_id)) {
    return AlreadyExists("connection id {} was used already", connection_id);
  }
  auto flow = flows_.Add(connection_id);
  if (!flow.ok()) return flow.status();
  (*flow)->UseClientStream(std::move(stream));
  return absl::OkStatus();
}

void Session::Watch(std::weak_ptr<RecordWatcher> watcher) {
  watchers_.Add(std::move(watcher));
  watchers_.Show(record_);
  if (client_told_) watchers_.Over({ending_.reason, ending_.recorded_code()});
}

// ---- Requests: client -> agent -------------------------------------------------------------------------------------

void Session::OnPacket(Packet packet) {
  if (finishing()) return;
  const std::string_view type = packet.type();
  if (type == packet::kKeepAlive || type == packet::kLegacyKeepAlive) return;
  if (type == packet::kAgentSessionOpen) {
    if (state_ == State::kStarting) OpenSession(std::move(packet));
    return;
  }
  if (type == packet::kAgentSessionClose) {
    Finish({.reason = "client closed the session"});
    return;
  }
  OnRequest(std::move(packet), nullptr);
}

void Session::OnRequest(Packet packet, Flow* own) {
  if (state_ == State::kStarting) {
    Finish(Interruption(FailedPrecondition("packet {} before the session was opened", packet.type())));
    return;
  }
  if (!context_.client_capabilities.any() && packet.HasSpecWithPrefix(spec::kOursPrefix)) {
    packet = packet.WithoutSpecPrefix(spec::kOursPrefix);
  }
  Flow* flow = own != nullptr ? own : FlowOf(packet);
  if (flow == nullptr) {
    const std::string id(packet.SpecText(spec::kConnectionId));
    if (packet.type() == packet::kAgentConnectionClose) return PassClose(std::move(packet), nullptr);
    if (flows_.WasClosed(id)) return;  // late
    auto made = flows_.Add(id);
    if (!made.ok()) {
      Finish(Interruption(made.status()));
      return;
    }
    flow = *made;
  }
  if (!flow->closed()) return Run(*flow, Direction::kRequest, std::move(packet));
  if (packet.type() == packet::kAgentConnectionClose) PassClose(std::move(packet), flow);
}

// A close for a connection id that is over, or never began: it is all that makes an old agent forget it. Behind what
// the flow, if there still is one, has to send.
void Session::PassClose(Packet packet, Flow* flow) {
  if (agent() == nullptr || context_.agent_capabilities.streams) return;
  if (!IsConnectionId(packet.SpecText(spec::kConnectionId))) return;
  Address(packet, id());
  if (!FitsAgentStream(packet)) return;
  flow != nullptr ? flow->Request(std::move(packet), 0) : agent()->Send(std::move(packet));
}

void Session::ForwardRequest(Flow& flow, Packet packet, SessionRecord::Position position) {
  if (agent() == nullptr) return;
  if (packet.Spec(spec::kFin) && !context_.agent_capabilities.streams) {
    packet = Packet(packet::kAgentConnectionClose);  // old agents know no half close
  }
  const bool closes = packet.type() == packet::kAgentConnectionClose;
  if (flow.shares_agent_stream() && context_.agent_capabilities.streams && !flow.is_control()) {
    const std::string token = flow.ExpectAgentStream();
    agent()->Send(Packet(packet::kAgentStreamOpen,
                         {{spec::kSessionId, id()}, {spec::kConnectionId, flow.id()}, {spec::kStreamToken, token}}));
  }
  // Commands have no connection id that an agent would know.
  flow.is_control() ? Address(packet, id()) : Address(packet, id(), flow.id());
  if (!FitsAgentStream(packet)) return;
  flow.Request(std::move(packet), position);
  if (closes) CloseFlow(flow);
}

// ---- Replies: agent -> client --------------------------------------------------------------------------------------

void Session::OnAgentPacket(Packet packet) { OnReply(std::move(packet), nullptr); }

void Session::OnReply(Packet packet, Flow* own) {
  if (finishing() || record_ == nullptr) return;
  const std::string_view type = packet.type();
  if (type == packet::kClientSessionClose) return OnAgentClose(packet);
  if (!context_.agent_capabilities.any() && packet.HasSpecWithPrefix(spec::kOursPrefix)) {
    packet = packet.WithoutSpecPrefix(spec::kOursPrefix);
  }
  if (type == packet::kClientSessionOpenOk) return OnOpenOk(std::move(packet));
  const ProtocolPackets* protocol = FindProtocolPackets(context_.head.wire_type);
  const bool known = type == packet::kClientWriteStdout || type == packet::kClientWriteStderr ||
                     type == packet::kClientConnectionClose || (protocol != nullptr && type == protocol->reply);
  if (!known) {
    log_.Debug("packet of an unknown type from the agent", "session", id(), "type", type);
    return;
  }
  Flow* flow = own != nullptr ? own : FlowOf(packet);
  if (flow == nullptr || flow->closed()) return;  // late, of a connection id that is over
  Run(*flow, Direction::kReply, std::move(packet));
}

void Session::ForwardReply(Flow& flow, Packet packet) {
  if (packet.Spec(spec::kFin) && !context_.client_capabilities.streams) {
    packet = Packet(packet::kClientConnectionClose);  // old clients know no half close
  }
  const bool closes = packet.type() == packet::kClientConnectionClose;
  if (!flow.is_control()) Address(packet, id(), flow.id());
  flow.Reply(std::move(packet));
  if (closes) CloseFlow(flow);
}

void Session::OnAgentClose(const Packet& packet) {
  if (packet.Spec(spec::kRetry) && context_.agent_capabilities.any()) return OnAgentLost(packet.payload());
  Ending ending;
  ending.text = std::string(packet.payload());
  ending.exit_code = ParseExitCode(packet.SpecText(spec::kExitCode));
  if (!ending.exit_code) ending.exit_code = ending.text.empty() ? 0 : kAgentFailureExitCode;
  ending.reason = ending.text.empty() ? "finished" : ending.text;
  Finish(std::move(ending));
}

// ---- The stages ----------------------------------------------------------------------------------------------------

void Session::Run(Flow& flow, Direction direction, Packet packet, size_t first_stage,
                  SessionRecord::Position position) {
  if (auto& parked = flow.parked(direction); parked) {
    parked->behind.push_back(std::move(packet));
    return;
  }
  PacketContext context{context_, direction, flow.id(), *record_, position};
  Pipeline::Outcome outcome = pipeline_.Run(std::move(packet), context, first_stage);
  if (Park(flow, direction, outcome, context.position)) return;
  if (direction == Direction::kRequest) {
    ForwardRequest(flow, std::move(outcome.packet), context.position);
  } else {
    ForwardReply(flow, std::move(outcome.packet));
  }
}

bool Session::Park(Flow& flow, Direction direction, Pipeline::Outcome& outcome, SessionRecord::Position position) {
  if (outcome.kind == Pipeline::Outcome::Kind::kRefused) {
    Finish(Interruption(outcome.status));
    return true;
  }
  if (outcome.kind == Pipeline::Outcome::Kind::kForward) return false;
  flow.parked(direction) =
      std::make_unique<Flow::Parked>(Flow::Parked{std::move(outcome.packet), outcome.next_stage, position, {}});
  flow.UpdateReading();
  return true;
}

absl::Status Session::Resume(std::string_view connection_id, Direction direction, Verdict verdict) {
  Flow* flow = connection_id == kCommandConnectionId ? flows_.control() : flows_.Find(connection_id);
  if (finishing() || flow == nullptr || !flow->parked(direction)) {
    return NotFound("session {}: nothing is held for connection id {}", id(), connection_id);
  }
  const std::unique_ptr<Flow::Parked> parked = std::move(flow->parked(direction));
  if (verdict.kind == Verdict::Kind::kRefuse) {
    Finish(Interruption(verdict.status));
    return absl::OkStatus();
  }
  Packet packet = verdict.kind == Verdict::Kind::kReplace ? std::move(verdict.packet) : std::move(parked->packet);
  Run(*flow, direction, std::move(packet), parked->next_stage, parked->position);
  for (Packet& next : parked->behind) {
    if (finishing()) break;
    Run(*flow, direction, std::move(next));
  }
  flow->UpdateReading();
  return absl::OkStatus();
}

// ---- Flows ---------------------------------------------------------------------------------------------------------

// Of a packet on a stream that flows share.
Flow* Session::FlowOf(const Packet& packet) {
  return context_.is_command() ? flows_.control() : flows_.Find(packet.SpecText(spec::kConnectionId));
}

void Session::CloseFlow(Flow& flow) {
  if (flow.closed() || flow.is_control()) return;
  flows_.Close(flow);
  ReleaseAtTurnEnd(flow);
}

void Session::CloseToClient(Flow& flow, std::string_view why) {
  if (flow.closed() || finishing()) return;
  Run(flow, Direction::kReply,
      Packet(packet::kClientConnectionClose, {{spec::kSessionId, id()}, {spec::kConnectionId, flow.id()}}, why));
}

void Session::CloseToAgent(Flow& flow) {
  if (flow.closed() || finishing()) return;
  Run(flow, Direction::kRequest,
      Packet(packet::kAgentConnectionClose, {{spec::kSessionId, id()}, {spec::kConnectionId, flow.id()}}));
}

void Session::OnFlowPacket(Flow& flow, Direction direction, Packet packet) {
  if (finishing()) return;
  if (direction == Direction::kReply) return OnReply(std::move(packet), &flow);
  if (packet.type() == packet::kKeepAlive) return;
  OnRequest(std::move(packet), &flow);
}

// A data stream that ends without a close packet resets that connection id only.
void Session::OnFlowStreamEnd(Flow& flow, Direction direction) {
  if (flow.is_control()) {
    // The stream of a command. When the agent's connection broke, its control stream ends in the same turn and says
    // so better: that reason goes first.
    stream_lost_ = loop_.After(absl::ZeroDuration(),
                               [this] { Finish(Interruption(Unavailable("agent ended the session's stream"))); });
    return;
  }
  if (direction == Direction::kRequest) {
    CloseToAgent(flow);
  } else {
    CloseToClient(flow, "");
  }
  ReleaseAtTurnEnd(flow);
}

void Session::OnAgentStreamMissing(Flow& flow, const absl::Status& status) {
  if (finishing()) return;
  if (flow.is_control()) {
    Finish(Interruption(status));
  } else {
    CloseToClient(flow, StatusText(status));
  }
}

void Session::CountSharedReplies() {
  flows_.ForEach([](Flow& flow) { flow.CountSharedReplies(); });
}

size_t Session::client_queued_bytes() const {
  size_t bytes = client_gone_ ? 0 : control_->queued_bytes();
  flows_.ForEach([&bytes](Flow& flow) { bytes += flow.client_queued_bytes(); });
  return bytes;
}

void Session::OnStalled() {
  Finish(Interruption(ResourceExhausted("client read nothing for {}, and the agent's stream is shared",
                                        absl::FormatDuration(limits::kSharedStreamStallTime))));
}

void Session::ReleaseAtTurnEnd(Flow& flow) {
  flows_.Mark(flow);
  PlanRelease();
}

void Session::PlanRelease() {
  if (release_planned_) return;
  release_planned_ = true;
  loop_.AtTurnEnd(TurnPhase::kRelease, [this] { Release(); });
}

void Session::Release() {
  release_planned_ = false;
  if (agent_open_ && agent() != nullptr) agent()->Send(*std::exchange(agent_open_, std::nullopt));
  flows_.Release();
}

// ---- Reading -------------------------------------------------------------------------------------------------------

void Session::OnSharedReading(bool reading) {
  blocked_flows_ += reading ? -1 : 1;
  UpdateControlReading();
}

void Session::UpdateControlReading() {
  if (client_control() != nullptr) control_->SetReading(blocked_flows_ == 0);
}

void Session::OnDrained() {
  flows_.ForEach([](Flow& flow) { flow.UpdateReading(); });
}

void Session::OnAgentDrained() { OnDrained(); }

void Session::OnRecordPressure(bool stop_reading) {
  pressure_ = stop_reading;
  OnDrained();
}

// ---- The end -------------------------------------------------------------------------------------------------------

void Session::OnPeerDone() { Finish({.reason = "client left"}); }

void Session::OnEnd(const absl::Status&) {
  client_gone_ = true;
  Finish({.reason = "client left"});
  MaybeOver();
}

void Session::OnAgentGone(const absl::Status&) {
  agent_gone_ = true;
  OnAgentLost("");
}

// By itself or by a broken connection: for the user it is the same. The first words are those that clients look for.
void Session::OnAgentLost(std::string_view why) {
  Ending ending = Interruption(Unavailable("agent has disconnected{}{}", why.empty() ? "" : ": ", why));
  ending.retry = true;
  Finish(std::move(ending));
}

void Session::OnRecordFailed(const absl::Status& status) {
  if (finishing()) return TellClient(status);
  Finish(Interruption(Annotate(status, "record")));
}

void Session::Finish(Ending ending) {
  if (finishing()) return;
  state_ = State::kFinishing;
  ending_ = std::move(ending);
  lifetime_.reset();
  log_.Info("session ended", "session", id(), "connection", context_.head.connection, "user", context_.head.user_email,
            "reason", ending_.reason);
  shared_replies_.End();  // nothing more is taken from the agent
  flows_.ForEach([this](Flow& flow) {
    flow.Close();
    ReleaseAtTurnEnd(flow);
  });
  TellAgent();
  SealRecord();
}

void Session::TellAgent() {
  if (agent() == nullptr) return;
  // Not before the agent knows the session: both leave in this turn, in order.
  if (agent_open_) agent()->Send(*std::exchange(agent_open_, std::nullopt));
  if (record_ != nullptr) agent()->Send(Packet(packet::kAgentSessionClose, {{spec::kSessionId, id()}}));
}

void Session::SealRecord() {
  if (record_ == nullptr) return TellClient(absl::OkStatus());
  auto sealed = record_->Seal({ending_.reason, ending_.recorded_code()});
  if (!sealed.ok()) return TellClient(sealed.status());
  seal_timer_ = loop_.After(limits::kSealWaitTime, [this] {
    TellClient(DeadlineExceeded("not on stable storage within {}", absl::FormatDuration(limits::kSealWaitTime)));
  });
  if (context_.head.policy == RecordPolicy::kDurable) {
    record_->WhenDurable(*sealed, [this](const absl::Status& status) { TellClient(status); });
  } else {
    loop_.AtTurnEnd(TurnPhase::kRelease, [this] { TellClient(absl::OkStatus()); });
  }
}

void Session::TellClient(const absl::Status& sealed) {
  if (std::exchange(client_told_, true)) return;
  seal_timer_.reset();
  flows_.ForEach([](Flow& flow) { flow.Release(); });  // all that the record proves goes out before the close
  if (!sealed.ok()) {
    log_.Error("record not sealed", "session", id(), "reason", StatusText(sealed));
    ending_.text += fmt::format("{}record not sealed: {}", ending_.text.empty() ? "" : "\n", StatusText(sealed));
  }
  watchers_.Over({ending_.reason, ending_.recorded_code()});
  if (client_control() != nullptr) {
    Packet close(packet::kClientSessionClose,
                 {{spec::kSessionId, id()}, {spec::kExitCode, std::to_string(ending_.told_code())}}, ending_.text);
    if (ending_.retry && context_.client_capabilities.any()) close.AppendSpec(spec::kRetry, "1");
    control_->Send(std::move(close));
    control_->Finish(ending_.status);
    WaitForClient(SIZE_MAX);
  }
  MaybeOver();
}

// The client has as long as it makes progress, then it is cut off.
void Session::WaitForClient(size_t queued_before) {
  const size_t queued = control_->queued_bytes();
  if (queued >= queued_before) {
    client_gone_ = true;
    loop_.DestroyLater(std::move(control_));
    MaybeOver();
    return;
  }
  leave_timer_ = loop_.After(limits::kCloseGraceTime, [this, queued] { WaitForClient(queued); });
}

void Session::MaybeOver() {
  if (state_ != State::kFinishing || !client_told_ || !client_gone_) return;
  state_ = State::kOver;
  leave_timer_.reset();
  auto ended = std::move(ended_);
  ended();
}

}  // namespace hoop
