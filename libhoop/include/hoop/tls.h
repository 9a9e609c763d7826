// What TLS is told, as PEM text, and how a program finds that text in its environment.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace hoop {

// The TLS of a gateway's listeners. Errors call the texts by the variables that programs read them from.
struct GatewayTls {
  enum class ClientAuth {
    kOff,       // client certificates are not asked for
    kOptional,  // who shows one shows a good one
    kAgents,    // agents must; users need none
  };

  std::string certificate;  // TLS_CERT: followed by the rest of its chain
  std::string key;          // TLS_KEY
  std::string client_ca;    // TLS_CA: who signs the certificates of agents and users
  ClientAuth client_auth = ClientAuth::kOff;
};

// The TLS of who dials a gateway.
struct DiallerTls {
  std::string ca;           // instead of the machine's authorities
  std::string server_name;  // instead of the host that is dialled
  std::string certificate;  // for gateways that ask; with `key`, or neither
  std::string key;
};

// The PEM text that a variable's value means: the text itself, "file://<path>", "base64://<base64>" or bare base64.
// InvalidArgument: none of these, or the file cannot be read; the text begins with the variable's name.
absl::StatusOr<std::string> LoadPem(std::string_view variable, std::string_view value);

// The path of a "file://" value: for who notices that the file changed.
std::optional<std::string> PemFilePath(std::string_view value);

}  // namespace hoop
