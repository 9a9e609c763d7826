#include "agent/tls_contexts.h"

#include <algorithm>
#include <utility>

namespace hoop {
namespace {

bool Same(const TlsClientOptions& a, const TlsClientOptions& b) {
  return a.verify == b.verify && a.ca_pem == b.ca_pem && a.credential.certificate_pem == b.credential.certificate_pem &&
         a.credential.key_pem == b.credential.key_pem && a.protocols == b.protocols;
}

}  // namespace

void TlsContexts::Get(const TlsClientOptions& options, Done done) {
  if (std::shared_ptr<TlsContext> context = Find(options)) return done(std::move(context));
  // Shared by the two threads in turn; the worker does not touch it once it has posted.
  auto waiting = std::make_shared<Done>(std::move(done));
  auto work = [this, alive = alive_, &loop = loop_, options, waiting] {
    absl::StatusOr<std::shared_ptr<TlsContext>> context = TlsContext::MakeClient(options);
    loop.Post([this, alive, options, waiting, context = std::move(context)]() mutable {
      if (!*alive) return;
      if (context.ok()) context = Keep(options, *std::move(context));
      (*waiting)(std::move(context));
    });
  };
  if (absl::Status status = worker_.Post(std::move(work)); !status.ok()) (*waiting)(status);
}

std::shared_ptr<TlsContext> TlsContexts::Find(const TlsClientOptions& options) {
  for (const Made& made : made_) {
    if (Same(made.options, options)) return made.context.lock();
  }
  return nullptr;
}

// Two may have been made at a time: then the first one stays.
std::shared_ptr<TlsContext> TlsContexts::Keep(const TlsClientOptions& options, std::shared_ptr<TlsContext> context) {
  std::erase_if(made_, [](const Made& made) { return made.context.expired(); });
  if (std::shared_ptr<TlsContext> first = Find(options)) return first;
  made_.push_back({options, context});
  return context;
}

}  // namespace hoop
