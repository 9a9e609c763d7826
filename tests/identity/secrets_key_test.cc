#include "identity/secrets_key.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "base/encoding.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_folder.h"

namespace hoop {
namespace {

const std::string kKey = "0123456789abcdef0123456789ABCDEF";

std::string KeyOf(std::string_view value) {
  auto key = ParseSecretsKey("HOOP_SECRETS_KEY", value);
  EXPECT_OK(key);
  return key.value_or("");
}

TEST(SecretsKey, TakesBase64AndHexadecimal) {
  EXPECT_EQ(KeyOf(Base64Encode(kKey)), kKey);
  EXPECT_EQ(KeyOf("base64://" + Base64Encode(kKey)), kKey);
  EXPECT_EQ(KeyOf(HexEncode(kKey) + "\n"), kKey);
}

TEST(SecretsKey, TakesAFile) {
  testing::TempFolder folder;
  std::ofstream(folder.file("key")) << Base64Encode(kKey) << "\n";
  EXPECT_EQ(KeyOf("file://" + folder.file("key")), kKey);
  EXPECT_STATUS(ParseSecretsKey("HOOP_SECRETS_KEY", "file://" + folder.file("none")),
                absl::StatusCode::kInvalidArgument, "HOOP_SECRETS_KEY: ");
}

TEST(SecretsKey, APhraseIsTheSameKeyEverywhere) {
  const std::string key = KeyOf("correct horse battery staple");
  EXPECT_EQ(key.size(), 32u);
  EXPECT_EQ(KeyOf(" correct horse battery staple\n"), key);
  EXPECT_NE(KeyOf("correct horse battery stapler"), key);
}

TEST(SecretsKey, RefusesWhatIsTooShortAndDoesNotShowIt) {
  for (const char* value : {"hunter2", "base64://aHVudGVyMg==", "base64://hunter2 is no base64 at all"}) {
    const absl::Status status = ParseSecretsKey("HOOP_SECRETS_KEY", value).status();
    EXPECT_STATUS(status, absl::StatusCode::kInvalidArgument, "HOOP_SECRETS_KEY: is neither");
    EXPECT_EQ(StatusText(status).find("hunter"), std::string::npos);
  }
}

TEST(SecretsKey, TheFileIsMadeOnceForItsOwnerOnly) {
  testing::TempFolder folder;
  auto first = LoadOrMakeSecretsKey(folder.file("secrets.key"));
  ASSERT_OK(first);
  EXPECT_EQ(first->size(), 32u);
  auto second = LoadOrMakeSecretsKey(folder.file("secrets.key"));
  ASSERT_OK(second);
  EXPECT_EQ(*first, *second);
  struct stat entry;
  ASSERT_EQ(::stat(folder.file("secrets.key").c_str(), &entry), 0);
  EXPECT_EQ(entry.st_mode & 0777, 0600u);
}

TEST(SecretsKey, AFileWithoutAKeyIsRefused) {
  testing::TempFolder folder;
  std::ofstream(folder.file("secrets.key")) << "nonsense\n";
  ::chmod(folder.file("secrets.key").c_str(), 0600);
  EXPECT_STATUS(LoadOrMakeSecretsKey(folder.file("secrets.key")), absl::StatusCode::kFailedPrecondition, "secrets.key");
}

}  // namespace
}  // namespace hoop
