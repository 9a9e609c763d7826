// Streams that wait while a worker decides about them: SQL and signatures never run on the loop.
// Used by client_entry, agent_entry and proxy_manager_entry.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "base/loop.h"
#include "base/status.h"
#include "base/worker.h"
#include "base/worker_pool.h"
#include "gateway/flood_penalties.h"
#include "transport/grpc_server.h"
#include "wire/packet_stream.h"

namespace hoop {

// Owned by Gateway. Loop thread only; ends when the loop does not turn any more, and before those who ask: it waits for
// the questions that run. A slow issuer delays its own users alone.
class Admission final {
 public:
  // A stream with nobody behind it yet. Packets wait in the transport; when the peer leaves it is forgotten.
  struct Candidate {
    std::unique_ptr<PacketStream> stream;
    GrpcConnection* connection = nullptr;  // lives as long as the stream; null: the stream is our own

    // Refuses: the peer gets `status` as the stream's end.
    void Refuse(const absl::Status& status) { stream->Finish(status); }
  };

  explicit Admission(Loop& loop);
  ~Admission();

  // The credentials are those of `peer`, an agent's or user's id: its connection has wide limits from now on.
  // ResourceExhausted: it has to wait, for it flooded us.
  absl::Status LetIn(GrpcConnection& connection, const std::string& peer, const std::string& bearer_hash);
  // The same, of bearers that were refused for it: nobody is asked about them.
  absl::Status CheckBearer(std::string_view bearer);
  // As GrpcServer::Delegate says.
  void OnCut(const std::string& peer, const absl::Status& why) { penalties_.Punish(peer, why); }

  // Whom a question is for, and so where it runs.
  enum class Asked {
    kStore,   // on one worker, in order. A full queue refuses the candidate with ResourceExhausted
    kIssuer,  // a host's function may have a part in it. A full queue refuses with Unavailable: it does not keep up
  };

  // Runs `question` on a worker, then `answer` on the loop; neither when the peer has left meanwhile, so that opening
  // and cancelling without end keeps nobody else waiting.
  template <typename T>
  void Ask(Candidate candidate, Asked asked, absl::AnyInvocable<absl::StatusOr<T>()> question,
           absl::AnyInvocable<void(Candidate, absl::StatusOr<T>)> answer) {
    const auto [key, has_left] = Keep(std::move(candidate));
    // Nothing to go on with: the peer has left.
    Submit(key, asked,
           [this, key = key, has_left = has_left, question = std::move(question),
            answer = std::move(answer)]() mutable -> WorkerPool::Continuation {
             if (*has_left) return nullptr;
             return [this, key, result = question(), answer = std::move(answer)]() mutable {
               if (auto back = Take(key); back.stream != nullptr) answer(std::move(back), std::move(result));
             };
           });
  }

  // The same for a unary call. A full queue gives it up, which says Unavailable.
  template <typename T>
  void Ask(std::unique_ptr<UnaryCall> call, absl::AnyInvocable<absl::StatusOr<T>()> question,
           absl::AnyInvocable<void(std::unique_ptr<UnaryCall>, absl::StatusOr<T>)> answer) {
    (void)worker_.Post(
        [this, call = std::move(call), question = std::move(question), answer = std::move(answer)]() mutable {
          loop_.Post([call = std::move(call), result = question(), answer = std::move(answer)]() mutable {
            answer(std::move(call), std::move(result));
          });
        });
  }

  // Work without a stream, in order with the questions.
  absl::Status Post(absl::AnyInvocable<void()> task) { return worker_.Post(std::move(task)); }

 private:
  struct Waiting;
  struct Kept {
    uint64_t key;
    std::shared_ptr<const std::atomic<bool>> has_left;  // shared with workers
  };
  Kept Keep(Candidate candidate);
  void Submit(uint64_t key, Asked asked, WorkerPool::Work work);
  Candidate Take(uint64_t key);  // stream is null: the peer left

  Loop& loop_;
  FloodPenalties penalties_;
  uint64_t last_key_ = 0;
  std::map<uint64_t, std::unique_ptr<Waiting>> waiting_;
  Worker worker_;  // last, both: they join before the map goes
  WorkerPool issuers_;
};

}  // namespace hoop
