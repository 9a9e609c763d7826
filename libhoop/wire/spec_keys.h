// Spec keys, byte for byte as real peers say them. Values are raw bytes; encodings: docs/wire.md.
#pragma once

#include <string_view>

namespace hoop::spec {

using Key = std::string_view;

inline constexpr Key kSessionId = "gateway.session_id";
inline constexpr Key kConnectionType = "gateway.connection_type";
inline constexpr Key kConnectionId = "client.connection_id";
inline constexpr Key kExitCode = "client.exit_code";
inline constexpr Key kRequestPort = "client.request_port";
inline constexpr Key kJitTimeout = "jit.timeout";  // how long the user wants access: "1800s"
inline constexpr Key kClientCommand = "client.command";
inline constexpr Key kTerminalArgs = "terminal.args";        // gob []string
inline constexpr Key kTerminalEnvVars = "terminal.envvars";  // gob map[string]string
inline constexpr Key kAgentVersion = "agent.version";
inline constexpr Key kConnectionParams = "agent.connection_params";  // gob AgentConnectionParams
inline constexpr Key kTcpServerConnect = "tcp.server_connect";       // presence only
inline constexpr Key kMcpEvent = "mcp.event";

// Ours, only between peers that negotiated them (wire/capabilities.h). Dropped from all others.
inline constexpr std::string_view kOursPrefix = "hoop.";
inline constexpr Key kCapabilities = "hoop.caps";   // in AgentGatewayConnectOK and ClientSessionOpenOK
inline constexpr Key kStreamToken = "hoop.stream";  // in AgentStreamOpen and AgentSessionOpen
inline constexpr Key kFin = "hoop.fin";             // half close; the packet's payload is empty
inline constexpr Key kMore = "hoop.more";           // of a command's input: another packet follows (chunks)
inline constexpr Key kRetry = "hoop.retry";         // in ClientSessionClose: a new session may work

}  // namespace hoop::spec
