// The commands of `hoop`, one file per family; each returns the program's exit code. command_line.cc fills the options
// in and calls them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "program.h"

namespace hoop::cli {

enum class OutputForm { kTable, kWide, kJson };

struct SessionOptions {
  std::string connection;
  std::vector<std::string> args;  // behind "--"
  std::vector<std::string> env;   // NAME=value
  std::string correlation_id;     // of the user's own systems
  bool silent = false;
  bool json = false;
};

struct ExecOptions : SessionOptions {
  std::string session;  // one that was approved: it is run as it was asked for
  std::optional<std::string> input;
  std::string file;
};
int RunExec(const Environment& environment, const ExecOptions& options);

struct ConnectOptions : SessionOptions {
  std::string host = "127.0.0.1";
  std::optional<uint16_t> port;
  std::string duration;
};
int RunConnect(const Environment& environment, const ConnectOptions& options);

struct ReplayOptions {
  std::string id;
  double speed = 1.0;
  bool timing = true;
  bool raw = false;
  bool resize = false;
};
int RunSessionsReplay(const Environment& environment, const ReplayOptions& options);

struct AuditVerifyOptions {
  std::string id;
  std::string key;  // base64; empty: the pinned one
  bool json = false;
};
int RunAuditVerify(const Environment& environment, const AuditVerifyOptions& options);

struct LoginOptions {
  std::string api_url;
  std::string grpc_url;
  std::string email;
  std::string api_key;      // instead of an account
  std::string setup_token;  // of a new gateway: makes its first account
  std::string tls_ca;       // FILE, or another form of LoadPemOption
  bool no_browser = false;
  bool password_stdin = false;
  bool accept_audit_key = false;
};
int RunLogin(const Environment& environment, const LoginOptions& options);

// InvalidArgument: it does not begin as API keys do.
absl::Status CheckApiKey(const std::string& key);
struct PasswordOptions {
  bool password_stdin = false;
};
int RunPassword(const Environment& environment, const PasswordOptions& options);

struct ConfigCreateOptions {
  std::string api_url;
  std::string grpc_url;
  std::string api_key;
  std::string tls_ca;  // FILE, or another form of LoadPemOption
};
int RunConfigCreate(const Environment& environment, const ConfigCreateOptions& options);
struct ConfigViewOptions {
  std::string key;  // empty: all
  bool raw = false;
  bool json = false;
};
int RunConfigView(const Environment& environment, const ConfigViewOptions& options);
int RunConfigClear(const Environment& environment);
int RunConfigPath(const Environment& environment);

struct PublishOptions {
  std::string name;
  std::string command;
  std::string postgres;  // URI
  std::vector<std::string> reviewers;
  std::vector<std::string> redact_types;
  std::vector<std::string> foreground;
};
int RunPublish(const Environment& environment, const PublishOptions& options);

struct ProxyManagerOptions {
  bool json = false;
};
int RunProxyManager(const Environment& environment, const ProxyManagerOptions& options);

int RunVersion(const Environment& environment, bool json);

// Becomes the program of this name beside our own, with these arguments: `hoop start gateway` is hoop-gateway.
int RunSibling(const char* name, const std::vector<std::string>& words);

}  // namespace hoop::cli
