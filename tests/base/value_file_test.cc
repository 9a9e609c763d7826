#include "hoop/value_file.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "base/encoding.h"
#include "base/limits/values.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_folder.h"

namespace hoop {
namespace {

constexpr char kPem[] = "-----BEGIN X-----\nAAAA\n-----END X-----\n";

TEST(ValueFile, IsReadAsItIs) {
  const testing::TempFolder folder;
  const std::string path = folder.file("value"), content("x\0\n", 3);
  std::ofstream(path) << content;
  EXPECT_EQ(ReadValueFile("V", path, 3).value(), content);
  EXPECT_STATUS(ReadValueFile("V", path, 2), absl::StatusCode::kInvalidArgument, "longer than 2 bytes");
}

TEST(ValueFile, ATextHasNoLineEndsAtItsEnd) {
  const testing::TempFolder folder;
  const std::string path = folder.file("value");
  std::ofstream(path) << "two\nlines \r\n\n";
  EXPECT_EQ(ReadTextFile("V", path, 20).value(), "two\nlines ");
  std::ofstream(path) << "\n";
  EXPECT_EQ(ReadTextFile("V", path, 20).value(), "");
  EXPECT_STATUS(ReadTextFile("V", path, 0), absl::StatusCode::kInvalidArgument, "longer than 0 bytes");
}

TEST(ValueFile, WhatCannotBeReadIsNamedWithTheReason) {
  const testing::TempFolder folder;
  EXPECT_EQ(ReadValueFile("-e PASS", "/none/x", 1).status().message(), "-e PASS: /none/x: No such file or directory");
  EXPECT_EQ(ReadValueFile("V", folder.path(), 1).status().message(), "V: " + folder.path() + ": Is a directory");
}

TEST(ValueFile, AValueThatWasTakenForAPathIsNotShown) {
  const std::string secret(limits::kShownPathBytesMax + 1, 's');
  EXPECT_EQ(ReadValueFile("V", secret, 1).status().message(), "V: its path: File name too long");
  EXPECT_EQ(ReadValueFile("V", "two\nlines", 1).status().message(), "V: its path: No such file or directory");
}

TEST(PemOption, TakesAPathAndWhatVariablesTake) {
  const testing::TempFolder folder;
  const std::string path = folder.file("ca.pem");
  std::ofstream(path) << kPem;
  for (const std::string& value : {path, "file://" + path, "base64://" + Base64Encode(kPem), std::string(kPem)}) {
    EXPECT_EQ(LoadPemOption("--tls-ca", value).value(), kPem) << value;
  }
  EXPECT_STATUS(LoadPemOption("--tls-ca", "file://" + folder.file("none")), absl::StatusCode::kInvalidArgument,
                "--tls-ca: " + folder.file("none") + ": No such file or directory");
  EXPECT_STATUS(LoadPemOption("--tls-ca", folder.file("none")), absl::StatusCode::kInvalidArgument,
                "--tls-ca: " + folder.file("none") + ": No such file or directory");
  EXPECT_STATUS(LoadPemOption("--tls-ca", "base64://!"), absl::StatusCode::kInvalidArgument,
                "--tls-ca: neither PEM nor base64");
}

}  // namespace
}  // namespace hoop
