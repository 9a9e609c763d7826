// The TLS contexts of targets: made on the worker, because the machine's authorities take a tenth of a second to read
// and a megabyte to keep, and shared by all sessions whose connections want the same. Used by the connectors.
#pragma once

#include <memory>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "base/loop.h"
#include "base/worker.h"
#include "net/tls_context.h"

namespace hoop {

// Owned by the agent; loop thread only. A context lives as long as somebody uses it.
class TlsContexts final {
 public:
  using Done = absl::AnyInvocable<void(absl::StatusOr<std::shared_ptr<TlsContext>>)>;

  TlsContexts(Loop& loop, Worker& worker) : loop_(loop), worker_(worker) {}
  ~TlsContexts() { *alive_ = false; }
  TlsContexts(const TlsContexts&) = delete;
  TlsContexts& operator=(const TlsContexts&) = delete;

  // Calls `done` once on the loop, from inside this call where the context is there already. Errors are those of
  // TlsContext::MakeClient, and ResourceExhausted: the worker has too much to do.
  void Get(const TlsClientOptions& options, Done done);

 private:
  struct Made {
    TlsClientOptions options;
    std::weak_ptr<TlsContext> context;
  };

  std::shared_ptr<TlsContext> Find(const TlsClientOptions& options);
  std::shared_ptr<TlsContext> Keep(const TlsClientOptions& options, std::shared_ptr<TlsContext> context);

  Loop& loop_;
  Worker& worker_;
  std::vector<Made> made_;  // those that nobody uses any more leave when the next one comes
  // Read on the loop only; shared because the worker's answer may outlive this.
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace hoop
