#include "agent/warden/launch.h"

#include <cstring>

#include "base/limits/agent.h"
#include "base/status.h"
#include "base/status_macros.h"

namespace hoop {
namespace {

void AppendText(std::string& out, std::string_view text) {
  const uint32_t size = static_cast<uint32_t>(text.size());
  out.append(reinterpret_cast<const char*>(&size), sizeof(size));
  out.append(text);
}

void AppendCount(std::string& out, size_t count) { AppendText(out, std::to_string(count)); }

absl::Status TakeText(std::string_view& in, std::string& text) {
  uint32_t size = 0;
  if (in.size() < sizeof(size)) return InvalidArgument("launch: cut off");
  std::memcpy(&size, in.data(), sizeof(size));
  in.remove_prefix(sizeof(size));
  if (in.size() < size) return InvalidArgument("launch: cut off");
  text.assign(in.substr(0, size));
  in.remove_prefix(size);
  return absl::OkStatus();
}

absl::Status TakeCount(std::string_view& in, size_t& count) {
  std::string text;
  HOOP_RETURN_IF_ERROR(TakeText(in, text));
  if (text.empty() || text.size() > 9 || text.find_first_not_of("0123456789") != std::string::npos) {
    return InvalidArgument("launch: not a count");
  }
  count = std::stoul(text);
  if (count > in.size()) return InvalidArgument("launch: cut off");
  return absl::OkStatus();
}

absl::Status TakeList(std::string_view& in, std::vector<std::string>& list) {
  size_t count = 0;
  HOOP_RETURN_IF_ERROR(TakeCount(in, count));
  for (size_t i = 0; i < count; ++i) HOOP_RETURN_IF_ERROR(TakeText(in, list.emplace_back()));
  return absl::OkStatus();
}

void AppendList(std::string& out, const std::vector<std::string>& list) {
  AppendCount(out, list.size());
  for (const std::string& text : list) AppendText(out, text);
}

}  // namespace

std::string_view Launch::Variable(std::string_view name) const {
  for (const std::string& entry : environment) {
    if (entry.size() > name.size() && entry[name.size()] == '=' && entry.starts_with(name)) {
      return std::string_view(entry).substr(name.size() + 1);
    }
  }
  return {};
}

std::string EncodeLaunch(const Launch& launch) {
  std::string out;
  AppendList(out, launch.arguments);
  AppendList(out, launch.environment);
  AppendCount(out, launch.files.size());
  for (const Launch::SecretFile& file : launch.files) {
    AppendText(out, file.name);
    AppendText(out, file.content);
  }
  AppendText(out, launch.terminal ? TerminalSizeText(*launch.terminal) : "");
  return out;
}

absl::StatusOr<Launch> DecodeLaunch(std::string_view bytes) {
  Launch launch;
  HOOP_RETURN_IF_ERROR(TakeList(bytes, launch.arguments));
  HOOP_RETURN_IF_ERROR(TakeList(bytes, launch.environment));
  size_t count = 0;
  HOOP_RETURN_IF_ERROR(TakeCount(bytes, count));
  for (size_t i = 0; i < count; ++i) {
    Launch::SecretFile& file = launch.files.emplace_back();
    HOOP_RETURN_IF_ERROR(TakeText(bytes, file.name));
    HOOP_RETURN_IF_ERROR(TakeText(bytes, file.content));
    if (file.name.empty() || file.name.find('/') != std::string::npos) {
      return InvalidArgument("launch: not a name of a secret file");
    }
  }
  std::string terminal;
  HOOP_RETURN_IF_ERROR(TakeText(bytes, terminal));
  if (!terminal.empty()) {
    HOOP_ASSIGN_OR_RETURN(launch.terminal, ParseTerminalSize(terminal));
  }
  if (!bytes.empty()) return InvalidArgument("launch: bytes behind its end");
  if (launch.arguments.empty() || launch.arguments[0].empty()) return InvalidArgument("launch: no program");
  return launch;
}

std::string EncodeReport(const KeeperReport& report) {
  std::string out(1, static_cast<char>(report.kind));
  out.append(reinterpret_cast<const char*>(&report.status), sizeof(report.status));
  out.append(report.text.substr(0, limits::kWardenMessageBytesMax - out.size()));
  return out;
}

absl::StatusOr<KeeperReport> DecodeReport(std::string_view bytes) {
  KeeperReport report;
  if (bytes.size() < 1 + sizeof(report.status)) return InvalidArgument("keeper's report: cut off");
  const auto kind = static_cast<uint8_t>(bytes[0]);
  if (kind < 1 || kind > 4) return InvalidArgument("keeper's report: unknown kind {}", kind);
  report.kind = static_cast<KeeperReport::Kind>(kind);
  std::memcpy(&report.status, bytes.data() + 1, sizeof(report.status));
  report.text.assign(bytes.substr(1 + sizeof(report.status)));
  return report;
}

}  // namespace hoop
