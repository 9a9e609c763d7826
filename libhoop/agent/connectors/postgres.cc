#include "agent/connectors/postgres.h"

#include <optional>
#include <utility>

#include "agent/connectors/postgres_dial.h"
#include "agent/connectors/postgres_server.h"
#include "agent/connectors/target_socket.h"
#include "agent/salted_passwords.h"
#include "base/limits/agent.h"
#include "base/limits/postgres.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "protocol/postgres/client_login.h"
#include "protocol/postgres/framing.h"
#include "protocol/postgres/server_login.h"
#include "wire/packet_types.h"
#include "wire/spec_keys.h"

namespace hoop {
namespace {

constexpr char kProtocolViolation[] = "08P01";  // SQLSTATE

// Sends the server's bytes as old peers want them: one whole message per packet. Messages above
// limits::kPostgresPacketFrameBytesMax go in parts. Loop thread only.
class MessagePackets final {
 public:
  MessagePackets() : reader_(postgres::Sender::kBackend) {}

  absl::Status Send(std::string_view bytes, Line& line) {
    while (!bytes.empty()) {
      HOOP_ASSIGN_OR_RETURN(const std::optional<postgres::FramePiece> piece, reader_.Next(bytes));
      if (!piece) break;
      if (piece->first && piece->last) {
        line.Send(packet::kClientPostgresWrite, piece->bytes);
        continue;
      }
      message_.append(piece->bytes);
      if (!piece->last && piece->frame_bytes <= limits::kPostgresPacketFrameBytesMax) continue;
      const size_t size = piece->last ? message_.size() : PartSize();
      line.Send(packet::kClientPostgresWrite, std::string_view(message_).substr(0, size));
      message_.erase(0, size);
    }
    return absl::OkStatus();
  }

 private:
  // Old clients take whatever begins with 'K' for BackendKeyData: what is left for the next part begins otherwise.
  size_t PartSize() const {
    const size_t last = message_.find_last_not_of('K');
    return last == std::string::npos || last == 0 ? message_.size() : last;
  }

  postgres::FrameReader reader_;
  std::string message_;  // not sent yet
};

// One connection id: the user's login, then the dial, then the login at the server, then bytes both ways; or a cancel
// request, which is one message to the server and its answer, an end. Ends with the server's end, or the user's.
class PostgresTarget final : public Target, public TargetSocket::Events {
 public:
  PostgresTarget(AgentContext& context, const PostgresServer& server, bool chunks, Line& line, Ended ended)
      : context_(context), server_(server), chunks_(chunks), line_(line), ended_(std::move(ended)) {}
  ~PostgresTarget() override { *alive_ = false; }

  void OnPacket(Packet packet) override {
    if (!ended_) return;
    if (packet.Spec(spec::kFin)) return relaying_ ? socket_->FinishWriting() : OnUserClosed();
    if (relaying_) return socket_->Write(std::move(packet));
    if (absl::Status status = client_login_.OnClientBytes(packet.payload()); !status.ok()) return Fail(status);
    for (const std::string& answer : client_login_.TakeForClient()) line_.Send(packet::kClientPostgresWrite, answer);
    if (dialing_ == nullptr && (client_login_.startup() || client_login_.cancel_request())) StartDial();
  }

  void OnLineDrained() override {
    if (socket_ != nullptr) socket_->OnLineDrained();
  }

  void OnUserClosed() override {
    if (socket_ == nullptr) return End();
    socket_->CloseWhenWritten([this] { End(); });
  }

 private:
  void StartDial() {
    line_.SetReading(false);  // until the login is done
    dialing_ = std::make_unique<PostgresDialing>(
        context_, server_, [this](absl::StatusOr<PostgresSocket> socket) { OnDialled(std::move(socket)); });
  }

  void OnDialled(absl::StatusOr<PostgresSocket> socket) {
    if (!ended_) return;
    if (!socket.ok()) return Fail(socket.status());
    socket_ = std::make_unique<TargetSocket>(context_.loop, std::move(socket->stream), line_, *this);
    patience_ = context_.loop.After(limits::kTargetDialTime, [this] {
      Fail(DeadlineExceeded("the server did not answer within {}", absl::FormatDuration(limits::kTargetDialTime)));
    });
    if (client_login_.cancel_request()) {
      socket_->Write(*client_login_.cancel_request());
      return;
    }
    server_login_.emplace(postgres::ServerSettings{server_.user, server_.password, socket->encrypted,
                                                   std::move(socket->server_end_point)},
                          *client_login_.startup());
    server_login_->Start();
    AfterLoginStep();
  }

  void OnTargetBytes(std::string_view bytes) override {
    if (!ended_) return;
    if (relaying_) return SendToUser(bytes);
    if (!server_login_) return;  // a cancel request is not answered
    server_login_->OnServerBytes(bytes);
    AfterLoginStep();
  }

  void OnTargetEnd() override { OnTargetBroken(absl::OkStatus()); }

