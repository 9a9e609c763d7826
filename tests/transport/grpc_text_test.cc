#include "transport/grpc_text.h"

#include <gtest/gtest.h>

#include "base/status.h"
#include "tests/support/status_matchers.h"
#include "transport/message_queue.h"
#include "transport/output_batch.h"

namespace hoop {
namespace {

TEST(GrpcText, PercentEncodesWhatIsNotPrintable) {
  EXPECT_EQ(PercentEncode("a b%\n\xC3\xBC"), "a b%25%0A%C3%BC");
  EXPECT_EQ(PercentDecode("a b%25%0A%C3%BC"), "a b%\n\xC3\xBC");
  EXPECT_EQ(PercentDecode("100% %zz %4"), "100% %zz %4");
}

TEST(GrpcText, TimeoutsHaveADigitsLimitAndAUnit) {
  EXPECT_EQ(ParseGrpcTimeout("10S"), absl::Seconds(10));
  EXPECT_EQ(ParseGrpcTimeout("99999999H"), absl::Hours(99'999'999));
  EXPECT_EQ(ParseGrpcTimeout("250m"), absl::Milliseconds(250));
  EXPECT_EQ(ParseGrpcTimeout("1M"), absl::Minutes(1));
  EXPECT_EQ(ParseGrpcTimeout("7u"), absl::Microseconds(7));
  EXPECT_EQ(ParseGrpcTimeout("7n"), absl::Nanoseconds(7));
  for (const std::string_view bad : {"", "S", "10", "-1S", "123456789S", "1x", "1 S", "+1S"}) {
    EXPECT_EQ(ParseGrpcTimeout(bad), std::nullopt) << bad;
  }
  for (const absl::Duration time : {absl::Nanoseconds(1), absl::Seconds(15), absl::Minutes(5), absl::Hours(300)}) {
    EXPECT_EQ(ParseGrpcTimeout(FormatGrpcTimeout(time)), time);
  }
  EXPECT_EQ(FormatGrpcTimeout(-absl::Seconds(1)), "1n");
}

TEST(GrpcText, BinaryHeadersComeWithAndWithoutPadding) {
  EXPECT_EQ(EncodeBinaryHeader(std::string("\0\xff", 2)), "AP8");
  EXPECT_EQ(DecodeBinaryHeader("AP8"), std::string("\0\xff", 2));
  EXPECT_EQ(DecodeBinaryHeader("AP8="), std::string("\0\xff", 2));
  EXPECT_EQ(DecodeBinaryHeader("***"), std::nullopt);
}

TEST(GrpcText, StatusesOfTheWire) {
  EXPECT_OK(StatusFromGrpc("0", ""));
  EXPECT_STATUS(StatusFromGrpc("7", "no"), absl::StatusCode::kPermissionDenied, "no");
  EXPECT_STATUS(StatusFromGrpc("17", "no"), absl::StatusCode::kUnknown, "17");
  EXPECT_STATUS(StatusFromGrpc("x", "no"), absl::StatusCode::kUnknown, "x");
  EXPECT_STATUS(StatusFromHttp("401"), absl::StatusCode::kUnauthenticated, "401");
  EXPECT_STATUS(StatusFromHttp("403"), absl::StatusCode::kPermissionDenied, "403");
  EXPECT_STATUS(StatusFromHttp("404"), absl::StatusCode::kUnimplemented, "404");
  EXPECT_STATUS(StatusFromHttp("503"), absl::StatusCode::kUnavailable, "503");
  EXPECT_STATUS(StatusFromHttp("418"), absl::StatusCode::kUnknown, "418");
}

TEST(MessageQueue, GivesBytesInAnyPortionsByCopyOrReference) {
  std::string expected, got;
  MessageQueue queue;
  OutputBatch batch;
  for (const size_t size : {0, 1, 100, 2047, 2048, 5000, 70'000}) {
    const std::string message(size, static_cast<char>('a' + size % 26));
    const GrpcPrefix prefix = MakeGrpcPrefix(size);
    expected.append(prefix.data(), prefix.size()).append(message);
    queue.Push(message);
  }
  EXPECT_EQ(queue.size_bytes(), expected.size());
  for (size_t portion = 1; queue.size_bytes() > 0; portion = portion * 3 + 1) {
    queue.MoveTo(batch, std::min(portion, queue.size_bytes()));
    batch.CopyRest(0, got);
    batch.Clear();
  }
  EXPECT_EQ(got, expected);
  EXPECT_FALSE(queue.in_message());
}

}  // namespace
}  // namespace hoop
