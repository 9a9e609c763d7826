#include "tests/replay/scripted_gateway.h"

#include <utility>

#include "absl/synchronization/notification.h"
#include "base/check.h"
#include "base/status.h"

namespace hoop::replay {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(20);  // then a test has failed

}  // namespace

void ScriptedGateway::Call::OnPacket(Packet packet) {
  absl::MutexLock lock(&gateway.mu_);
  transcript.packets.push_back(PacketImage::Of(packet));
}

void ScriptedGateway::Call::OnPeerDone() { stream->Finish(absl::OkStatus()); }

void ScriptedGateway::Call::OnEnd(const absl::Status&) {
  absl::MutexLock lock(&gateway.mu_);
  is_over = true;
}

ScriptedGateway::ScriptedGateway() {
  server_ = std::make_unique<GrpcServer>(loop_, *this);
  auto listening = Listen(loop_, Address{"127.0.0.1", 0},
                          [this](std::unique_ptr<ByteStream> bytes) { server_->Accept(std::move(bytes)); });
  HOOP_CHECK(listening.ok());
  listener_ = *std::move(listening);
  thread_ = std::make_unique<LoopThread>(loop_, "gateway");
}

ScriptedGateway::~ScriptedGateway() {
  OnLoop([this] {
    listener_.reset();
    for (auto& call : calls_) call->stream.reset();
    questions_.clear();
    server_.reset();
  });
  thread_.reset();
}

std::string ScriptedGateway::address() const { return listener_->address().ToString(); }

void ScriptedGateway::OnLoop(const std::function<void()>& task) {
  absl::Notification done;
  loop_.Post([&task, &done] {
    task();
    done.Notify();
  });
  done.WaitForNotification();
}

void ScriptedGateway::OnStream(std::unique_ptr<PacketStream> stream, GrpcConnection& connection) {
  connection.Authenticated("peer");
  auto call = std::make_unique<Call>(*this);
  call->metadata = stream->metadata();
  call->stream = std::move(stream);
  Call& kept = *call;
  {
    absl::MutexLock lock(&mu_);
    calls_.push_back(std::move(call));
  }
  kept.stream->SetReceiver(&kept);
}

size_t ScriptedGateway::call_count() {
  absl::MutexLock lock(&mu_);
  return calls_.size();
}

void ScriptedGateway::OnUnary(std::unique_ptr<UnaryCall> call) {
  call->connection()->Authenticated("peer");
  auto question = std::make_unique<Question>();
  question->method = call->method();
  question->metadata = call->metadata();
  question->request = call->request();
  question->call = std::move(call);
  absl::MutexLock lock(&mu_);
  questions_.push_back(std::move(question));
}

template <typename T>
T* ScriptedGateway::WaitFor(std::deque<std::unique_ptr<T>>& list, size_t index, const std::function<void()>& nudge) {
  constexpr int kNudges = 200;
  const auto is_there = [&list, index] { return list.size() > index; };
  for (int tries = 0; tries < kNudges; ++tries) {
    {
      absl::MutexLock lock(&mu_);
      if (mu_.AwaitWithTimeout(absl::Condition(&is_there), kPatience / kNudges)) return list[index].get();
    }
    nudge();
  }
  return nullptr;
}

ScriptedGateway::Call* ScriptedGateway::WaitForCall(size_t index, const std::function<void()>& nudge) {
  return WaitFor(calls_, index, nudge);
}

ScriptedGateway::Question* ScriptedGateway::WaitForQuestion(size_t index, const std::function<void()>& nudge) {
  return WaitFor(questions_, index, nudge);
}

void ScriptedGateway::Answer(Question& question, absl::StatusOr<std::string> answer) {
  OnLoop([&] {
    question.call->Answer(std::move(answer));
    question.call.reset();
  });
}

bool ScriptedGateway::WaitUntil(const std::function<bool()>& happened) {
  absl::MutexLock lock(&mu_);
  return mu_.AwaitWithTimeout(absl::Condition(&happened, &std::function<bool()>::operator()), kPatience);
}

void ScriptedGateway::Send(Call& call, Packet packet) {
  OnLoop([&] { call.stream->Send(std::move(packet)); });
}

void ScriptedGateway::SendTogether(Call& call, std::vector<Packet> packets) {
  OnLoop([&] {
    for (Packet& packet : packets) call.stream->Send(std::move(packet));
  });
}

void ScriptedGateway::End(Call& call, const absl::Status& status) {
  OnLoop([&] { call.stream->Finish(status); });
}

Transcript ScriptedGateway::Said(Call& call) {
  absl::MutexLock lock(&mu_);
  return call.transcript;
}

void ScriptedGateway::Forget(Call& call) {
  absl::MutexLock lock(&mu_);
  call.transcript = {};
}

}  // namespace hoop::replay
