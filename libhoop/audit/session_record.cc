#include "audit/session_record.h"

#include <algorithm>
#include <utility>

#include "audit/lane.h"
#include "audit/session_head_json.h"
#include "audit/session_seal.h"
#include "base/limits/journal.h"
#include "base/limits/session.h"
#include "base/status.h"
#include "base/status_macros.h"

namespace hoop {

JournalSessionRecord::JournalSessionRecord(Lane& lane, const SessionHead& head, const SessionUuid& uuid,
                                           RecordObserver& observer)
    : lane_(lane),
      observer_(observer),
      session_id_(head.session_id),
      uuid_(uuid),
      is_durable_(head.policy == RecordPolicy::kDurable),
      open_payload_(SessionHeadToJson(head)),
      given_payload_(SessionGivenToJson(head)) {
  marks_.push_back({});
  lane_.Add(*this);
}

JournalSessionRecord::~JournalSessionRecord() { lane_.Remove(*this); }

absl::Status JournalSessionRecord::Begin() {
  // The row is made of one record: a second part might come in another pass of the flusher, or never.
  if (open_payload_.size() > limits::kRecordPayloadBytesMax) {
    return InvalidArgument("session {}: what is known of its user and connection is {} bytes, {} are allowed",
                           session_id_, open_payload_.size(), limits::kRecordPayloadBytesMax);
  }
  if (given_payload_.size() > limits::kSessionGivenBytesMax) {
    return InvalidArgument("session {}: its arguments and variables are {} bytes, {} are allowed", session_id_,
                           given_payload_.size(), limits::kSessionGivenBytesMax);
  }
  const int64_t now = lane_.NowMicros();
  HOOP_RETURN_IF_ERROR(Write(Direction::kGateway, RecordKind::kOpen, {}, open_payload_, now).status());
  if (given_payload_.empty()) return absl::OkStatus();
  return Write(Direction::kGateway, RecordKind::kGiven, {}, given_payload_, now).status();
}

absl::StatusOr<SessionRecord::Position> JournalSessionRecord::Append(Direction direction, RecordKind kind,
                                                                     std::string_view connection_id,
                                                                     std::string_view payload) {
  if (!failure_.ok()) return FailedPrecondition("session {}: the record failed: {}", session_id_, StatusText(failure_));
  if (end_.has_value()) return FailedPrecondition("session {}: the record is sealed", session_id_);
  if (connection_id.size() > limits::kConnectionIdBytesMax) {
    return InvalidArgument("session {}: connection id of {} bytes, {} are allowed", session_id_, connection_id.size(),
                           limits::kConnectionIdBytesMax);
  }
  return Write(direction, kind, connection_id, payload, lane_.NowMicros());
}

absl::StatusOr<SessionRecord::Position> JournalSessionRecord::Write(Direction direction, RecordKind kind,
                                                                    std::string_view connection_id,
                                                                    std::string_view payload, int64_t time_us) {
  RecordView record;
  record.direction = direction;
  record.kind = kind;
  record.session = uuid_;
  record.time_us = time_us;
  record.connection_id = connection_id;
  record.payload = payload;
  absl::Status status = lane_.Append(*this, record);
  if (!status.ok()) return Annotate(status, fmt::format("session {}", session_id_));
  return last_;
}

absl::StatusOr<SessionRecord::Position> JournalSessionRecord::Seal(const SessionEnd& end) {
  if (sealed_) return FailedPrecondition("session {}: the record is sealed", session_id_);
  end_ = end;
  if (now_.counts.records == 0) HOOP_RETURN_IF_ERROR(Begin());  // a failure took the open record away
  SealStatement statement;
  statement.session_id = session_id_;
  statement.chain_head = now_.chain_head;
  statement.last_position = now_.position;
  statement.counts = now_.counts;
  statement.note = note_;
  statement.sealed_at_us = lane_.NowMicros();
  HOOP_ASSIGN_OR_RETURN(const Position position,
                        Write(Direction::kGateway, RecordKind::kSeal, {}, MakeSealPayload(statement, end, lane_.key()),
                              statement.sealed_at_us));
  sealed_ = true;
  return position;
}

void JournalSessionRecord::OnAppended(const RecordView& record) {
  lane_.hasher().Extend(now_.chain_head, record.bytes);
  now_.counts.Add(record);
  now_.position = last_ = record.position;
  unflushed_bytes_ += record.bytes.size();
  unmarked_bytes_ += record.bytes.size();
}

void JournalSessionRecord::OnWritten() { marks_.push_back(now_); }

const ChainHead* JournalSessionRecord::TakeChainMark() {
  if (unmarked_bytes_ < limits::kChainMarkBytes) return nullptr;
  unmarked_bytes_ = 0;
  return &now_.chain_head;
}

bool JournalSessionRecord::OnSynced(Position synced_position) {
  ForgetMarks(synced_position);
  return marks_.size() > 1;
}

void JournalSessionRecord::ForgetMarks(Position synced_position) {
  while (marks_.size() > 1 && marks_[1].position <= synced_position) {
    marks_.pop_front();
    std::string().swap(open_payload_);  // the first mark holds their records now
    std::string().swap(given_payload_);
  }
}

bool JournalSessionRecord::IsDurable(Position position) const {
  if (position > void_after_ && position <= void_until_) return false;
  return position <= lane_.synced_position();
}

void JournalSessionRecord::WhenDurable(Position position, absl::AnyInvocable<void(const absl::Status&)> done) {
  absl::Status never;
  if (position > void_after_ && position <= void_until_) never = failure_;
  lane_.AddWaiter(*this, position, std::move(never), std::move(done));
}

void JournalSessionRecord::OnFailed(const absl::Status& status, bool rolled_back, Position synced_position,
                                    Position void_until) {
  if (failure_.ok()) failure_ = status;
  if (!rolled_back) return;
  ForgetMarks(synced_position);
  if (last_ <= synced_position) return;
  now_ = marks_.front();
  marks_.Truncate(1);
  if (void_until_ == 0) void_after_ = synced_position;
  void_until_ = void_until;
  sealed_ = false;
  note_ = fmt::format("records after position {} were not synced: {}", now_.position, StatusText(status));
}

void JournalSessionRecord::SealAgain() {
  if (!end_.has_value() || sealed_) return;
  const SessionEnd end = *end_;
  Seal(end).IgnoreError();  // without a segment the next recovery seals
}

}  // namespace hoop
