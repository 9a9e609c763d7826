#include <gtest/gtest.h>

#include <fstream>

#include "base/encoding.h"
#include "hoop/tls.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_folder.h"

namespace hoop {
namespace {

constexpr char kPem[] = "-----BEGIN X-----\nAAAA\n-----END X-----\n";

TEST(PemText, ComesInFourForms) {
  const testing::TempFolder folder;
  std::ofstream(folder.file("x.pem")) << kPem;
  std::string wrapped = Base64Encode(kPem);
  wrapped.insert(20, "\n");
  for (const std::string& value : {std::string(kPem), Base64Encode(kPem), wrapped, "base64://" + Base64Encode(kPem),
                                   "file://" + folder.file("x.pem")}) {
    const auto text = LoadPem("TLS_KEY", value);
    ASSERT_OK(text.status());
    EXPECT_EQ(*text, kPem) << value;
  }
}

TEST(PemText, RefusesEverythingElseByTheVariablesName) {
  const testing::TempFolder folder;
  std::ofstream(folder.file("empty"));
  std::ofstream(folder.file("huge")) << std::string(2 << 20, 'x');
  EXPECT_STATUS(LoadPem("TLS_KEY", "secret!"), absl::StatusCode::kInvalidArgument,
                "TLS_KEY: neither PEM nor base64 of PEM nor file://<path>");
  EXPECT_STATUS(LoadPem("TLS_KEY", "base64://!"), absl::StatusCode::kInvalidArgument, "TLS_KEY: neither PEM");
  EXPECT_STATUS(LoadPem("TLS_KEY", "AAAA"), absl::StatusCode::kInvalidArgument, "TLS_KEY: there is no PEM in it");
  EXPECT_STATUS(LoadPem("TLS_CA", "file://" + folder.file("none")), absl::StatusCode::kInvalidArgument,
                "none: No such file or directory");
  EXPECT_STATUS(LoadPem("TLS_CA", "file://" + folder.file("empty")), absl::StatusCode::kInvalidArgument,
                "TLS_CA: there is no PEM in it");
  EXPECT_STATUS(LoadPem("TLS_CA", "file://" + folder.file("huge")), absl::StatusCode::kInvalidArgument,
                "longer than 1048576 bytes");
  EXPECT_STATUS(LoadPem("TLS_CA", "file:///"), absl::StatusCode::kInvalidArgument, "TLS_CA: /:");
}

TEST(PemText, KnowsWhichFileAValueNames) {
  EXPECT_EQ(PemFilePath("file:///etc/x.pem"), "/etc/x.pem");
  EXPECT_EQ(PemFilePath("base64://eA=="), std::nullopt);
}

}  // namespace
}  // namespace hoop
