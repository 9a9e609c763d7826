// A gateway of either era as a script plays it, behind a real socket with real HTTP/2: for our agent.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "net/event_loop.h"
#include "net/listener.h"
#include "tests/replay/comparison.h"
#include "transport/grpc_server.h"

namespace hoop::replay {

// Lives on a loop and thread of its own; everything public is for the test's thread.
class ScriptedGateway final : public GrpcServer::Delegate {
 public:
  // One call that a peer opened.
  struct Call final : PacketStream::Receiver {
    explicit Call(ScriptedGateway& owner) : gateway(owner) {}
    void OnPacket(Packet packet) override;
    void OnPeerDone() override;
    void OnEnd(const absl::Status& status) override;

    ScriptedGateway& gateway;
    std::unique_ptr<PacketStream> stream;  // the loop's
    Metadata metadata;
    Transcript transcript;
    std::atomic<bool> is_over = false;  // set on the loop, looked at by the test
  };

  // One unary call, until it is answered.
  struct Question {
    std::string method;
    Metadata metadata;
    std::string request;
    std::unique_ptr<UnaryCall> call;  // the loop's
  };

  ScriptedGateway();
  ~ScriptedGateway();

  std::string address() const;  // 127.0.0.1:port

  size_t call_count();
  // The n-th call, as soon as it is there; null: it never came. `nudge` is called while nothing happens.
  Call* WaitForCall(size_t index, const std::function<void()>& nudge);
  Question* WaitForQuestion(size_t index, const std::function<void()>& nudge);
  void Answer(Question& question, absl::StatusOr<std::string> answer);
  // True as soon as `happened` is, which may look at transcripts.
  bool WaitUntil(const std::function<bool()>& happened);

  void Send(Call& call, Packet packet);
  void SendTogether(Call& call, std::vector<Packet> packets);  // in one turn
  void End(Call& call, const absl::Status& status);
  Transcript Said(Call& call);
  void Forget(Call& call);  // what it said so far

 private:
  void OnStream(std::unique_ptr<PacketStream> stream, GrpcConnection& connection) override;
  void OnUnary(std::unique_ptr<UnaryCall> call) override;
  // The n-th of `list`, as soon as it is there.
  template <typename T>
  T* WaitFor(std::deque<std::unique_ptr<T>>& list, size_t index, const std::function<void()>& nudge);
  void OnLoop(const std::function<void()>& task);

  EventLoop loop_{Clock::System()};
  std::unique_ptr<GrpcServer> server_;
  std::unique_ptr<Listener> listener_;
  absl::Mutex mu_;
  std::deque<std::unique_ptr<Call>> calls_;  // transcripts and their number: under mu_
  std::deque<std::unique_ptr<Question>> questions_;
  std::unique_ptr<LoopThread> thread_;
};

}  // namespace hoop::replay
