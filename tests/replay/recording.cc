#include "tests/replay/recording.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "base/check.h"
#include "base/encoding.h"
#include "wire/packet_types.h"
#include "wire/spec_keys.h"

namespace hoop::replay {
namespace {

using Json = nlohmann::json;

std::string Decoded(const Json& text) {
  auto bytes = Base64Decode(text.get<std::string>());
  HOOP_CHECK(bytes.has_value());
  return *std::move(bytes);
}

absl::StatusCode CodeOf(std::string_view name) {
  if (const size_t blank = name.find(' '); blank != std::string_view::npos) name.remove_prefix(blank + 1);
  if (name == "Canceled") return absl::StatusCode::kCancelled;
  for (int code = 0; code <= 16; ++code) {
    std::string ours = absl::StatusCodeToString(static_cast<absl::StatusCode>(code));
    std::string theirs;  // FailedPrecondition -> FAILED_PRECONDITION
    for (char c : name) {
      if (std::isupper(static_cast<unsigned char>(c)) != 0 && !theirs.empty() && theirs != "O") theirs += '_';
      theirs += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    }
    if (ours == theirs) return static_cast<absl::StatusCode>(code);
  }
  return absl::StatusCode::kUnknown;
}

// Cut payloads keep their beginning and their length.
void ReadPayload(const Json& line, PacketImage& packet) {
  if (line.contains("payload") && line["payload"].is_string()) packet.payload = Decoded(line["payload"]);
  packet.true_bytes = packet.payload.size();
  const size_t length = line.value("payload_len", packet.payload.size());
  packet.payload.resize(std::max(length, packet.payload.size()), '.');
}

PacketImage ReadPacket(const Json& line) {
  PacketImage packet;
  packet.type = line["type"];
  if (line.contains("spec") && line["spec"].is_object()) {
    for (const auto& [key, value] : line["spec"].items()) packet.spec[key] = Decoded(value);
  }
  // One form says so of the value, the other tells the true length beside it.
  if (line.contains("spec_len")) {
    for (const auto& [key, length] : line["spec_len"].items()) packet.cut_keys.push_back(key);
  }
  ReadPayload(line, packet);
  return packet;
}

Metadata ReadMetadata(const Json& object) {
  Metadata metadata;
  for (const auto& [name, values] : object.items()) {
    for (const auto& value : values) {
      if (!name.starts_with(':')) metadata.Add(name, value);
    }
  }
  return metadata;
}

void ReadStatus(const Json& line, Event& event) {
  const Json& status = line.contains("status") ? line["status"] : line;
  event.status =
      absl::Status(CodeOf(status["code"].get<std::string>()), status.value("desc", status.value("message", "")));
}

// Nullopt: nothing that a peer or the gateway did.
std::optional<Event> ReadEvent(const Json& line) {
  Event event;
  event.time_ms = line["t_ms"];
  event.stream = line["stream"];
  const std::string leg = line.value("role", line.value("leg", ""));
  event.leg = leg == "client" ? Leg::kClient : leg == "agent" ? Leg::kAgent : Leg::kUnary;
  const std::string dir = line.value("dir", "");
  event.from_peer = dir.empty() || dir.starts_with("C>") || dir.starts_with("A>") || dir.ends_with(">gateway");
  const std::string what = line.value("ev", line.value("event", "packet"));
  if (what == "packet" && !line.contains("type")) {
    event.kind = Event::Kind::kMessage;  // an empty one of a unary call
  } else if (what == "packet") {
    event.kind = Event::Kind::kPacket;
    event.packet = ReadPacket(line);
  } else if (what == "message") {
    event.kind = Event::Kind::kMessage;
    event.message = Decoded(line["raw"]);
  } else if (what == "open") {
    event.kind = Event::Kind::kOpen;
    event.method = line["method"];
    event.metadata = ReadMetadata(line["metadata"]);
  } else if (what == "half_close" || what == "half-close") {
    event.kind = Event::Kind::kHalfClose;
  } else if (what == "peer_left" || what == "reset-by-peer") {
    event.kind = Event::Kind::kPeerLeft;
  } else if (what == "end") {
    if (line.value("from", "gateway") == "peer") return std::nullopt;
    event.kind = Event::Kind::kEnd;
    event.from_peer = false;
    ReadStatus(line, event);
  } else {
    return std::nullopt;  // omitted
  }
  return event;
}

// One recorder counts unary calls among the streams of clients.
void MarkUnary(std::vector<Event>& events) {
  std::set<int> unary;
  for (Event& event : events) {
    if (event.method.ends_with("/PreConnect")) unary.insert(event.stream);
    if (unary.contains(event.stream)) event.leg = Leg::kUnary;
  }
}

// The recorder tells a stream's end twice: once as it happened, once for its own half of it.
void DropEchoes(std::vector<Event>& events) {
  std::map<int, Event::Kind> over;
  std::erase_if(events, [&over](const Event& event) {
    const bool ends = event.kind == Event::Kind::kEnd || event.kind == Event::Kind::kPeerLeft;
    return ends && !over.emplace(event.stream, event.kind).second;
  });
}

// A target that was asked for "<n> " answers with n bytes. The recording shows the first pieces of the first download
// only; all of the second one came when its user had left already.
void ExpandDownloads(std::vector<Event>& events) {
  constexpr size_t kPiece = 32768;
  std::map<std::pair<Leg, std::string>, size_t> wanted;  // by connection id
  std::vector<Event> expanded;
  for (size_t i = 0; i < events.size(); ++i) {
    expanded.push_back(events[i]);
    const PacketImage& packet = events[i].packet;
    const auto key = std::make_pair(events[i].leg, packet.Get(spec::kConnectionId));
    if (packet.type == packet::kAgentTcpWrite && packet.payload.ends_with("000 ")) {
      wanted[key] = std::stoul(packet.payload);
    }
    if (!wanted.contains(key)) continue;
    const bool is_reply = packet.type == packet::kClientTcpWrite;
    if (is_reply) wanted[key] -= packet.payload.size();
    const bool is_last_shown =
        is_reply &&
        std::none_of(events.begin() + static_cast<std::ptrdiff_t>(i) + 1, events.end(), [&](const Event& later) {
          return later.leg == key.first && later.packet.type == packet::kClientTcpWrite;
        });
    if (!is_last_shown && packet.type != packet::kAgentConnectionClose) continue;
    Event piece = events[i];
    piece.from_peer = events[i].leg == Leg::kAgent;
    piece.packet.type = packet::kClientTcpWrite;
    piece.packet.true_bytes = 0;
    for (size_t& left = wanted[key]; left > 0; left -= piece.packet.payload.size()) {
      piece.packet.payload.assign(std::min(left, kPiece), '.');
      expanded.push_back(piece);
    }
  }
  events = std::move(expanded);
}

Recording Load(const std::filesystem::path& path) {
  Recording recording{.name = path.parent_path().filename().string() + "/" + path.stem().string()};
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) {
    if (auto event = ReadEvent(Json::parse(line))) recording.events.push_back(*std::move(event));
  }
  MarkUnary(recording.events);
  DropEchoes(recording.events);
  ExpandDownloads(recording.events);
  return recording;
}

std::string EraOf(const Recording& recording) { return recording.name.substr(0, recording.name.find('/') + 1); }

}  // namespace

