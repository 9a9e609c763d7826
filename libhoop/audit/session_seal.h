// Makes the payload of a seal: bounded texts, the statement, the signature.
// Called at a session's end by session_record.h, after a crash by recovery.h.
#pragma once

#include <string>

#include "audit/audit_key.h"
#include "hoop/audit_store.h"
#include "protocol/record_seal.h"

namespace hoop {

// Fills in key id and end of `statement`, cuts its texts to kEndReasonBytesMax, signs it.
std::string MakeSealPayload(SealStatement statement, const SessionEnd& end, const AuditKey& key);

}  // namespace hoop
