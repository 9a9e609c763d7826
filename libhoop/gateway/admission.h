// Streams that wait while a worker decides about them: SQL and signatures never run on the loop.
// Used by client_entry and agent_entry.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "base/loop.h"
#include "base/status.h"
#include "base/worker.h"
#include "transport/grpc_server.h"
#include "wire/packet_stream.h"

namespace hoop {

// Owned by Gateway. Loop thread only; ends when the loop does not turn any more.
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

  // Runs `question` on the worker, then `answer` on the loop; neither when the peer has left meanwhile, so that opening
  // and cancelling without end keeps nobody else waiting.
  // A full queue refuses the candidate with ResourceExhausted.
  template <typename T>
  void Ask(Candidate candidate, absl::AnyInvocable<absl::StatusOr<T>()> question,
           absl::AnyInvocable<void(Candidate, absl::StatusOr<T>)> answer) {
    const auto [key, has_left] = Keep(std::move(candidate));
    const absl::Status posted = worker_.Post(
        [this, key = key, has_left = has_left, question = std::move(question), answer = std::move(answer)]() mutable {
          if (*has_left) return;
          loop_.Post([this, key, result = question(), answer = std::move(answer)]() mutable {
            if (auto back = Take(key); back.stream != nullptr) answer(std::move(back), std::move(result));
          });
        });
    if (!posted.ok()) Take(key).Refuse(posted);
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
    std::shared_ptr<const std::atomic<bool>> has_left;  // shared with the worker
  };
  Kept Keep(Candidate candidate);
  Candidate Take(uint64_t key);  // stream is null: the peer left

  Loop& loop_;
  uint64_t last_key_ = 0;
  std::map<uint64_t, std::unique_ptr<Waiting>> waiting_;
  Worker worker_;  // last: joins before the map goes
};

}  // namespace hoop
