// What a gateway recorded, through its AuditStore.
#include "gateway.h"
#include "hoop/audit_store.h"

using hoop::c::CallHost;
using hoop::c::Error;
using hoop::c::Guard;
using hoop::c::Need;
using hoop::c::NeedStore;

// The numbers of the ABI are those on disk.
static_assert(HOOP_RECORD_OPEN == static_cast<int>(hoop::RecordKind::kOpen));
static_assert(HOOP_RECORD_OPEN_OK == static_cast<int>(hoop::RecordKind::kOpenOk));
static_assert(HOOP_RECORD_INPUT == static_cast<int>(hoop::RecordKind::kInput));
static_assert(HOOP_RECORD_OUTPUT == static_cast<int>(hoop::RecordKind::kOutput));
static_assert(HOOP_RECORD_ERROR_OUTPUT == static_cast<int>(hoop::RecordKind::kErrorOutput));
static_assert(HOOP_RECORD_CONNECTION_CLOSE == static_cast<int>(hoop::RecordKind::kConnectionClose));
static_assert(HOOP_RECORD_CONTROL == static_cast<int>(hoop::RecordKind::kControl));
static_assert(HOOP_RECORD_VERDICT == static_cast<int>(hoop::RecordKind::kVerdict));
static_assert(HOOP_RECORD_SEAL == static_cast<int>(hoop::RecordKind::kSeal));
static_assert(HOOP_RECORD_GIVEN == static_cast<int>(hoop::RecordKind::kGiven));
static_assert(HOOP_FROM_USER == static_cast<int>(hoop::Direction::kRequest));
static_assert(HOOP_FROM_TARGET == static_cast<int>(hoop::Direction::kReply));
static_assert(HOOP_FROM_GATEWAY == static_cast<int>(hoop::Direction::kGateway));

int32_t hoop_gateway_read_record(hoop_gateway* gateway, const char* session_id, hoop_record_fn record, void* user_data,
                                 hoop_error** error) {
  return Guard(error, [&]() -> absl::Status {
    absl::Status status = NeedStore(gateway);
    if (status.ok()) status = Need(session_id, "session_id", reinterpret_cast<const void*>(record), "record");
    if (!status.ok()) return status;
    absl::Status ended;
    status = gateway->gateway->audit_store().Read(session_id, [&](const hoop::RecordEntry& entry) {
      int32_t answer = HOOP_OK;
      const bool returned = CallHost([&] {
        answer = record(absl::ToUnixMicros(entry.at), static_cast<int32_t>(entry.kind),
                        static_cast<int32_t>(entry.direction), entry.connection_id.c_str(), entry.payload.data(),
                        entry.payload.size(), user_data);
      });
      if (!returned) ended = Error(absl::StatusCode::kInternal, "record: the call-back failed");
      if (answer != HOOP_OK) ended = Error(absl::StatusCode::kCancelled, "record: the call-back ended it");
      return ended.ok();
    });
    return ended.ok() ? status : ended;
  });
}

int32_t hoop_gateway_verify_record(hoop_gateway* gateway, const char* session_id, hoop_error** error) {
  return Guard(error, [&]() -> absl::Status {
    absl::Status status = NeedStore(gateway);
    if (status.ok()) status = Need(session_id, "session_id");
    if (!status.ok()) return status;
    const absl::StatusOr<hoop::VerifyReport> report = gateway->gateway->audit_store().Verify(session_id);
    if (!report.ok()) return report.status();
    if (report->ok) return absl::OkStatus();
    const auto code = report->running ? absl::StatusCode::kUnavailable : absl::StatusCode::kDataLoss;
    return Error(code, "session " + std::string(session_id) + ": " + report->problem);
  });
}
