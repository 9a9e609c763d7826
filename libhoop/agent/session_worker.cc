#include "agent/session_worker.h"

#include <utility>
#include <vector>

#include "agent/session_environment.h"
#include "base/limits/agent.h"
#include "base/limits/session.h"
#include "base/limits/wire.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "wire/connection_params.h"
#include "wire/gob.h"
#include "wire/packet_types.h"
#include "wire/spec_keys.h"

namespace hoop {
namespace {

constexpr int kAgentError = 254;
constexpr int kInterruptedCode = 1;  // with which command lines end when somebody else ended the session

std::string Joined(const std::vector<std::string>& command, const std::vector<std::string>& arguments) {
  std::string result;
  for (const std::vector<std::string>* words : {&command, &arguments}) {
    for (const std::string& word : *words) result += (result.empty() ? "" : " ") + word;
  }
  return result;
}

}  // namespace

// A connection id: its line and its target. Freed at the end of the turn in which it ended.
class SessionWorker::Place final : public Line::User {
 public:
  Place(SessionWorker& session, std::unique_ptr<Line> line) : session_(session), line_(std::move(line)) {}

  // After construction: packets may come at once.
  void Start() {
    target_ = session_.connector_->Start(*line_, [this](TargetEnd end) { End(std::move(end)); });
    line_->SetUser(*this);
  }

  Line& line() { return *line_; }

  void OnLinePacket(Packet packet) override {
    if (over_) return;
    if (packet.type() == packet::kAgentConnectionClose) return OnUserClosed();
    if (session_.connector_->Takes(packet.type())) target_->OnPacket(std::move(packet));
  }
  void OnLineDrained() override {
    if (!over_) target_->OnLineDrained();
  }
  // Its own stream is gone, so nobody is left to be told; a shared line was too slow, which the user is told.
  void OnLineEnd(const absl::Status& status) override {
    user_closed_ = !line_->is_shared();
    End({.text = StatusText(status)});
  }
  void OnUserClosed() {
    if (std::exchange(user_closed_, true) || over_) return;
    target_->OnUserClosed();
  }
  // The session is over: nothing more is said for this connection id.
  void Abandon() { over_ = true; }

 private:
  void End(TargetEnd end) {
    if (std::exchange(over_, true)) return;
    if (!end.text.empty()) {
      session_.context_.log.Info("connection ended", "sid", line_->session_id(), "conn", line_->connection_id(),
                                 "reason", end.text);
    }
    // The reason is for our own clients; others expect an empty payload.
    if (!user_closed_) line_->Send(packet::kClientConnectionClose, session_.granted_.streams ? end.text : "");
    line_->Finish();
    session_.RemovePlace(line_->connection_id());
  }

