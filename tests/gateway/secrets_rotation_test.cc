#include "gateway/secrets_rotation.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/encoding.h"
#include "gateway/start_trial.h"
#include "identity/secret_file.h"
#include "identity/secrets_key.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_folder.h"

namespace hoop {
namespace {

class SecretsRotationTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto folder = DataFolder::Open(temp_.path());
    ASSERT_OK(folder);
    folder_ = *std::move(folder);
  }

  // As a gateway starts.
  absl::StatusOr<std::unique_ptr<Store>> Open(const std::string& key = "") {
    GatewayOptions options;
    options.secrets_key = key;
    auto box = OpenSecretBox(options, temp_.path());
    if (!box.ok()) return box.status();
    return Store::Open(StoreAddressOf(options, temp_.path()), *std::move(box), now_);
  }
  absl::StatusOr<std::string> Rotate(const std::string& key, const std::string& new_key) {
    GatewayOptions options;
    options.secrets_key = key;
    return RotateSecretsKey(options, *folder_, new_key);
  }

  void AddConnection() {
    auto store = Open();
    ASSERT_OK(store);
    ConnectionRow row;
    row.id = "c1";
    row.org_id = (*store)->default_organization().id;
    row.name = "db";
    row.secrets = {{"envvar:PASS", "aHVudGVyMg=="}};
    ASSERT_OK((*store)->connections().Insert(row));
  }
  std::string PasswordIn(Store& store) {
    auto found = store.connections().Find(store.default_organization().id, "db");
    EXPECT_OK(found);
    return found.ok() ? found->secrets.at("envvar:PASS") : "";
  }

