// What a host program's end of a stream and the agent's share: output on its way, and what was said of the end. Host
// threads write, the loop takes. Made by the host connector for each stream.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "agent/connectors/connector.h"
#include "base/fifo.h"
#include "base/loop.h"
#include "hoop/host_service.h"
#include "net/descriptor.h"

namespace hoop {

// Shared: the host may keep its HostStream for as long as it likes, the target ends with its session.
class HostChannel final : public std::enable_shared_from_this<HostChannel> {
 public:
  struct Piece {
    bool is_error = false;
    std::string bytes;
  };
  // What the loop has to look at. A copy.
  struct State {
    bool reading = true;
    bool finished = false;         // FinishWriting, and everything written was taken
    std::optional<TargetEnd> end;  // End, and everything written was taken
  };

  // The stream that the host is handed, and the agent's side of it.
  static std::pair<std::unique_ptr<HostStream>, std::shared_ptr<HostChannel>> Make(Loop& loop, HostCall call);
  HostChannel(Loop& loop, HostCall call) : call_(std::move(call)), loop_(&loop) {}

  // --- Loop thread ---

  // `on_change` is called in a later turn for everything the host did before and does from now on, until Close().
  void Attach(absl::AnyInvocable<void()> on_change);
  // The agent's end of the socket, where the host took the other one. From now on it cannot take one.
  Descriptor ReleaseDescriptor();
  // The next bytes, limits::kChunkBytesMax of one kind at most.
  std::optional<Piece> Take();
  bool IsEmpty() const;
  // True once when a write was cut short and there is room again.
  bool TakeWritable();
  State state() const;
  // The service did not want the stream: this is its end, whatever else it said.
  void Refuse(TargetEnd end);
  // The host's calls lead nowhere any more.
  void Close();

  const HostCall& call() const { return call_; }

 private:
  class Stream;

  absl::StatusOr<size_t> Write(bool is_error, std::string_view bytes);
  void FinishWriting();
  void End(TargetEnd end);
  void SetReading(bool reading);
  absl::StatusOr<int> TakeDescriptor();
  // The host has dropped its stream.
  void Leave();
  // Wakes the loop, once for many changes. The loop's own lock comes after ours.
  void Tell() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void OnTold();

  const HostCall call_;
  absl::AnyInvocable<void()> on_change_;  // loop thread only

  mutable absl::Mutex mu_;
  Loop* loop_ ABSL_GUARDED_BY(mu_);           // null: closed
  bool opened_ ABSL_GUARDED_BY(mu_) = false;  // no descriptor is taken any more
  bool attached_ ABSL_GUARDED_BY(mu_) = false;
  bool told_ ABSL_GUARDED_BY(mu_) = false;
  Fifo<Piece> output_ ABSL_GUARDED_BY(mu_);
  size_t output_bytes_ ABSL_GUARDED_BY(mu_) = 0;
  bool wants_writable_ ABSL_GUARDED_BY(mu_) = false;
  bool reading_ ABSL_GUARDED_BY(mu_) = true;
  bool finished_ ABSL_GUARDED_BY(mu_) = false;
  bool descriptor_taken_ ABSL_GUARDED_BY(mu_) = false;
  Descriptor descriptor_ ABSL_GUARDED_BY(mu_);
  std::optional<TargetEnd> end_ ABSL_GUARDED_BY(mu_);
};

}  // namespace hoop
