// A start that cannot be names the option that would change it, in the words of the library.
#include <gtest/gtest.h>

#include "hoop/gateway.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_folder.h"

namespace hoop {
namespace {

class StartRefusalTest : public ::testing::Test {
 protected:
  GatewayOptions Options(const std::string& folder) {
    GatewayOptions options;
    options.data_dir = folder_.file(folder);
    options.http_listen = options.grpc_listen = "127.0.0.1:0";
    return options;
  }
  absl::Status Start(GatewayOptions options) {
    auto gateway = Gateway::Create(std::move(options));
    if (!gateway.ok()) return gateway.status();
    gateway_ = *std::move(gateway);
    return gateway_->Start();
  }

  testing::TempFolder folder_;
  std::unique_ptr<Gateway> gateway_;
};

TEST_F(StartRefusalTest, NamesWhatIsInUse) {
  ASSERT_OK(Start(Options("first")));
  const std::unique_ptr<Gateway> first = std::move(gateway_);
  EXPECT_STATUS(Start(Options("first")), absl::StatusCode::kFailedPrecondition,
                "data_dir: " + folder_.file("first") + ": another gateway runs in it");
  GatewayOptions options = Options("second");
  options.http_listen = first->http_address();
  EXPECT_STATUS(Start(options), absl::StatusCode::kFailedPrecondition,
                "http_listen: listen on " + first->http_address() + ": Address already in use");
  gateway_.reset();
  options = Options("second");
  options.grpc_listen = first->http_address();
  EXPECT_STATUS(Start(options), absl::StatusCode::kFailedPrecondition,
                "grpc_listen: listen on " + first->http_address() + ": Address already in use");
  gateway_.reset();
  options.grpc_listen = first->grpc_address();
  options.http_listen = first->http_address();
  EXPECT_STATUS(Start(options), absl::StatusCode::kFailedPrecondition,
                "grpc_listen: listen on " + first->grpc_address() +
                    ": Address already in use; http_listen: listen on " + first->http_address() +
                    ": Address already in use");
}

TEST_F(StartRefusalTest, NamesWhatMakesNoSense) {
  GatewayOptions options = Options("data");
  options.http_listen = "8009";
  EXPECT_STATUS(Start(options), absl::StatusCode::kInvalidArgument, "http_listen: ");
  options = Options("data");
  options.grpc_listen = "8010";
  EXPECT_STATUS(Start(options), absl::StatusCode::kInvalidArgument, "grpc_listen: ");
  options = Options("data");
  options.http_listen = options.grpc_listen = "127.0.0.1:8010";
  EXPECT_STATUS(Start(options), absl::StatusCode::kInvalidArgument,
                "http_listen: 127.0.0.1:8010 is where gRPC listens, too");
  options = Options("data");
  options.data_dir = "/proc/hoop/data";
  EXPECT_FALSE(Start(options).ok());
  EXPECT_EQ(std::string(Start(options).message()).rfind("data_dir: /proc/hoop/data: ", 0), 0u);
  EXPECT_EQ(std::string(Gateway::Try(options).status().message()).rfind("data_dir: /proc/hoop/data: ", 0), 0u);
  options = Options("data");
  options.journal_dir = "/proc/hoop";
  EXPECT_EQ(std::string(Start(options).message()).rfind("journal_dir: /proc/hoop: ", 0), 0u);
  EXPECT_EQ(std::string(Gateway::Try(options).status().message()).rfind("journal_dir: /proc/hoop: ", 0), 0u);
}

}  // namespace
}  // namespace hoop
