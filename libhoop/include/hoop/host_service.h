// Connections that the program around an agent serves itself: what it implements (HostService, HostStreamEvents) and
// what it is handed (HostStream). AgentOptions::host_services names them; agent/connectors/host.cc drives them.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace hoop {

// What a user asked for. A value; variables and files hold the connection's secrets.
struct HostCall {
  std::string service;
  std::string session_id;
  std::string connection_id;  // of a byte stream; the same session may have many
  std::string connection_name;
  std::string user_id;
  std::string user_email;
  bool is_command = false;                       // with arguments, error output and exit code; else a byte stream
  std::vector<std::string> arguments;            // the connection's, then the user's
  std::map<std::string, std::string> variables;  // envvar:NAME
  std::map<std::string, std::string> files;      // filesystem:NAME -> content
};

// The host's end of one byte stream or command. Owned by the host; any thread. Outliving its agent is allowed: then
// every call says Unavailable or does nothing. Destroying one that has not ended ends it as a failure.
class HostStream {
 public:
  virtual ~HostStream() = default;

  virtual const HostCall& call() const = 0;

  // How many bytes were taken: when fewer than all, OnWritable says when there is room again. Never blocks.
  // Unavailable: the stream is over. FailedPrecondition: FinishWriting, End or TakeDescriptor was called before.
  virtual absl::StatusOr<size_t> Write(std::string_view bytes) = 0;
  // The error output of a command. FailedPrecondition: this is a byte stream.
  virtual absl::StatusOr<size_t> WriteError(std::string_view bytes) = 0;
  // Half close of a byte stream, behind what was written.
  virtual void FinishWriting() = 0;
  // Behind what was written. The reason is for the user; empty: nothing to say. The first end counts.
  virtual void End(int exit_code, std::string_view reason) = 0;

  // false: no OnData after the call that is under way, until true. The user is held back meanwhile.
  virtual void SetReading(bool reading) = 0;

  // Only inside Open: from then on bytes come and go on a blocking socket that the caller owns, and there are no
  // events. What is left for this stream: a command's error output and exit code. The command ends when its socket is
  // closed or shut down for writing, with the code that End has told until then, else 0.
  virtual absl::StatusOr<int> TakeDescriptor() = 0;
};

// What happens on one stream. Made by the host, owned by the agent, which destroys it after the last call. Calls come
// on the agent's loop, one at a time, and must not block: every session of the agent waits meanwhile.
class HostStreamEvents {
 public:
  virtual ~HostStreamEvents() = default;
  virtual void OnData(std::string_view bytes) = 0;
  // The user sends no more; of a command: its input is complete.
  virtual void OnFinish() {}
  virtual void OnWritable() {}
  // The last call. Unavailable: the session ended under it.
  virtual void OnClosed(const absl::Status& /*why*/) {}
};

// One named service. Owned by the host; outlives the agent.
class HostService {
 public:
  virtual ~HostService() = default;
  // On the agent's loop, for each byte stream and each command. Null after TakeDescriptor, only then. The text of an
  // error is for the user.
  virtual absl::StatusOr<std::unique_ptr<HostStreamEvents>> Open(std::unique_ptr<HostStream> stream) = 0;
};

}  // namespace hoop