PacketImage PacketImage::Of(const Packet& packet) {
  PacketImage image{.type = std::string(packet.type()), .payload = std::string(packet.payload())};
  for (size_t i = 0; i < packet.spec_size(); ++i)
    image.spec[std::string(packet.spec_at(i).key)] = packet.spec_at(i).value;
  image.true_bytes = image.payload.size();
  return image;
}

Packet PacketImage::ToPacket() const {
  Packet packet(type, {}, payload);
  for (const auto& [key, value] : spec) packet.AppendSpec(key, value);
  return packet;
}

std::string PacketImage::Get(std::string_view key) const {
  auto found = spec.find(std::string(key));
  return found == spec.end() ? "" : found->second;
}

std::vector<int> Recording::Streams(Leg leg) const {
  std::vector<int> streams;
  for (const Event& event : events) {
    if (event.leg == leg && std::find(streams.begin(), streams.end(), event.stream) == streams.end()) {
      streams.push_back(event.stream);
    }
  }
  return streams;
}

const Event* Recording::Open(int stream) const {
  for (const Event& event : events) {
    if (event.stream == stream && event.kind == Event::Kind::kOpen) return &event;
  }
  return nullptr;
}

std::vector<Recording> LoadRecordings() {
  std::vector<Recording> recordings;
  for (const char* era : {"packets", "packets24"}) {
    const std::filesystem::path folder = std::filesystem::path(HOOP_TEST_VECTORS) / era;
    std::vector<std::filesystem::path> paths;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      if (entry.path().extension() == ".jsonl") paths.push_back(entry.path());
    }
    std::sort(paths.begin(), paths.end());
    for (const auto& path : paths) recordings.push_back(Load(path));
  }
  return recordings;
}

const std::map<std::string, AgentConnectionParams>& RecordedConnections() {
  static const auto* const connections = [] {
    auto* all = new std::map<std::string, AgentConnectionParams>;
    for (const Recording& recording : LoadRecordings()) {
      for (const Event& event : recording.events) {
        if (event.packet.type != packet::kAgentSessionOpen || event.from_peer || !event.packet.cut_keys.empty())
          continue;
        auto params = DecodeConnectionParams(event.packet.Get(spec::kConnectionParams));
        HOOP_CHECK(params.ok());
        params->client_args.clear();
        all->insert_or_assign(EraOf(recording) + params->connection_name, *std::move(params));
      }
    }
    return all;
  }();
  return *connections;
}

std::optional<AgentConnectionParams> ConnectionOf(const Recording& recording, std::string_view name) {
  const auto& all = RecordedConnections();
  const auto found = all.find(EraOf(recording) + std::string(name));
  if (found == all.end()) return std::nullopt;
  return found->second;
}

}  // namespace hoop::replay
