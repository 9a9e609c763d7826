#include "tests/replay/comparison.h"

#include <algorithm>

#include "base/status.h"
#include "wire/connection_params.h"
#include "wire/gob.h"
#include "wire/packet_types.h"
#include "wire/spec_keys.h"

namespace hoop::replay {
namespace {

bool IsByteStream(std::string_view type) {
  return type == packet::kClientTcpWrite || type == packet::kAgentTcpWrite || type == packet::kClientWriteStdout ||
         type == packet::kClientWriteStderr || type == packet::kAgentTerminalWriteStdin;
}

std::string Renamed(const std::map<std::string, std::string>& names, const std::string& name) {
  const auto found = names.find(name);
  return found == names.end() ? name : found->second;
}

// One keepalive per stream; neighbours of one byte stream become one packet; ids become those of our conversation.
std::vector<PacketImage> Normalize(const std::vector<PacketImage>& packets, const Renaming& renaming) {
  std::vector<PacketImage> result;
  bool kept_alive = false;
  for (PacketImage packet : packets) {
    if (packet.type == packet::kClientAgentLogs) continue;  // whenever there is something to log
    if (packet.type == packet::kKeepAlive && std::exchange(kept_alive, true)) continue;
    if (auto id = packet.spec.find(std::string(spec::kSessionId)); id != packet.spec.end()) {
      id->second = Renamed(renaming.sessions, id->second);
    }
    if (auto id = packet.spec.find(std::string(spec::kConnectionId)); id != packet.spec.end()) {
      id->second = Renamed(renaming.connections, id->second);
    }
    if (!result.empty() && IsByteStream(packet.type) && result.back().type == packet.type &&
        result.back().spec == packet.spec) {
      PacketImage& before = result.back();
      if (!before.is_cut()) before.true_bytes += packet.true_bytes;
      before.payload += packet.payload;
      continue;
    }
    result.push_back(std::move(packet));
  }
  // A command's two outputs run beside each other: of neighbours, errors come first.
  for (size_t i = 1; i < result.size(); ++i) {
    for (size_t j = i;
         j > 0 && result[j].type == packet::kClientWriteStderr && result[j - 1].type == packet::kClientWriteStdout &&
         result[j].Get(spec::kSessionId) == result[j - 1].Get(spec::kSessionId);
         --j) {
      std::swap(result[j], result[j - 1]);
    }
  }
  return result;
}

// The lines of one stream that go by themselves: session ids, or session and connection ids.
std::vector<std::pair<std::string, std::string>> Lines(const std::vector<PacketImage>& packets, Order order) {
  std::vector<std::pair<std::string, std::string>> lines;
  for (const PacketImage& packet : packets) {
    const auto line = std::make_pair(packet.Get(spec::kSessionId),
                                     order == Order::kConnection ? packet.Get(spec::kConnectionId) : std::string());
    if (std::find(lines.begin(), lines.end(), line) == lines.end()) lines.push_back(line);
  }
  return lines;
}

// A session's own packets belong to each of its connections.
std::vector<PacketImage> Of(const std::pair<std::string, std::string>& line, const std::vector<PacketImage>& packets,
                            Order order) {
  std::vector<PacketImage> result;
  for (const PacketImage& packet : packets) {
    const std::string id = packet.Get(spec::kConnectionId);
    const bool is_here = order == Order::kSession || id.empty() || id == line.second;
    if (packet.Get(spec::kSessionId) == line.first && is_here) result.push_back(packet);
  }
  return result;
}

std::string LineOf(const PacketImage& packet) {
  const std::string id = packet.Get(spec::kConnectionId);
  return id.empty() ? packet.type : packet.type + " " + id;
}

// Session and connection id and type: what may stand in for what.
bool Corresponds(const PacketImage& a, const PacketImage& b) {
  return a.type == b.type && a.Get(spec::kConnectionId) == b.Get(spec::kConnectionId) &&
         a.Get(spec::kSessionId) == b.Get(spec::kSessionId);
}

std::string Shown(std::string_view text) {
  std::string shown;
  for (char c : text.substr(0, 160)) shown += c >= 0x20 && c < 0x7f ? c : '.';
  return fmt::format("\"{}\" ({} bytes)", shown, text.size());
}

// The longest run of packets that both have, in order: pairs of positions.
std::vector<std::pair<size_t, size_t>> Align(const std::vector<PacketImage>& a, const std::vector<PacketImage>& b) {
  std::vector<std::vector<size_t>> best(a.size() + 1, std::vector<size_t>(b.size() + 1, 0));
  for (size_t i = a.size(); i-- > 0;) {
    for (size_t j = b.size(); j-- > 0;) {
      best[i][j] = std::max(best[i + 1][j], best[i][j + 1]);
      if (Corresponds(a[i], b[j])) best[i][j] = std::max(best[i][j], best[i + 1][j + 1] + 1);
    }
  }
  std::vector<std::pair<size_t, size_t>> pairs;
  for (size_t i = 0, j = 0; i < a.size() && j < b.size();) {
    if (Corresponds(a[i], b[j]) && best[i][j] == best[i + 1][j + 1] + 1) {
      pairs.emplace_back(i++, j++);
    } else if (best[i + 1][j] >= best[i][j + 1]) {
      ++i;
    } else {
      ++j;
    }
  }
  return pairs;
}

class Comparer final {
 public:
  Comparer(std::string direction, std::vector<Difference>& differences)
      : direction_(std::move(direction)), differences_(differences) {}

  void Note(const std::string& what, const std::string& detail) {
    differences_.push_back({direction_ + " " + what, detail});
  }

