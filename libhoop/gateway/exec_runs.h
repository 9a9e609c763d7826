// Commands that REST asks for: the gateway is itself the client of their sessions, on a stream in memory, through the
// same entry as everybody else. What they say is not kept here: it is in their record.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "base/loop.h"
#include "gateway/client_entry.h"
#include "gateway/unbegun_sessions.h"
#include "rest/exec_runner.h"

namespace hoop {

// Owned by Gateway; destroyed when the packet loop turns no more. Run: any thread; the rest: packet loop.
class ExecRuns final : public rest::ExecRunner {
 public:
  ExecRuns(Loop& loop, ClientEntry& clients, Admission& admission, UnbegunSessions& unbegun);
  ~ExecRuns() override;

  void Run(rest::ExecOrder order, Ended ended) override;

  // A command whose session waits for its agent. NotFound: there is none of this id.
  absl::Status Kill(std::string_view session_id, std::string_view by);

 private:
  class OneRun;

  void Start(rest::ExecOrder order, Ended ended);
  // The session began and is over: its record tells the rest.
  void OnOver(const std::string& session_id);
  // The session never began: nobody else ends its row.
  void OnRefused(const std::string& session_id, const absl::Status& status, const std::string& reason);
  std::unique_ptr<OneRun> Take(const std::string& session_id);

  Loop& loop_;
  ClientEntry& clients_;
  Admission& admission_;
  UnbegunSessions& unbegun_;
  std::map<std::string, std::unique_ptr<OneRun>, std::less<>> runs_;
};

}  // namespace hoop
