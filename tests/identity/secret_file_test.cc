#include "identity/secret_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <thread>

#include "base/encoding.h"
#include "base/limits/identity.h"
#include "identity/ed25519_key.h"
#include "identity/setup_token.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_folder.h"

namespace hoop {
namespace {

class SecretFileTest : public ::testing::Test {
 protected:
  size_t FilesInFolder() {
    return static_cast<size_t>(std::distance(std::filesystem::directory_iterator(folder_.path()), {}));
  }

  testing::TempFolder folder_;
  const std::string path_ = folder_.file("secret");
};

TEST_F(SecretFileTest, IsReadableByUsOnly) {
  ASSERT_OK(CreateSecretFile(path_, "content"));
  struct stat entry;
  ASSERT_EQ(::stat(path_.c_str(), &entry), 0);
  EXPECT_EQ(entry.st_mode & 0777, 0600u);
  auto content = ReadSecretFile(path_);
  ASSERT_OK(content);
  EXPECT_EQ(*content, "content");
  EXPECT_EQ(FilesInFolder(), 1u);
}

TEST_F(SecretFileTest, IsNeverOverwritten) {
  ASSERT_OK(CreateSecretFile(path_, "first"));
  EXPECT_STATUS(CreateSecretFile(path_, "second"), absl::StatusCode::kAlreadyExists, path_);
  EXPECT_EQ(ReadSecretFile(path_).value_or(""), "first");
  EXPECT_EQ(FilesInFolder(), 1u);
}

TEST_F(SecretFileTest, RefusesWhatIsNotOursAlone) {
  EXPECT_STATUS(ReadSecretFile(path_), absl::StatusCode::kNotFound, path_);
  EXPECT_STATUS(ReadSecretFile(folder_.path()), absl::StatusCode::kFailedPrecondition, "no plain file");
  ASSERT_OK(CreateSecretFile(path_, "content"));
  ASSERT_EQ(::chmod(path_.c_str(), 0640), 0);
  EXPECT_STATUS(ReadSecretFile(path_), absl::StatusCode::kFailedPrecondition, "others may read it");
}

TEST_F(SecretFileTest, RefusesALongOne) {
  ASSERT_OK(CreateSecretFile(path_, std::string(limits::kSecretFileBytesMax + 1, 'x')));
  EXPECT_STATUS(ReadSecretFile(path_), absl::StatusCode::kFailedPrecondition, "longer");
}

TEST_F(SecretFileTest, SaysWhereItCannotBeMade) {
  EXPECT_STATUS(CreateSecretFile(folder_.file("none/secret"), "x"), absl::StatusCode::kNotFound, "none/secret");
}

// The key and the JWS of RFC 8037, appendix A.
constexpr char kRfcPem[] =
    "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n"
    "-----END PRIVATE KEY-----\n";
constexpr std::string_view kRfcMessage = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
constexpr std::string_view kRfcSignature =
    "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";

TEST(Ed25519Key, SignsLikeTheRfc) {
  auto key = Ed25519Key::FromPem(kRfcPem);
  ASSERT_OK(key);
  const std::string signature = Base64UrlDecode(kRfcSignature).value_or("");
  EXPECT_EQ(key->Sign(kRfcMessage), signature);
  EXPECT_TRUE(key->Verify(kRfcMessage, signature));
  EXPECT_FALSE(key->Verify("other", signature));
  EXPECT_FALSE(key->Verify(kRfcMessage, signature.substr(1)));
  EXPECT_FALSE(key->Verify(kRfcMessage, ""));
  EXPECT_FALSE(Ed25519Key::Generate().Verify(kRfcMessage, signature));
}

TEST(Ed25519Key, ComesBackFromItsText) {
  const Ed25519Key key = Ed25519Key::Generate();
  auto back = Ed25519Key::FromPem(key.ToPem());
  ASSERT_OK(back);
  EXPECT_EQ(back->id(), key.id());
  EXPECT_TRUE(back->Verify("m", key.Sign("m")));
  EXPECT_NE(key.id(), Ed25519Key::Generate().id());
}

TEST(Ed25519Key, RefusesOtherKeys) {
  // An X25519 key: the same length, another use.
  constexpr char kOther[] =
      "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VuBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n"
      "-----END PRIVATE KEY-----\n";
  for (const char* pem : {"", "nonsense", kOther}) {
    EXPECT_STATUS(Ed25519Key::FromPem(pem), absl::StatusCode::kFailedPrecondition, "Ed25519");
  }
}

TEST_F(SecretFileTest, TheKeyIsMadeOnce) {
  auto first = Ed25519Key::LoadOrCreate(path_), second = Ed25519Key::LoadOrCreate(path_);
  ASSERT_OK(first);
  ASSERT_OK(second);
  EXPECT_EQ(first->id(), second->id());
}

TEST_F(SecretFileTest, TwoWhoMakeTheKeyAtOnceAgree) {
  std::vector<std::string> ids(8);
  std::vector<std::thread> threads;
  for (std::string& id : ids) {
    threads.emplace_back([this, &id] {
      auto key = Ed25519Key::LoadOrCreate(path_);
      ASSERT_OK(key);
      id = key->id();
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::string& id : ids) EXPECT_EQ(id, ids[0]);
  EXPECT_EQ(FilesInFolder(), 1u);
}

TEST_F(SecretFileTest, ADamagedKeyIsNotReplaced) {
  ASSERT_OK(CreateSecretFile(path_, "nonsense"));
  EXPECT_STATUS(Ed25519Key::LoadOrCreate(path_), absl::StatusCode::kFailedPrecondition, path_);
  EXPECT_EQ(ReadSecretFile(path_).value_or(""), "nonsense");
}

TEST_F(SecretFileTest, TheSetupTokenStaysUntilItWasUsed) {
  auto token = SetupToken::Create(path_), again = SetupToken::Create(path_);
  ASSERT_OK(token);
  ASSERT_OK(again);
  EXPECT_EQ(token->text(), again->text());
  EXPECT_EQ(token->text().size(), 32u);
  EXPECT_TRUE(token->Matches(again->text()));
  EXPECT_FALSE(token->Matches(""));
  EXPECT_FALSE(token->Matches(token->text() + "x"));
  ASSERT_OK(token->Retire());
  EXPECT_OK(token->Retire());
  EXPECT_EQ(FilesInFolder(), 0u);
  auto other = SetupToken::Create(path_);
  ASSERT_OK(other);
  EXPECT_NE(other->text(), token->text());
}

TEST_F(SecretFileTest, AnEmptySetupTokenLetsNobodyIn) {
  ASSERT_OK(CreateSecretFile(path_, "\n"));
  EXPECT_STATUS(SetupToken::Create(path_), absl::StatusCode::kFailedPrecondition, "empty");
}

}  // namespace
}  // namespace hoop
