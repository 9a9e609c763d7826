// A gateway's packet side with everything real but sockets, disk and time: entries, router, sessions and HTTP/2 over
// byte streams in memory, a store on SQLite. Peers are scripted. For the players and for tests of shared streams.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "gateway/exec_runs.h"
#include "gateway/stream_entry.h"
#include "tests/fakes/memory_audit_store.h"
#include "tests/fakes/memory_bytes.h"
#include "tests/fakes/waiting_loop.h"
#include "tests/replay/comparison.h"
#include "tests/support/temp_store.h"
#include "transport/grpc_channel.h"

namespace hoop::replay {

inline constexpr char kUserToken[] = "the-users-token";

// A client or agent on a connection of its own, as each real program has it.
class Peer final : public PacketStream::Receiver {
 public:
  Peer(Loop& loop, GrpcServer& server, const Metadata& metadata);

  void Send(Packet packet) { stream_->Send(std::move(packet)); }
  void HalfClose() { stream_->Finish(absl::OkStatus()); }
  void SetReading(bool reading) { stream_->SetReading(reading); }
  // Its process ends.
  void Leave();

  Transcript transcript;
  std::function<void(const Packet&)> on_packet;

 private:
  void OnPacket(Packet packet) override;
  void OnEnd(const absl::Status& status) override { transcript.end = status; }

  std::unique_ptr<GrpcChannel> channel_;
  std::unique_ptr<PacketStream> stream_;
};

class GatewayUnderTest final {
 public:
  // `verifier`: of its users, in place of the one whose token is kUserToken.
  explicit GatewayUnderTest(IdpVerifier* verifier = nullptr);
  ~GatewayUnderTest();

  // The DSN of a new agent (or of the one that has this name).
  std::string AddAgent(const std::string& name, const std::string& mode);
  void AddConnection(const AgentConnectionParams& params, const std::string& agent);

  ConnectionRow Connection(const std::string& name);
  void Replace(const ConnectionRow& row);

  Peer& Connect(const Metadata& metadata);
  void CallUnary(const std::string& method, const Metadata& metadata, std::string request,
                 GrpcChannel::OnUnaryDone done);
  // The connections on which unary calls were made end.
  void EndCalls() { callers_.clear(); }

  // On the worker that looks who comes; what comes later waits for it.
  void PostToAdmission(absl::AnyInvocable<void()> task);

  // Everything that follows from what was done, also on the admission's worker and on the disk.
  void Settle();
  void Advance(absl::Duration step);

  void KillSession(const std::string& session_id, const std::string& by = "admin@example.test");
  // Everybody is told; then a new process takes its place.
  void Shutdown();
  // As kill -9, then a new process.
  void Die();

  WaitingLoop& loop() { return loop_; }
  MemoryAuditStore& audit() { return audit_; }
  // Whose token kUserToken is.
  const Identity& user() const;
  SessionDirectory& sessions();
  ExecRuns& exec();
  AgentRouter& router();
  Admission& admission();
  Store& store() { return *store_; }
  ProxyManagerEntry& proxy_managers();

 private:
  struct Process;

  ManualClock clock_;
  WaitingLoop loop_{clock_};
  testing::TempStore store_;
  MemoryAuditStore audit_;
  std::map<std::string, std::string> dsns_;
  IdpVerifier* const verifier_;  // null: one user
  std::unique_ptr<Process> process_;
  std::deque<std::unique_ptr<Peer>> peers_;
  std::vector<std::unique_ptr<GrpcChannel>> callers_;
};

}  // namespace hoop::replay