  testing::TempFolder temp_;
  std::unique_ptr<DataFolder> folder_;
  const std::string given_ = Base64Encode("a key that the operator gives us");
  const absl::Time now_ = absl::FromUnixSeconds(1'700'000'000);
};

TEST_F(SecretsRotationTest, ATrialFindsOutWhetherTheKeyIsThere) {
  AddConnection();
  GatewayOptions options{.data_dir = temp_.path()};
  const auto tried = TryStart(options);
  ASSERT_OK(tried.status());
  EXPECT_TRUE(tried->back().ends_with("up to date")) << tried->back();
  options.secrets_key = given_;
  EXPECT_STATUS(TryStart(options).status(), absl::StatusCode::kFailedPrecondition, "this is key");
  std::filesystem::remove(temp_.file("secrets.key"));
  options.secrets_key.clear();
  EXPECT_STATUS(TryStart(options).status(), absl::StatusCode::kFailedPrecondition,
                "which is not there: put secrets.key back");
  EXPECT_FALSE(std::filesystem::exists(temp_.file("secrets.key")));
}

TEST_F(SecretsRotationTest, ATrialTellsOfAKeyThatWasLeft) {
  AddConnection();
  const GatewayOptions options{.data_dir = temp_.path()};
  const auto next = LoadOrMakeSecretsKey(temp_.file("secrets.key.next"));
  auto tried = TryStart(options);
  ASSERT_OK(tried.status());
  EXPECT_EQ(tried->back(), temp_.file("secrets.key.next") +
                               ": the key of a re-encryption that was interrupted, nothing is encrypted with it; "
                               "`hoop-gateway reencrypt-secrets` goes on with it, without that it can be removed");
  // As it says.
  ASSERT_OK(Rotate("", ""));
  EXPECT_EQ(*LoadOrMakeSecretsKey(temp_.file("secrets.key")), *next);
  tried = TryStart(options);
  ASSERT_OK(tried.status());
  EXPECT_TRUE(tried->back().ends_with("up to date")) << tried->back();
}

TEST_F(SecretsRotationTest, AKeyThatIsInUseIsNotLeft) {
  AddConnection();
  ASSERT_OK(Rotate("", given_));
  ASSERT_OK(CreateSecretFile(temp_.file("secrets.key.next"), given_));
  const auto tried = TryStart({.data_dir = temp_.path(), .secrets_key = given_});
  ASSERT_OK(tried.status());
  EXPECT_TRUE(tried->back().ends_with("up to date")) << tried->back();
}

TEST_F(SecretsRotationTest, NoKeyIsMadeWhereItWouldOpenNothing) {
  AddConnection();
  std::filesystem::remove(temp_.file("secrets.key"));
  EXPECT_STATUS(Open(), absl::StatusCode::kFailedPrecondition, "which is not there: put secrets.key back");
  EXPECT_STATUS(Rotate("", ""), absl::StatusCode::kFailedPrecondition, "which is not there: put secrets.key back");
  EXPECT_FALSE(std::filesystem::exists(temp_.file("secrets.key")));
}

TEST_F(SecretsRotationTest, AKeyThatIsGivenReplacesTheFolders) {
  AddConnection();
  auto done = Rotate("", given_);
  ASSERT_OK(done);
  EXPECT_NE(done->find("secrets of 1 connections"), std::string::npos) << *done;
  EXPECT_STATUS(Open(), absl::StatusCode::kFailedPrecondition, "secrets key");
  auto store = Open(given_);
  ASSERT_OK(store);
  EXPECT_EQ(PasswordIn(**store), "aHVudGVyMg==");
}

TEST_F(SecretsRotationTest, AKeyThatIsMadeLiesInTheFolder) {
  AddConnection();
  auto before = LoadOrMakeSecretsKey(folder_->File("secrets.key"));
  ASSERT_OK(Rotate("", ""));
  auto after = LoadOrMakeSecretsKey(folder_->File("secrets.key"));
  EXPECT_NE(*before, *after);
  EXPECT_FALSE(std::filesystem::exists(folder_->File("secrets.key.next")));
  auto store = Open();
  ASSERT_OK(store);
  EXPECT_EQ(PasswordIn(**store), "aHVudGVyMg==");
}

TEST_F(SecretsRotationTest, RunAgainAfterACutItFinishes) {
  AddConnection();
  // The store has the new key, the file is not in its place yet.
  auto from = SecretBox::Create(*LoadOrMakeSecretsKey(folder_->File("secrets.key")));
  auto to = SecretBox::Create(*LoadOrMakeSecretsKey(folder_->File("secrets.key.next")));
  ASSERT_OK(Store::Reencrypt(StoreAddressOf({}, temp_.path()), **from, **to, now_));
  EXPECT_STATUS(Open(), absl::StatusCode::kFailedPrecondition, "cut off");
  ASSERT_OK(Rotate("", ""));
  auto store = Open();
  ASSERT_OK(store);
  EXPECT_EQ(PasswordIn(**store), "aHVudGVyMg==");
}

TEST_F(SecretsRotationTest, ARefusalLeavesNoKeyBehind) {
  AddConnection();
  EXPECT_STATUS(Rotate(given_, ""), absl::StatusCode::kFailedPrecondition, "secrets key");
  EXPECT_FALSE(std::filesystem::exists(folder_->File("secrets.key.next")));
  {
    auto store = Open();
    ASSERT_OK(store);
    ASSERT_OK((*store)->database().Write(Durability::kFull, [](Transaction& transaction) {
      return transaction.Execute("update connections set secrets = '{\"envvar:PASS\":\"damaged\"}'", {}).status();
    }));
  }
  EXPECT_STATUS(Rotate("", ""), absl::StatusCode::kDataLoss, "connection c1");
  EXPECT_FALSE(std::filesystem::exists(folder_->File("secrets.key.next")));
}

TEST_F(SecretsRotationTest, ARefusalLeavesTheKeyOfAnEarlierTry) {
  AddConnection();
  auto next = LoadOrMakeSecretsKey(folder_->File("secrets.key.next"));
  EXPECT_STATUS(Rotate(given_, ""), absl::StatusCode::kFailedPrecondition, "secrets key");
  EXPECT_EQ(*LoadOrMakeSecretsKey(folder_->File("secrets.key.next")), *next);
  ASSERT_OK(Rotate("", ""));
  EXPECT_EQ(*LoadOrMakeSecretsKey(folder_->File("secrets.key")), *next);
}

TEST_F(SecretsRotationTest, AKeyStaysWhereTheStoreDoesNotSayWhoseItIs) {
  AddConnection();
  std::filesystem::rename(temp_.file("hoop.db"), temp_.file("elsewhere"));
  std::filesystem::create_directory(temp_.file("hoop.db"));
  EXPECT_STATUS(Rotate("", ""), absl::StatusCode::kUnknown, "Is a directory");
  EXPECT_TRUE(std::filesystem::exists(folder_->File("secrets.key.next")));
}

TEST_F(SecretsRotationTest, AWrongKeyIsRefusedByItsName) {
  AddConnection();
  EXPECT_STATUS(Open("short"), absl::StatusCode::kInvalidArgument, "HOOP_SECRETS_KEY: ");
  EXPECT_STATUS(Rotate("", "short"), absl::StatusCode::kInvalidArgument, "HOOP_SECRETS_KEY_NEW: ");
  EXPECT_STATUS(Rotate(given_, ""), absl::StatusCode::kFailedPrecondition, "secrets key");
}

}  // namespace
}  // namespace hoop
