#include "transport/grpc_server.h"

#include <utility>

#include "base/status.h"
#include "transport/call_packet_stream.h"
#include "transport/http2_buffers.h"
#include "transport/http2_preface.h"
#include "transport/http2_session.h"

namespace hoop {
namespace {

constexpr std::string_view kConnect = "Connect";

absl::Status UnknownMethod(std::string_view method) {
  return Unimplemented("unknown method {} for service protobuf.Transport", PercentEncode(method.substr(0, 100)));
}

}  // namespace

// Collects the one message of a unary call and answers it. Owned by its call.
class GrpcServer::UnaryAnswer final : public CallSink {
 public:
  UnaryAnswer(Delegate& delegate, GrpcConnection& connection, std::string method, Metadata metadata)
      : delegate_(delegate), connection_(connection), method_(std::move(method)), metadata_(std::move(metadata)) {}
  ~UnaryAnswer() override;

 private:
  class Waiting;

  void OnMessage(std::string message) override {
    if (request_.has_value()) {
      call()->Fail(Internal("unary call {} with more than one message", method_));
      return;
    }
    request_ = std::move(message);
  }
  void OnPeerDone() override;
  void OnEnd(const absl::Status&) override {}
  void Answer(absl::StatusOr<std::string> answer) {
    if (call() == nullptr) return;
    if (answer.ok()) call()->SendMessage(*std::move(answer));
    call()->Finish(absl::IsUnimplemented(answer.status()) ? UnknownMethod(method_) : answer.status());
  }

  Delegate& delegate_;
  GrpcConnection& connection_;
  const std::string method_;
  Metadata metadata_;
  std::optional<std::string> request_;
  Waiting* waiting_ = nullptr;  // while the delegate has not answered
};

// The delegate's half; whichever of the two ends first lets the other go.
class GrpcServer::UnaryAnswer::Waiting final : public UnaryCall {
 public:
  explicit Waiting(UnaryAnswer& answer)
      : answer_(&answer), method_(answer.method_), metadata_(answer.metadata_), request_(*std::move(answer.request_)) {
    answer_->waiting_ = this;
  }
  ~Waiting() override { Answer(Unavailable("call {} was given up", method_)); }

  std::string_view method() const override { return method_; }
  const Metadata& metadata() const override { return metadata_; }
  std::string_view request() const override { return request_; }
  GrpcConnection* connection() override {
    return answer_ != nullptr && answer_->call() != nullptr ? &answer_->connection_ : nullptr;
  }
  void Answer(absl::StatusOr<std::string> answer) override {
    if (answer_ == nullptr) return;
    answer_->waiting_ = nullptr;
    std::exchange(answer_, nullptr)->Answer(std::move(answer));
  }

 private:
  friend class UnaryAnswer;

  UnaryAnswer* answer_;  // null: answered, or nobody waits any more
  const std::string method_;
  const Metadata metadata_;
  const std::string request_;
};

GrpcServer::UnaryAnswer::~UnaryAnswer() {
  if (waiting_ != nullptr) waiting_->answer_ = nullptr;
}

void GrpcServer::UnaryAnswer::OnPeerDone() {
  if (!request_.has_value()) {
    call()->Fail(Internal("unary call {} without a message", method_));
    return;
  }
  delegate_.OnUnary(std::make_unique<Waiting>(*this));
}

// A connection that came, its session once it has begun to speak HTTP/2, and what the delegate sees of it.
class GrpcServer::Connection final : public GrpcConnection, private Http2Session::Delegate {
 public:
  Connection(GrpcServer& server, uint64_t id, std::unique_ptr<ByteStream> bytes)
      : server_(server),
        id_(id),
        preface_(std::make_unique<Http2Preface>(
            server.loop_, std::move(bytes), [this](std::unique_ptr<ByteStream> begun) { Begin(std::move(begun)); })) {}

  uint64_t id() const override { return id_; }
  const std::string& peer() const override { return session_->peer(); }
  std::string VerifiedSubject() const override { return session_->VerifiedSubject(); }
  void Authenticated(std::string who) override {
    if (who_.empty()) {
      who_ = std::move(who);
      TellCut();
    }
    session_->Trust();
  }
  void Close(const absl::Status& reason) override { session_->Break(reason); }

