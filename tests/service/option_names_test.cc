#include "tools/service/option_names.h"

#include "tests/support/status_matchers.h"
#include "tools/service/gateway_settings.h"

namespace hoop {
namespace {

TEST(OptionNames, AreThoseThatUsersSet) {
  EXPECT_STATUS(
      WithNames(absl::FailedPreconditionError("data_dir: /x: another gateway runs in it"), GatewayOptionNames()),
      absl::StatusCode::kFailedPrecondition, "HOOP_DATA_DIR: /x: another gateway runs in it");
  EXPECT_STATUS(WithNames(absl::UnavailableError("http_listen: x"), {{"http_listen", "--http"}}),
                absl::StatusCode::kUnavailable, "--http: x");
  EXPECT_STATUS(WithNames(absl::FailedPreconditionError("grpc_listen: x; http_listen: y"), GatewayOptionNames()),
                absl::StatusCode::kFailedPrecondition, "HOOP_GRPC_LISTEN: x; HOOP_HTTP_LISTEN: y");
}

TEST(OptionNames, LeaveOtherTextsAlone) {
  const absl::Status other = absl::NotFoundError("data_dirs and the data_dir: both");
  EXPECT_EQ(WithNames(other, GatewayOptionNames()), other);
}

}  // namespace
}  // namespace hoop
