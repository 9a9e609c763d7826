// Packet types, byte for byte as real peers say them. Direction and meaning: docs/wire.md.
#pragma once

#include <string_view>

namespace hoop::packet {

using Type = std::string_view;

// Both ways, consumed.
inline constexpr Type kKeepAlive = "GatewayKeepAlive";
inline constexpr Type kLegacyKeepAlive = "KeepAlive";

// Client -> gateway, consumed.
inline constexpr Type kProxyManagerConnectOkAck = "GatewayProxyManagerConnectOKAck";

// Client -> gateway -> agent.
inline constexpr Type kAgentSessionOpen = "AgentSessionOpen";
inline constexpr Type kAgentSessionClose = "AgentSessionClose";
inline constexpr Type kAgentExecWriteStdin = "AgentExecWriteStdin";
inline constexpr Type kAgentTerminalWriteStdin = "AgentTerminalWriteStdin";
inline constexpr Type kAgentTerminalResize = "AgentTerminalResizeTTY";
inline constexpr Type kAgentTcpWrite = "AgentTCPConnectionWrite";
inline constexpr Type kAgentPostgresWrite = "AgentPGConnectionWrite";
inline constexpr Type kAgentConnectionClose = "AgentCloseTCPConnection";  // mind the spelling

// Gateway -> agent.
inline constexpr Type kAgentConnectOk = "AgentGatewayConnectOK";
inline constexpr Type kAgentStreamOpen = "AgentStreamOpen";  // ours, capability "streams"

// Agent -> gateway, consumed.
inline constexpr Type kClientAgentLogs = "ClientAgentLogs";
inline constexpr Type kClientAnalyzerMetrics = "ClientSessionAnalyzerMetrics";

// Agent -> gateway -> client.
inline constexpr Type kClientSessionOpenOk = "ClientSessionOpenOK";
inline constexpr Type kClientSessionClose = "ClientSessionClose";
inline constexpr Type kClientConnectionClose = "ClientTCPConnectionClose";
inline constexpr Type kClientTcpWrite = "ClientTCPConnectionWrite";
inline constexpr Type kClientPostgresWrite = "ClientPGConnectionWrite";
inline constexpr Type kClientWriteStdout = "ClientWriteStdout";
inline constexpr Type kClientWriteStderr = "ClientWriteStderr";

// Gateway -> client.
inline constexpr Type kClientProxyManagerConnectOk = "ClientProxyManagerConnectOK";
inline constexpr Type kClientAgentOffline = "ClientSessionOpenAgentOffline";
inline constexpr Type kClientWaitingApproval = "ClientSessionOpenWaitingApproval";
inline constexpr Type kClientApproveOk = "ClientSessionOpenApproveOK";
inline constexpr Type kClientOpenTimeout = "ClientSessionOpenTimeout";

inline constexpr std::string_view kSystemPrefix = "Sys";  // refused from clients, consumed from agents

}  // namespace hoop::packet
