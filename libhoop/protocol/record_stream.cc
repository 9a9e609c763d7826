#include "protocol/record_stream.h"

#include "base/limits/journal.h"
#include "base/limits/wire.h"
#include "base/status.h"
#include "base/status_macros.h"

namespace hoop {

absl::Status RecordSplitter::Add(std::string_view bytes, absl::FunctionRef<absl::Status(const RecordView&)> visit) {
  rest_.append(bytes);
  std::string_view open = rest_;
  while (!open.empty()) {
    const absl::StatusOr<RecordView> record = ParseRecord(open);
    if (absl::IsOutOfRange(record.status())) break;
    if (!record.ok()) return DataLoss("record {}: {}", records_ + 1, StatusText(record.status()));
    ++records_;
    HOOP_RETURN_IF_ERROR(visit(*record));
    open.remove_prefix(record->bytes.size());
  }
  rest_.erase(0, rest_.size() - open.size());
  return absl::OkStatus();
}

absl::Status RecordSplitter::Finish() const {
  if (rest_.empty()) return absl::OkStatus();
  return DataLoss("record {}: the bytes end inside it", records_ + 1);
}

absl::Status RecordReader::Add(std::string_view bytes, absl::FunctionRef<bool(const RecordEntry&)> visit,
                               bool* stopped) {
  *stopped = false;
  const absl::Status status = splitter_.Add(bytes, [this, &visit, stopped](const RecordView& record) -> absl::Status {
    const bool goes_on = joining_ && record.direction == entry_.direction && record.kind == entry_.kind &&
                         record.connection_id == entry_.connection_id;
    if (joining_ && !goes_on && !visit(entry_)) {  // the other parts are missing
      *stopped = true;
      return absl::CancelledError("the reader has enough");
    }
    if (!goes_on) {
      entry_ = {record.position, absl::FromUnixMicros(record.time_us), record.direction,
                record.kind,     std::string(record.connection_id),    {}};
    }
    entry_.payload.append(record.payload);
    joining_ =
        record.continued && entry_.payload.size() + limits::kRecordPayloadBytesMax <= limits::kMessageReceiveBytesMax;
    if (joining_ || visit(entry_)) return absl::OkStatus();
    *stopped = true;
    return absl::CancelledError("the reader has enough");
  });
  return *stopped ? absl::OkStatus() : status;
}

RecordVerifier::RecordVerifier(std::string_view session_id, std::string_view public_key)
    : session_id_(session_id), public_key_(public_key) {}

void RecordVerifier::Add(std::string_view bytes) {
  if (!report_.problem.empty()) return;
  const absl::Status status = splitter_.Add(bytes, [this](const RecordView& record) { return Check(record); });
  if (!status.ok()) report_.problem = StatusText(status);
}

absl::Status RecordVerifier::Check(const RecordView& record) {
  const uint64_t number = report_.records + 1;
  if (report_.sealed) return DataLoss("record {}: stands behind the seal", number);
  if (SessionUuidText(record.session) != session_id_) return DataLoss("record {}: belongs to another session", number);
  if (record.position <= last_position_) return DataLoss("record {}: out of order", number);
  if (number == 1 && record.kind != RecordKind::kOpen) return DataLoss("record 1: does not open the session");
  if (record.kind == RecordKind::kSeal) {
    if (absl::Status status = CheckSeal(record); !status.ok())
      return Annotate(status, fmt::format("record {}", number));
    report_.sealed = true;
  }
  report_.records = number;
  report_.payload_bytes += record.payload.size();
  hasher_.Extend(head_, record.bytes);
  counts_.Add(record);
  last_position_ = record.position;
  return absl::OkStatus();
}

absl::Status RecordVerifier::CheckSeal(const RecordView& record) {
  HOOP_ASSIGN_OR_RETURN(const SignedSeal seal, ParseSealPayload(record.payload));
  HOOP_ASSIGN_OR_RETURN(const SealStatement statement, ParseSealText(seal.text));
  report_.key_id = statement.key_id;
  report_.end_reason = statement.end_reason;
  if (!VerifySeal(public_key_, seal)) {
    return DataLoss("the seal is not signed by the audit key {}: it names {}", AuditKeyId(public_key_),
                    statement.key_id);
  }
  if (statement.session_id != session_id_) return DataLoss("the seal is that of session {}", statement.session_id);
  if (statement.chain_head != head_) return DataLoss("the chain differs from the sealed one");
  if (statement.counts != counts_ || statement.last_position != last_position_) {
    return DataLoss("the seal counts {} records up to {}, here are {} up to {}", statement.counts.records,
                    statement.last_position, counts_.records, last_position_);
  }
  if (statement.sealed_at_us != record.time_us || record.direction != Direction::kGateway || record.continued ||
      !record.connection_id.empty()) {
    return DataLoss("the seal stands in a record that is not its own");
  }
  return absl::OkStatus();
}

VerifyReport RecordVerifier::Finish(bool session_runs) {
  if (report_.problem.empty()) {
    if (absl::Status status = splitter_.Finish(); !status.ok()) report_.problem = StatusText(status);
  }
  if (report_.problem.empty() && !report_.sealed) {
    report_.running = session_runs;
    const std::string_view why =
        session_runs ? "the session still runs" : "the session is over, its record was cut off";
    report_.problem = fmt::format("no seal behind record {}: {}", report_.records, why);
  }
  report_.ok = report_.problem.empty();
  return report_;
}

}  // namespace hoop
