// What the command line is made of: configuration, one-off commands, local listeners. tools/hoop reads environment and
// arguments, hands them in and shows what comes out. REST and the audit record: hoop/api_client.h.
// Not part of the ABI's promise yet.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "hoop/clock.h"
#include "hoop/terminal_size.h"
#include "hoop/tls.h"

namespace hoop {

// ~/.hoop/config.toml: the keys of the real command line, and `audit_key` (the pinned public half, base64).
struct ClientConfig {
  std::string token;
  std::string api_url;
  std::string grpc_url;
  std::string tls_ca;  // base64 of PEM, or another form of LoadPem (tls.h)
  bool skip_tls_verify = false;
  std::string audit_key;
  // For this run, not in the file. `ca`, when given, goes before tls_ca.
  DiallerTls tls;

  // tls_ca from PEM text.
  void SetAuthorities(std::string_view pem);

  // NotFound: no such file. InvalidArgument: not that format; the text names file and line.
  static absl::StatusOr<ClientConfig> Load(const std::string& path);
  // Folder 0700, file 0600, replaced atomically. What others wrote into it - keys, tables, comments - stays.
  absl::Status Save(const std::string& path) const;
};

// InvalidArgument: not http(s)://host[:port][/path]. The answer has no slash at its end.
absl::StatusOr<std::string> NormalizeApiUrl(std::string_view text);
// InvalidArgument: not an address of a gateway (grpc://host:port, grpcs://host:port, host:port).
absl::Status CheckGrpcUrl(std::string_view text);

// What a session is asked for.
struct SessionRequest {
  std::string connection;
  std::vector<std::string> args;           // appended to the connection's command
  std::map<std::string, std::string> env;  // name -> value, for the command
  std::string correlation_id;              // under which other systems know it; printable ASCII
  std::optional<absl::Duration> duration;  // after what time access ends, at most; also for reviewers
};

// How a session ended that the gateway or the command itself ended.
struct SessionResult {
  int exit_code = 0;
  std::string text;  // why, for the user; empty after a good end
};

// Something to tell the user while a session runs.
struct ClientEvent {
  enum class Kind {
    kConnected,        // a listener's or a terminal's session is open; data: session_id, connection_type
    kRunning,          // a command's session is open; data: session_id, command
    kReady,            // the local listener takes connections; data: host, port, user, password
    kWaitingApproval,  // data: review_url, session_id
    kApproved,
    kAgentOffline,  // the gateway has no agent for it and is asked again; data: retry
    kDisconnected,  // a new session is tried; data: error
    kLocalOpened,   // a program connected to the listener; data: connection_id
    kLocalClosed,   // data: connection_id, and error unless it ended well
    kCompleted,     // the command ended; exit_code is set; data: stdout, stderr, error
    kError,         // exit_code is set
  };
  Kind kind = Kind::kError;
  std::string message;
  std::vector<std::pair<std::string, std::string>> data;
  std::optional<int> exit_code;

  std::string_view Get(std::string_view key) const;  // of data; "" when absent
};

// One line of JSON without a line feed: {"status":"ready","message":...,"data":{...},"exit_code":...}. Bytes that are
// not UTF-8 are replaced.
std::string EventJson(const ClientEvent& event);

// Called on the thread that runs the session; must not block for long.
class ClientEvents {
 public:
  virtual ~ClientEvents() = default;
  virtual void OnEvent(const ClientEvent& event) = 0;
};

// What a command reads. Read blocks and is called from a thread of its own, one call at a time.
class ClientInput {
 public:
  virtual ~ClientInput() = default;
  // How many bytes were put into `buffer`; 0: the end.
  virtual absl::StatusOr<size_t> Read(char* buffer, size_t size) = 0;
  // From any thread: a Read that waits ends, all further ones answer 0.
  virtual void Stop() = 0;
};

// What a command says. Write may block; it is called from a thread of its own, one call at a time, in order.
class ClientOutput {
 public:
  enum class Channel { kStdout, kStderr };
  virtual ~ClientOutput() = default;
  virtual absl::Status Write(Channel channel, std::string_view bytes) = 0;
};

// The user's terminal, for sessions of a command line. hoop/descriptors.h has one for a pair of descriptors.
class ClientTerminal {
 public:
  virtual ~ClientTerminal() = default;
  // The session is open: from here each key is a byte for the far side. A status: there is no terminal, and the
  // session is closed again.
  virtual absl::Status Begin() = 0;
  // As it was before Begin, before anything else is said to the user, however the session ended. Must not wait.
  virtual void End() = 0;
  virtual TerminalSize Size() = 0;
  virtual ClientInput& input() = 0;
  virtual ClientOutput& output() = 0;
};

struct ClientOptions {
  ClientConfig config;
  std::string version = "unknown";
  // The path of libhoop_grpc.so: gRPC C++ dials the gateway (HTTP CONNECT proxies, resolvers). Empty: our own does.
  std::string grpc_library;
  Clock* clock = nullptr;  // null: the machine's
};

struct ListenOptions {
  std::string host = "127.0.0.1";
  std::optional<uint16_t> port;  // default: by type, 5433 and 8999; 0: any free one
  // Says what the connection speaks (ConnectionInfo::protocol), "" when that cannot be learnt now. Asked only when a
  // default port is taken or there is no terminal, so that a session which could not be used is not even opened.
  // Called on the thread that runs sessions; may block it.
  std::function<std::string()> protocol;
};

// Runs sessions, one at a time, on the thread that calls. Owned by the program.
class Client final {
 public:
  // InvalidArgument: an URL or a text for TLS is wrong. Unauthenticated: no token. FailedPrecondition: the gRPC library
  // cannot be loaded, or there are no authorities to verify the gateway by.
  static absl::StatusOr<std::unique_ptr<Client>> Create(ClientOptions options);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // Runs one command to its end. A status: it was not run to its end; NotFound, Unauthenticated, PermissionDenied as
  // the gateway says, Unavailable: the gateway is gone, Cancelled: Cancel().
  absl::StatusOr<SessionResult> Exec(const SessionRequest& request, ClientInput& input, ClientOutput& output,
                                     ClientEvents& events);

  // Databases and services: listens locally until the session ends for good; a lost gateway or agent is tried again
  // for five minutes. Command lines: runs the command on `terminal` to its end; null: there is none. Besides the
  // above: FailedPrecondition: the local address is in use, or there is no terminal. Unimplemented: this type has no
  // local listener.
  absl::StatusOr<SessionResult> Connect(const SessionRequest& request, const ListenOptions& listen,
                                        ClientTerminal* terminal, ClientEvents& events);

  // The desktop app's background process: waits at the gateway, serves each session that somebody orders by REST on
  // the local port that was asked for, until Cancel. Unauthenticated: the token is not good (any more).
  absl::Status ProxyManager(ClientEvents& events);

  // The terminal may have another size now. Any thread, not a signal handler.
  void TerminalResized();

  // Ends what runs. Any thread, not a signal handler. Remembered: a session that starts later ends at once.
  void Cancel();

 private:
  struct Parts;
  explicit Client(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace hoop
