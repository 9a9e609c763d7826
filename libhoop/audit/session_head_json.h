// SessionHead as the payload of a kOpen record.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "hoop/audit_store.h"

namespace hoop {

std::string SessionHeadToJson(const SessionHead& head);
// DataLoss: not what SessionHeadToJson makes.
absl::StatusOr<SessionHead> SessionHeadFromJson(std::string_view text);

}  // namespace hoop