  void OnTargetBroken(const absl::Status& why) override {
    if (server_login_ && !relaying_) {
      server_login_->OnServerEnd(why);
      return AfterLoginStep();
    }
    End();
  }

  void AfterLoginStep() {
    if (!ended_) return;
    socket_->Write(server_login_->TakeForServer());
    const bool ready = server_login_->state() == postgres::ServerLogin::State::kReady;
    SendLoginMessages(server_login_->TakeForClient());
    switch (server_login_->state()) {
      case postgres::ServerLogin::State::kTalking:
        return;
      case postgres::ServerLogin::State::kDeriveKey:
        return DeriveKey();
      case postgres::ServerLogin::State::kFailed:
        return End();
      case postgres::ServerLogin::State::kReady:
        break;
    }
    if (ready && ended_) StartRelay();
  }

  // Milliseconds of hashing, unless it was done before. The answer finds its way back only while this target lives.
  void DeriveKey() {
    context_.salted_passwords.Get(server_login_->key_request(),
                                  [this, alive = alive_](const absl::StatusOr<std::string>& key) {
                                    if (!*alive || !ended_) return;
                                    if (absl::IsResourceExhausted(key.status())) return Fail(key.status());
                                    server_login_->OnKeyDerived(key);
                                    AfterLoginStep();
                                  });
  }

  void StartRelay() {
    relaying_ = true;
    patience_.reset();
    socket_->Write(client_login_.TakeRest());
    socket_->StartLine();
  }

  void SendLoginMessages(std::vector<std::string> messages) {
    if (!chunks_) {
      for (const std::string& message : messages) SendToUser(message);
      return;
    }
    // Joined, but for BackendKeyData: readers look for it at the beginning of a packet.
    std::string joined;
    for (const std::string& message : messages) {
      if (message.starts_with('K') && !joined.empty()) line_.Send(packet::kClientPostgresWrite, joined), joined.clear();
      joined += message;
    }
    if (!joined.empty()) line_.Send(packet::kClientPostgresWrite, joined);
  }

  void SendToUser(std::string_view bytes) {
    if (chunks_) return line_.Send(packet::kClientPostgresWrite, bytes);
    if (absl::Status status = message_packets_.Send(bytes, line_); !status.ok()) Fail(status);
  }

  // Says why in the words of the protocol, then closes.
  void Fail(const absl::Status& why) {
    if (!ended_) return;
    context_.log.Info("postgres connection failed", "sid", line_.session_id(), "conn", line_.connection_id(), "reason",
                      StatusText(why));
    if (!client_login_.cancel_request()) line_.Send(packet::kClientPostgresWrite, ErrorFor(StatusText(why)));
    End();
  }

  std::string ErrorFor(const std::string& why) const {
    const bool logged_in = server_login_ && server_login_->state() == postgres::ServerLogin::State::kReady;
    if (!logged_in) return postgres::BuildLoginFailure(why);
    return postgres::BuildErrorResponse({.code = kProtocolViolation, .message = why});
  }

  void End() {
    patience_.reset();
    if (ended_) std::exchange(ended_, nullptr)(TargetEnd{});
  }

  AgentContext& context_;
  const PostgresServer& server_;
  const bool chunks_;
  Line& line_;
  Ended ended_;
  bool relaying_ = false;
  postgres::ClientLogin client_login_;
  std::optional<postgres::ServerLogin> server_login_;
  MessagePackets message_packets_;  // used where chunks were not granted
  std::unique_ptr<TargetSocket> socket_;
  std::unique_ptr<PostgresDialing> dialing_;
  std::unique_ptr<Timer> patience_;  // from the connection to the end of the login
  // Read on the loop only; shared because the worker's answer may outlive the target.
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

class PostgresConnector final : public Connector {
 public:
  PostgresConnector(ConnectorSeat seat, PostgresServer server) : seat_(std::move(seat)), server_(std::move(server)) {}

  bool Takes(std::string_view packet_type) const override { return packet_type == packet::kAgentPostgresWrite; }
  bool has_connection_ids() const override { return true; }
  std::unique_ptr<Target> Start(Line& line, Target::Ended ended) override {
    return std::make_unique<PostgresTarget>(seat_.context, server_, seat_.granted.chunks, line, std::move(ended));
  }

 private:
  const ConnectorSeat seat_;
  const PostgresServer server_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Connector>> MakePostgresConnector(ConnectorSeat seat) {
  HOOP_ASSIGN_OR_RETURN(const std::optional<Address> address, LivenessAddress(seat.params, seat.environment));
  HOOP_ASSIGN_OR_RETURN(PostgresServer server,
                        ReadPostgresServer(seat.environment, *address, seat.context.require_verified_tls));
  seat.params = {};  // read: secrets are kept once
  seat.environment = {};
  return std::make_unique<PostgresConnector>(std::move(seat), std::move(server));
}

}  // namespace hoop