  void CompareLine(const std::vector<PacketImage>& theirs, const std::vector<PacketImage>& mine) {
    std::vector<std::pair<size_t, size_t>> pairs = Align(theirs, mine);
    pairs.emplace_back(theirs.size(), mine.size());
    size_t i = 0, j = 0;
    for (const auto& [a, b] : pairs) {
      for (; i < a; ++i) Note("-" + theirs[i].type, LineOf(theirs[i]) + " " + Shown(theirs[i].payload));
      for (; j < b; ++j) Note("+" + mine[j].type, LineOf(mine[j]) + " " + Shown(mine[j].payload));
      if (a < theirs.size()) ComparePacket(theirs[a], mine[b]);
      i = a + 1, j = b + 1;
    }
  }

 private:
  void ComparePacket(const PacketImage& recorded, const PacketImage& ours) {
    for (const auto& [key, value] : recorded.spec) {
      if (!ours.spec.contains(key)) {
        Note(recorded.type + " -" + key, Shown(value));
      } else if (std::find(recorded.cut_keys.begin(), recorded.cut_keys.end(), key) == recorded.cut_keys.end()) {
        CompareValue(recorded.type, key, value, ours.spec.at(key));
      }
    }
    for (const auto& [key, value] : ours.spec) {
      if (!recorded.spec.contains(key)) Note(recorded.type + " +" + key, Shown(value));
    }
    const std::string_view true_part = std::string_view(recorded.payload).substr(0, recorded.true_bytes);
    if (ours.payload.size() != recorded.payload.size() || !ours.payload.starts_with(true_part)) {
      Note(recorded.type + " payload", Shown(recorded.payload) + " is now " + Shown(ours.payload));
    }
  }

  void CompareValue(const std::string& type, const std::string& key, const std::string& recorded,
                    const std::string& ours) {
    if (recorded == ours) return;
    if (key == spec::kConnectionParams) return CompareParams(type, recorded, ours);
    // The same value has many encodings.
    if (key == spec::kTerminalArgs && DecodeGobStrings(recorded).ok()) {
      if (auto mine = DecodeGobStrings(ours); mine.ok() && *mine == *DecodeGobStrings(recorded)) return;
    }
    if (key == spec::kTerminalEnvVars && DecodeGobStringMap(recorded).ok()) {
      if (auto mine = DecodeGobStringMap(ours); mine.ok() && *mine == *DecodeGobStringMap(recorded)) return;
    }
    Note(fmt::format("{} {}", type, key), Shown(recorded) + " is now " + Shown(ours));
  }

  void CompareParams(const std::string& type, const std::string& recorded_gob, const std::string& our_gob) {
    const auto recorded = DecodeConnectionParams(recorded_gob);
    const auto ours = DecodeConnectionParams(our_gob);
    if (!recorded.ok() || !ours.ok()) return Note(type + " params", "not decodable");
    const auto field = [&](const char* name, const auto& a, const auto& b) {
      if (a != b) Note(fmt::format("{} params.{}", type, name), "");
    };
    field("ConnectionName", recorded->connection_name, ours->connection_name);
    field("ConnectionType", recorded->connection_type, ours->connection_type);
    field("ConnectionSubType", recorded->connection_subtype, ours->connection_subtype);
    field("EnvVars", recorded->env_vars, ours->env_vars);
    field("CmdList", recorded->command, ours->command);
    field("ClientArgs", recorded->client_args, ours->client_args);
    field("ClientVerb", recorded->client_verb, ours->client_verb);
    // Fields of one era only: an empty one was not sent.
    const auto sent = [&](const char* name, const auto& a, const auto& b) {
      if (!a.empty() && a != b) Note(fmt::format("{} params.{}", type, name), "");
    };
    sent("ClientOrigin", recorded->client_origin, ours->client_origin);
    sent("UserEmail", recorded->user_email, ours->user_email);
    sent("DlpMode", recorded->dlp_mode, ours->dlp_mode);
    sent("DLPInfoTypes", recorded->dlp_info_types, ours->dlp_info_types);
    sent("AnalyzerMetricsRules", recorded->analyzer_metrics_rules_json, ours->analyzer_metrics_rules_json);
    if (ours->user_id.empty()) Note(type + " params.UserID", "");
  }

  const std::string direction_;
  std::vector<Difference>& differences_;
};

std::string NameOf(const std::optional<absl::Status>& end) {
  return end.has_value() ? absl::StatusCodeToString(end->code()) : "none";
}

}  // namespace

std::vector<Difference> Compare(const std::string& direction, const Transcript& recorded, const Transcript& ours,
                                const Renaming& renaming, Order order) {
  std::vector<Difference> differences;
  Comparer comparer(direction, differences);
  const std::vector<PacketImage> theirs = Normalize(recorded.packets, renaming);
  const std::vector<PacketImage> mine = Normalize(ours.packets, {});
  std::vector<PacketImage> all = theirs;
  all.insert(all.end(), mine.begin(), mine.end());
  for (const auto& line : Lines(all, order)) comparer.CompareLine(Of(line, theirs, order), Of(line, mine, order));
  if (NameOf(recorded.end) != NameOf(ours.end)) {
    comparer.Note(fmt::format("end {} > {}", NameOf(recorded.end), NameOf(ours.end)),
                  ours.end ? StatusText(*ours.end) : "");
  } else if (recorded.end && recorded.end->message() != ours.end->message()) {
    comparer.Note("end text", Shown(StatusText(*recorded.end)) + " is now " + Shown(StatusText(*ours.end)));
  }
  return differences;
}

}  // namespace hoop::replay
