#include "hoop/postgres_transcript.h"

#include <map>

#include "protocol/postgres/transcript.h"

namespace hoop {

struct PostgresTranscript::Connections {
  std::map<std::string, postgres::Transcript> by_id;
};

PostgresTranscript::PostgresTranscript() : connections_(std::make_unique<Connections>()) {}

PostgresTranscript::~PostgresTranscript() = default;

std::vector<std::string> PostgresTranscript::Lines(const RecordEntry& entry) {
  std::map<std::string, postgres::Transcript>& by_id = connections_->by_id;
  if (entry.kind == RecordKind::kInput) return by_id[entry.connection_id].OnRequest(entry.payload);
  if (entry.kind == RecordKind::kOutput) return by_id[entry.connection_id].OnReply(entry.payload);
  if (entry.kind == RecordKind::kConnectionClose) by_id.erase(entry.connection_id);
  return {};
}

}  // namespace hoop