  // Null before the preface.
  Http2Session* session() { return session_.get(); }

 private:
  void Begin(std::unique_ptr<ByteStream> bytes) {
    if (bytes == nullptr) return server_.Remove(id_);
    Http2Session::Delegate& delegate = *this;
    session_ = std::make_unique<Http2Session>(Http2Session::Role::kListening, server_.loop_, std::move(bytes),
                                              server_.buffers_, delegate);
    preface_.reset();
  }

  void OnCall(Http2Session&, GrpcCall& call) override {
    const std::string path = call.TakePath().substr(kGrpcService.size());
    if (path == kConnect) {
      server_.delegate_.OnStream(std::make_unique<CallPacketStream>(server_.loop_, call, call.TakeMetadata()), *this);
    } else {
      call.SetOwnedSink(std::make_unique<UnaryAnswer>(server_.delegate_, *this, path, call.TakeMetadata()));
    }
  }

  void OnBreak(const absl::Status& reason) override {
    if (absl::IsResourceExhausted(reason) || absl::IsInternal(reason)) cut_ = reason;
    TellCut();
  }

  // Whichever comes last: that it is cut, or who it is.
  void TellCut() {
    if (!cut_.ok() && !who_.empty()) server_.delegate_.OnCut(who_, cut_);
  }

  void OnSessionClosed(Http2Session&, const absl::Status&) override { server_.Remove(id_); }

  GrpcServer& server_;  // not used any more once the session dropped its delegate
  const uint64_t id_;
  std::string who_;   // empty: a stranger's
  absl::Status cut_;  // why it was cut
  std::unique_ptr<Http2Preface> preface_;
  std::unique_ptr<Http2Session> session_;
};

GrpcServer::GrpcServer(Loop& loop, Delegate& delegate)
    : loop_(loop), delegate_(delegate), buffers_(std::make_shared<Http2Buffers>()) {}

GrpcServer::~GrpcServer() {
  DropSilent();
  for (auto& [id, connection] : connections_) {
    connection->session()->DropDelegate(Unavailable("server closed"));
    loop_.DestroyLater(std::move(connection));
  }
}

// Those that have not begun to speak HTTP/2 have nothing to be told.
void GrpcServer::DropSilent() {
  std::erase_if(connections_, [](const auto& entry) { return entry.second->session() == nullptr; });
}

void GrpcServer::Accept(std::unique_ptr<ByteStream> bytes) {
  if (drained_ != nullptr) return;
  const uint64_t id = ++last_id_;
  connections_.emplace(id, std::make_unique<Connection>(*this, id, std::move(bytes)));
}

void GrpcServer::Remove(uint64_t id) {
  const auto found = connections_.find(id);
  loop_.DestroyLater(std::move(found->second));
  connections_.erase(found);
  delegate_.OnConnectionEnd(id);
  if (drained_ == nullptr || !connections_.empty()) return;
  drain_timer_ = loop_.After(absl::ZeroDuration(), [done = std::move(drained_)]() mutable { done(); });
  drained_ = [] {};  // nothing is accepted any more
}

void GrpcServer::Drain(absl::Duration grace, absl::AnyInvocable<void()> done) {
  DropSilent();
  if (connections_.empty()) {
    drained_ = [] {};
    drain_timer_ = loop_.After(absl::ZeroDuration(), std::move(done));
    return;
  }
  drained_ = std::move(done);
  for (auto& [id, connection] : connections_) connection->session()->StartDrain();
  drain_timer_ = loop_.After(grace, [this] {
    for (auto& [id, connection] : connections_) connection->session()->Break(Unavailable("server is shutting down"));
  });
}

size_t GrpcServer::held_bytes() const {
  size_t bytes = 0;
  for (const auto& [id, connection] : connections_) {
    if (connection->session() != nullptr) bytes += connection->session()->held_bytes();
  }
  return bytes;
}

}  // namespace hoop
