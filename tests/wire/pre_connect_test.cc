#include "wire/pre_connect.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "base/encoding.h"
#include "tests/support/status_matchers.h"
#include "transport.pb.h"

namespace hoop {
namespace {

// As protobuf's own code sees it.
protobuf::PreConnectRequest WholeRequest() {
  protobuf::PreConnectRequest request;
  request.set_name("runcon");
  request.set_type("custom");
  request.set_subtype("x");
  request.add_command("bash");
  request.add_command("");
  request.add_command(std::string(200, 'c'));
  (*request.mutable_envs())["envvar:A"] = "Qg==";
  (*request.mutable_envs())["envvar:B"] = "";
  request.add_reviewers("r");
  request.add_redact_types("t");
  return request;
}

TEST(PreConnect, ReadsEveryField) {
  EXPECT_EQ(ParsePreConnectRequest("")->name, "");
  const auto request = ParsePreConnectRequest(WholeRequest().SerializeAsString());
  ASSERT_OK(request);
  EXPECT_EQ(request->name, "runcon");
  EXPECT_EQ(request->type, "custom");
  EXPECT_EQ(request->subtype, "x");
  EXPECT_EQ(request->command, (std::vector<std::string>{"bash", "", std::string(200, 'c')}));
  EXPECT_EQ(request->env_vars, (std::map<std::string, std::string>{{"envvar:A", "Qg=="}, {"envvar:B", ""}}));
  EXPECT_EQ(request->reviewers, std::vector<std::string>{"r"});
  EXPECT_EQ(request->redact_types, std::vector<std::string>{"t"});
  // As a real agent says it.
  const auto real = ParsePreConnectRequest(*HexDecode("0a0672756e636f6e1206637573746f6d220462617368"));
  EXPECT_EQ(real->name, "runcon");
  EXPECT_EQ(real->command, std::vector<std::string>{"bash"});
}

TEST(PreConnect, SaysEveryField) {
  EXPECT_EQ(EncodePreConnectRequest({}), "");
  EXPECT_EQ(HexEncode(EncodePreConnectRequest({.name = "runcon", .type = "custom", .command = {"bash"}})),
            "0a0672756e636f6e1206637573746f6d220462617368");
  protobuf::PreConnectRequest read;
  ASSERT_TRUE(
      read.ParseFromString(EncodePreConnectRequest(*ParsePreConnectRequest(WholeRequest().SerializeAsString()))));
  EXPECT_EQ(read.DebugString(), WholeRequest().DebugString());
}

TEST(PreConnect, RefusesWhatIsNoRequest) {
  EXPECT_STATUS(ParsePreConnectRequest("\x0a"), absl::StatusCode::kInvalidArgument, "cut off");
  EXPECT_STATUS(ParsePreConnectRequest("\x0a\x05name"), absl::StatusCode::kInvalidArgument, "cut off");
  EXPECT_STATUS(ParsePreConnectRequest("\x08\x01"), absl::StatusCode::kInvalidArgument, "not such a message");
  EXPECT_STATUS(ParsePreConnectRequest("\x0a\x01\xff"), absl::StatusCode::kInvalidArgument, "not UTF-8");
  EXPECT_STATUS(ParsePreConnectRequest("\x2a\x03\x0a\x01\xff"), absl::StatusCode::kInvalidArgument, "not UTF-8");
  EXPECT_STATUS(ParsePreConnectRequest("\x2a\x02\x0a\x05"), absl::StatusCode::kInvalidArgument, "cut off");
  EXPECT_STATUS(ParsePreConnectRequest(std::string(20, '\xff')), absl::StatusCode::kInvalidArgument,
                "not such a message");
}

TEST(PreConnect, AnswersAsTheContractSays) {
  EXPECT_EQ(HexEncode(EncodePreConnectResponse("CONNECT", "")), "0a07434f4e4e454354");
  EXPECT_EQ(HexEncode(EncodePreConnectResponse("BACKOFF", "")), "0a074241434b4f4646");
  const std::string why(300, 'w');
  protobuf::PreConnectResponse response;
  ASSERT_TRUE(response.ParseFromString(EncodePreConnectResponse("BACKOFF", why)));
  EXPECT_EQ(response.status(), "BACKOFF");
  EXPECT_EQ(response.message(), why);
  const auto read = ParsePreConnectResponse(response.SerializeAsString());
  EXPECT_EQ(read->status, "BACKOFF");
  EXPECT_EQ(read->message, why);
  EXPECT_STATUS(ParsePreConnectResponse("\x0a\x05x"), absl::StatusCode::kInvalidArgument, "cut off");
}

}  // namespace
}  // namespace hoop
