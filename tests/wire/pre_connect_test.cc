#include "wire/pre_connect.h"

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "tests/support/status_matchers.h"
#include "transport.pb.h"

namespace hoop {
namespace {

TEST(PreConnect, ReadsTheNameAmongAllFields) {
  protobuf::PreConnectRequest request;
  EXPECT_EQ(ParsePreConnectRequest(request.SerializeAsString())->name, "");
  request.set_name("runcon");
  request.set_type("custom");
  request.set_subtype("x");
  request.add_command("bash");
  request.add_command(std::string(200, 'c'));
  (*request.mutable_envs())["A"] = "B";
  request.add_reviewers("r");
  request.add_redact_types("t");
  EXPECT_EQ(ParsePreConnectRequest(request.SerializeAsString())->name, "runcon");
  // As a real agent says it.
  EXPECT_EQ(ParsePreConnectRequest(*HexDecode("0a0672756e636f6e1206637573746f6d220462617368"))->name, "runcon");
}

TEST(PreConnect, RefusesWhatIsNoRequest) {
  EXPECT_STATUS(ParsePreConnectRequest("\x0a"), absl::StatusCode::kInvalidArgument, "cut off");
  EXPECT_STATUS(ParsePreConnectRequest("\x0a\x05name"), absl::StatusCode::kInvalidArgument, "cut off");
  EXPECT_STATUS(ParsePreConnectRequest("\x08\x01"), absl::StatusCode::kInvalidArgument, "not a request");
  EXPECT_STATUS(ParsePreConnectRequest("\x0a\x01\xff"), absl::StatusCode::kInvalidArgument, "not UTF-8");
  EXPECT_STATUS(ParsePreConnectRequest(std::string(20, '\xff')), absl::StatusCode::kInvalidArgument, "not a request");
}

TEST(PreConnect, AnswersAsTheContractSays) {
  EXPECT_EQ(HexEncode(EncodePreConnectResponse("CONNECT", "")), "0a07434f4e4e454354");
  EXPECT_EQ(HexEncode(EncodePreConnectResponse("BACKOFF", "")), "0a074241434b4f4646");
  const std::string why(300, 'w');
  protobuf::PreConnectResponse response;
  ASSERT_TRUE(response.ParseFromString(EncodePreConnectResponse("BACKOFF", why)));
  EXPECT_EQ(response.status(), "BACKOFF");
  EXPECT_EQ(response.message(), why);
}

}  // namespace
}  // namespace hoop
