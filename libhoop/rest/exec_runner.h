// One-off commands that REST runs: what is asked for, and who runs it. Asked by exec_routes.cc, implemented in
// gateway/exec_runs.h.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "hoop/idp_verifier.h"
#include "store/session_table.h"

namespace hoop::rest {

// A command as somebody asked for it. A value.
struct ExecOrder {
  std::string session_id;  // minted by us; the session's row appears under it
  Identity identity;
  std::string bearer;      // the token that proved it: asked about again while the command runs
  std::string connection;  // name or id
  std::string script;      // the command's input
  std::vector<std::string> client_args;
  std::map<std::string, std::string> env_vars;  // "envvar:NAME" -> base64
  SessionNotes notes;                           // all but the connection's tags
};

// Any thread; never blocks.
class ExecRunner {
 public:
  // OK: the session is over, and its record says how. Otherwise why it never began, in the words of the client's
  // stream.
  using Ended = absl::AnyInvocable<void(absl::Status)>;

  virtual ~ExecRunner() = default;
  // Goes on until the command ends, whoever waits for it. `ended` is called once, from any thread; never when the
  // gateway itself ends first.
  virtual void Run(ExecOrder order, Ended ended) = 0;
};

}  // namespace hoop::rest
