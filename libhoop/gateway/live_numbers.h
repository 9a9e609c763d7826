// The numbers that REST shows, collected from the parts of the gateway.
#pragma once

#include "audit/journal_audit_store.h"
#include "base/loop.h"
#include "gateway/session_directory.h"
#include "rest/running_numbers.h"
#include "router/agent_router.h"

namespace hoop {

// Owned by Gateway. Worker threads, several at a time.
class LiveNumbers final : public rest::RunningNumbersSource {
 public:
  // `journal` null: the record is a host's own.
  LiveNumbers(Loop& loop, const SessionDirectory& sessions, const AgentRouter& router, const JournalAuditStore* journal)
      : loop_(loop), sessions_(sessions), router_(router), journal_(journal) {}
  absl::StatusOr<rest::RunningNumbers> Read() override;

 private:
  Loop& loop_;
  const SessionDirectory& sessions_;
  const AgentRouter& router_;
  const JournalAuditStore* const journal_;
};

}  // namespace hoop
