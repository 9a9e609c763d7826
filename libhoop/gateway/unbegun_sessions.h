// Ends sessions that are in the store and never began: their agent stayed away, a rule refused them, the client left
// first. Each gets a record like any other's, an open and a seal with the reason, so that its verification finds it
// whole. Called by client_entry, exec_runs and proxy_manager_entry.
#pragma once

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "base/log.h"
#include "base/loop.h"
#include "gateway/admission.h"
#include "hoop/audit_store.h"
#include "hoop/clock.h"
#include "store/session_table.h"

namespace hoop {

// Owned by Gateway, beside the admission, whose worker it uses; loop thread only. Each session is ended once.
class UnbegunSessions final : private RecordObserver {
 public:
  UnbegunSessions(Loop& loop, Log log, Clock& clock, SessionTable& sessions, AuditStore& audit, Admission& admission);

  // Of a row that the store has, and that nobody else ends. The record is written when this turn ends, and ends the row
  // as every seal does; without one, in trouble, the row is ended alone.
  void End(const SessionHead& head, SessionEnd end, std::function<void()> done = nullptr);

  // Of a row that may just be on its way to the store, be none, or be over. `done` is called on any thread when it is
  // over.
  void EndStored(std::string session_id, SessionEnd end, std::function<void()> done = nullptr);

 private:
  // The record is sealed as soon as it is open: whoever recovers the journal sees to the rest.
  void OnRecordFailed(const absl::Status&) override {}
  void OnRecordPressure(bool) override {}

  absl::Status Seal(const SessionHead& head, const SessionEnd& end);
  void Finish(const std::string& session_id, const SessionEnd& end);  // on the worker

  Loop& loop_;
  const Log log_;
  Clock& clock_;
  SessionTable& sessions_;
  AuditStore& audit_;
  Admission& admission_;
};

}  // namespace hoop