  SessionWorker& session_;
  std::unique_ptr<Line> line_;
  std::unique_ptr<Target> target_;
  bool user_closed_ = false;
  bool over_ = false;
};

SessionWorker::SessionWorker(AgentContext& context, Trunk& trunk, Capabilities granted, std::string id,
                             std::unique_ptr<PacketStream> stream, absl::AnyInvocable<void()> ended)
    : context_(context),
      trunk_(trunk),
      granted_(granted),
      id_(std::move(id)),
      ended_(std::move(ended)),
      line_(std::make_unique<Line>(context.loop, trunk, id_, "", std::move(stream))) {}

SessionWorker::~SessionWorker() = default;

void SessionWorker::Open(const Packet& open) {
  if (state_ == State::kOpen) return SayOpen();
  if (connector_ != nullptr || state_ == State::kEnded) return;
  if (absl::Status status = Prepare(open); !status.ok()) Close(kAgentError, StatusText(status));
}

absl::Status SessionWorker::Prepare(const Packet& open) {
  line_->SetUser(*this);
  absl::StatusOr<AgentConnectionParams> params = DecodeConnectionParams(open.SpecText(spec::kConnectionParams));
  if (!params.ok()) return InvalidArgument("internal error, failed decoding connection params");
  std::map<std::string, std::string> user_variables;
  // They are for commands. What is dialled, and whom that has to prove to be, is for the connection alone to say.
  const std::string& type = params->connection_type;
  const bool runs_command = params->client_verb != "connect" || type == "command-line" || type == "application";
  const auto variables = open.Spec(spec::kTerminalEnvVars);
  if (runs_command && variables && !variables->empty()) {
    HOOP_ASSIGN_OR_RETURN(user_variables, DecodeGobStringMap(*variables));
  }
  HOOP_ASSIGN_OR_RETURN(
      SessionEnvironment environment,
      BuildSessionEnvironment(*params, user_variables, context_.environment, context_.exports_environment, id_));
  connection_type_ = open.SpecText(spec::kConnectionType);
  if (connection_type_.empty()) connection_type_ = params->connection_type;
  request_port_ = open.SpecText(spec::kRequestPort);
  command_text_ = Joined(params->command, params->client_args);
  HOOP_ASSIGN_OR_RETURN(const std::optional<Address> address, LivenessAddress(*params, environment));
  HOOP_ASSIGN_OR_RETURN(connector_, MakeConnector({context_, granted_, *std::move(params), std::move(environment)}));
  if (address) {
    DialOnce(*address);
  } else {
    SayOpen();
  }
  return absl::OkStatus();
}

// Open-ok says that the target answers, so it is asked.
void SessionWorker::DialOnce(const Address& address) {
  liveness_ = Dial(context_.loop, address, limits::kLivenessDialTime,
                   [this, address](absl::StatusOr<std::unique_ptr<ByteStream>> stream) {
                     context_.loop.DestroyLater(std::move(liveness_));
                     if (stream.ok()) return SayOpen();
                     Close(kAgentError, fmt::format("failed connecting to remote host={}, port={}, reason={}",
                                                    address.host, address.port, StatusText(stream.status())));
                   });
}

void SessionWorker::SayOpen() {
  state_ = State::kOpen;
  line_->Send(packet::kClientSessionOpenOk, "",
              {{spec::kConnectionType, connection_type_},
               {spec::kRequestPort, request_port_},
               {spec::kClientCommand, command_text_}});
  context_.log.Info("session opened", "sid", id_, "type", connection_type_);
}

void SessionWorker::Close(int exit_code, std::string_view text) {
  SayClose(exit_code, text, {{spec::kExitCode, std::to_string(exit_code)}});
}

void SessionWorker::Interrupt(std::string_view text) {
  const std::string code = std::to_string(kInterruptedCode);
  if (!granted_.any()) return SayClose(kInterruptedCode, text, {{spec::kExitCode, code}});
  SayClose(kInterruptedCode, text, {{spec::kExitCode, code}, {spec::kRetry, "1"}});
}

void SessionWorker::SayClose(int exit_code, std::string_view text, std::initializer_list<Packet::SpecEntry> spec) {
  if (state_ == State::kEnded) return;
  line_->Send(packet::kClientSessionClose, text.substr(0, limits::kChunkBytesMax), spec);
  line_->Finish();
  context_.log.Info("session closed", "sid", id_, "exit_code", exit_code);
  Finish();
}

void SessionWorker::Finish() {
  if (std::exchange(state_, State::kEnded) == State::kEnded) return;
  // Each may be what calls here.
  context_.loop.DestroyLater(std::move(liveness_));
  context_.loop.DestroyLater(std::move(target_));
  for (auto& [connection_id, place] : places_) {
    place->Abandon();
    context_.loop.DestroyLater(std::move(place));
  }
  places_.clear();
  std::exchange(ended_, nullptr)();
}

void SessionWorker::OnTrunkPacket(Packet packet) {
  if (state_ == State::kEnded) return;
  // A shared line has its own queue: the packets of a connection id keep their order behind what waits there.
  const auto place = places_.find(packet.SpecText(spec::kConnectionId));
  if (place != places_.end() && place->second->line().is_shared()) {
    return place->second->line().Deliver(std::move(packet));
  }
  OnPacket(std::move(packet));
}

void SessionWorker::OnTrunkDrained() {
  if (line_->is_shared()) OnLineDrained();
  std::vector<std::string> ids;  // a target may end meanwhile
  for (const auto& [id, place] : places_) ids.push_back(id);
  for (const std::string& id : ids) {
    auto place = places_.find(id);
    if (place != places_.end() && place->second->line().is_shared()) place->second->OnLineDrained();
  }
}

void SessionWorker::OnConnectionStream(std::string_view connection_id, std::unique_ptr<PacketStream> stream) {
  // An unwanted stream is reset here, which closes that connection id at the gateway.
  if (state_ != State::kOpen || !connector_->has_connection_ids()) return;
  if (connection_id.empty() || connection_id.size() > limits::kConnectionIdBytesMax) return;
  NewPlace(connection_id, std::move(stream));
}

void SessionWorker::OnLinePacket(Packet packet) { OnPacket(std::move(packet)); }

void SessionWorker::OnLineDrained() {
  if (target_ != nullptr) target_->OnLineDrained();
}

void SessionWorker::OnLineEnd(const absl::Status& status) {
  context_.log.Info("session lost", "sid", id_, "reason", StatusText(status));
  Finish();
}

void SessionWorker::OnPacket(Packet packet) {
  if (packet.type() == packet::kAgentSessionClose) {
    context_.log.Info("session closed", "sid", id_, "by", "gateway");
    return Finish();
  }
  if (state_ != State::kOpen) return;
  if (packet.type() == packet::kAgentConnectionClose) return CloseConnection(packet.SpecText(spec::kConnectionId));
  if (connector_->Takes(packet.type())) return OnInput(std::move(packet));
  context_.log.Debug("packet ignored", "sid", id_, "type", packet.type());
}

void SessionWorker::OnInput(Packet packet) {
  if (connector_->has_connection_ids()) return OnConnectionPacket(std::move(packet));
  if (target_ == nullptr) {
    target_ = connector_->Start(*line_, [this](TargetEnd end) { Close(end.exit_code, end.text); });
  }
  target_->OnPacket(std::move(packet));
}

// The first packet of a connection id on the trunk, or a late one of a connection that has ended.
void SessionWorker::OnConnectionPacket(Packet packet) {
  const std::string connection_id(packet.SpecText(spec::kConnectionId));
  if (connection_id.empty() || connection_id.size() > limits::kConnectionIdBytesMax) {
    return Close(kAgentError, connection_type_ == "tcp" ? "tcp connection id not found"
                                                        : "connection id not found, contact the administrator");
  }
  Place* place = NewPlace(connection_id, nullptr);
  if (place != nullptr) place->line().Deliver(std::move(packet));
}

void SessionWorker::CloseConnection(std::string_view connection_id) {
  if (auto place = places_.find(connection_id); place != places_.end()) return place->second->OnUserClosed();
  if (connection_id.size() <= limits::kConnectionIdBytesMax) finished_.Add(connection_id);
}

SessionWorker::Place* SessionWorker::NewPlace(std::string_view connection_id, std::unique_ptr<PacketStream> stream) {
  if (finished_.Contains(connection_id) || places_.contains(connection_id)) return nullptr;
  auto line = std::make_unique<Line>(context_.loop, trunk_, id_, std::string(connection_id), std::move(stream));
  if (places_.size() >= limits::kConnectionIdsMax) {
    context_.log.Warning("connection refused", "sid", id_, "reason", "too many connections in this session");
    line->Send(packet::kClientConnectionClose);
    line->Finish();
    return nullptr;
  }
  Place* place = places_.emplace(connection_id, std::make_unique<Place>(*this, std::move(line))).first->second.get();
  place->Start();
  return place;
}

void SessionWorker::RemovePlace(const std::string& connection_id) {
  auto place = places_.find(connection_id);
  if (place == places_.end()) return;  // the whole session ends
  finished_.Add(connection_id);
  context_.loop.DestroyLater(std::move(place->second));
  places_.erase(place);
}

}  // namespace hoop
