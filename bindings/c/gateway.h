// hoop_gateway as its own files see it: the handle, and when it may be asked.
#pragma once

#include <memory>

#include "hoop/gateway.h"
#include "lifecycle.h"
#include "log.h"
#include "verifier.h"

// The order of members is destruction reversed: the gateway ends before what it calls.
struct hoop_gateway {
  std::shared_ptr<hoop::c::CallbackLog> log;
  std::shared_ptr<hoop::c::CallbackVerifier> verifier;
  std::unique_ptr<hoop::Gateway> gateway;
  hoop::c::Lifecycle lifecycle{"gateway"};
};

namespace hoop::c {

inline absl::Status NeedRunning(const hoop_gateway* gateway) {
  const absl::Status status = Need(gateway, "gateway");
  return status.ok() ? gateway->lifecycle.NeedRunning() : status;
}

// For what waits for the store: a call-back would make wait whoever calls it.
inline absl::Status NeedStore(const hoop_gateway* gateway) {
  absl::Status status = Need(gateway, "gateway");
  if (status.ok()) status = InCallback::Refuse();
  return status.ok() ? gateway->lifecycle.NeedRunning() : status;
}

}  // namespace hoop::c
