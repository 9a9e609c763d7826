#include "store/sealed_secrets.h"

#include <gtest/gtest.h>

#include "base/ids.h"
#include "store/json_column.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_store.h"

namespace hoop {
namespace {

constexpr std::string_view kOtherKey = "another key of 32 bytes, tests..";

class SealedSecretsTest : public ::testing::Test {
 protected:
  ConnectionRow Added(const std::string& name, const Secrets& secrets) {
    ConnectionRow row;
    row.id = NewUuid();
    row.org_id = store_.org_id();
    row.name = name;
    row.secrets = secrets;
    EXPECT_OK(store_->connections().Insert(row));
    return row;
  }

  void AddAgent(const std::string& name, std::string_view key) {
    EXPECT_OK(store_->agents().Insert(
        {.id = "id of " + name, .org_id = store_.org_id(), .name = name, .mode = "standard", .key_hash = name}, key));
  }
  static std::string KeyOf(Store& store, const std::string& name) {
    auto key = store.agents().Key(store.default_organization().id, name);
    EXPECT_OK(key);
    return key.ok() ? *key : "";
  }
  std::string StoredKey(const std::string& name) { return OneText("select key from agents where name = $1", name); }

  static Secrets SecretsOf(Store& store, const std::string& name) {
    auto found = store.connections().Find(store.default_organization().id, name);
    EXPECT_OK(found);
    return found.ok() ? found->secrets : Secrets();
  }

  // As it lies in the database.
  std::string Stored(const std::string& name) {
    return OneText("select secrets from connections where name = $1", name);
  }
  std::string OneText(std::string_view sql, const std::string& name) {
    std::string text;
    EXPECT_OK(store_->database().Read([&](Transaction& transaction) {
      return transaction.Select(sql, {name}, [&](const Row& row) {
        text = row.String(0);
        return absl::OkStatus();
      });
    }));
    return text;
  }

  absl::Status Run(std::string_view sql, absl::Span<const SqlValue> values = {}) {
    return store_->database().Write(
        Durability::kFull, [&](Transaction& transaction) { return transaction.Execute(sql, values).status(); });
  }

  static std::unique_ptr<SecretBox> BoxOf(std::string_view key) { return *SecretBox::Create(key); }
  absl::StatusOr<int64_t> Reencrypt(std::string_view from, std::string_view to) {
    return ReencryptSecrets(store_->database(), *BoxOf(from), *BoxOf(to));
  }

  testing::TempStore store_;
  const Secrets secrets_ = {{"envvar:PASS", "aHVudGVyMg=="}, {"envvar:HOST", "ZGI="}};
};

TEST_F(SealedSecretsTest, NothingLiesThereInClear) {
  Added("db", secrets_);
  EXPECT_EQ(Stored("db").find("aHVudGVyMg"), std::string::npos);
  EXPECT_EQ(SecretsOf(*store_, "db"), secrets_);
}

TEST_F(SealedSecretsTest, PutKeepsThemReadableUnderTheIdThatStays) {
  ConnectionRow row = Added("db", {});
  row.id = NewUuid();
  row.secrets = secrets_;
  ASSERT_OK(store_->connections().Put(row));
  EXPECT_EQ(SecretsOf(*store_, "db"), secrets_);
}

TEST_F(SealedSecretsTest, ValuesCannotBeMovedToAnotherConnectionOrName) {
  Added("db", secrets_);
  Added("mine", {});
  ASSERT_OK(Run("update connections set secrets = $1 where name = 'mine'", {Stored("db")}));
  EXPECT_STATUS(store_->connections().Find(store_.org_id(), "mine"), absl::StatusCode::kDataLoss, "connection mine");
  auto moved = MapFromJson(Stored("db"));
  ASSERT_OK(moved);
  std::swap(moved->at("envvar:PASS"), moved->at("envvar:HOST"));
  ASSERT_OK(Run("update connections set secrets = $1 where name = 'db'", {ToJson(*moved)}));
  EXPECT_STATUS(store_->connections().Find(store_.org_id(), "db"), absl::StatusCode::kDataLoss, "secret envvar:HOST");
}

TEST_F(SealedSecretsTest, TheFirstStartWithAKeySealsWhatLiesThereInClear) {
  Added("db", {});
  ASSERT_OK(Run("update connections set secrets = $1", {ToJson(secrets_)}));
  ASSERT_OK(Run("delete from secrets_key"));
  store_.Reopen();
  EXPECT_EQ(Stored("db").find("aHVudGVyMg"), std::string::npos);
  EXPECT_EQ(SecretsOf(*store_, "db"), secrets_);
}

TEST_F(SealedSecretsTest, AnAgentsKeyThatIsReadAgainIsSealedForIt) {
  AddAgent("one", "xagt-clear");
  AddAgent("two", "xagt-other");
  EXPECT_TRUE(SecretBox::IsSealed(StoredKey("one"))) << StoredKey("one");
  EXPECT_EQ(KeyOf(*store_, "one"), "xagt-clear");
  ASSERT_OK(Run("update agents set key = $1 where name = 'two'", {StoredKey("one")}));
  EXPECT_STATUS(store_->agents().Key(store_.org_id(), "two"), absl::StatusCode::kDataLoss, "key of agent two");
}

TEST_F(SealedSecretsTest, AStartSealsAKeyThatAnOlderProgramLeftInClear) {
  AddAgent("one", "xagt-clear");
  AddAgent("two", "xagt-other");
  const std::string sealed = StoredKey("two");
  ASSERT_OK(Run("update agents set key = 'xagt-clear' where name = 'one'"));
  store_.Reopen();
  EXPECT_TRUE(SecretBox::IsSealed(StoredKey("one"))) << StoredKey("one");
  EXPECT_EQ(KeyOf(*store_, "one"), "xagt-clear");
  EXPECT_EQ(StoredKey("two"), sealed);
}

TEST_F(SealedSecretsTest, TheFirstStartWithAKeySealsAgentsKeysToo) {
  AddAgent("one", "xagt-clear");
  ASSERT_OK(Run("update agents set key = 'xagt-clear'"));
  ASSERT_OK(Run("delete from secrets_key"));
  store_.Reopen();
  EXPECT_TRUE(SecretBox::IsSealed(StoredKey("one"))) << StoredKey("one");
  EXPECT_EQ(KeyOf(*store_, "one"), "xagt-clear");
}

TEST_F(SealedSecretsTest, ReencryptionTakesAgentsKeysAlong) {
  AddAgent("one", "xagt-clear");
  AddAgent("two", "xagt-other");
  ASSERT_OK(Run("update agents set key = 'xagt-other' where name = 'two'"));
  ASSERT_OK(Reencrypt(testing::kSecretsKey, kOtherKey));
  EXPECT_STATUS(store_->agents().Key(store_.org_id(), "one"), absl::StatusCode::kFailedPrecondition, "key of agent");
  auto another = store_.OpenAnother(kOtherKey);
  ASSERT_OK(another);
  EXPECT_EQ(KeyOf(**another, "one"), "xagt-clear");
  EXPECT_EQ(KeyOf(**another, "two"), "xagt-other");
}

TEST_F(SealedSecretsTest, AnotherKeyIsRefusedAtTheStart) {
  EXPECT_STATUS(store_.OpenAnother(kOtherKey), absl::StatusCode::kFailedPrecondition, BoxOf(kOtherKey)->key_id());
}

TEST_F(SealedSecretsTest, ReencryptionTakesTheNewKeyOnlyFromThenOn) {
  Added("db", secrets_);
  Added("other", secrets_);
  auto connections = Reencrypt(testing::kSecretsKey, kOtherKey);
  ASSERT_OK(connections);
  EXPECT_EQ(*connections, 2);
  EXPECT_STATUS(store_.OpenAnother(), absl::StatusCode::kFailedPrecondition, "secrets key");
  auto another = store_.OpenAnother(kOtherKey);
  ASSERT_OK(another);
  EXPECT_EQ(SecretsOf(**another, "db"), secrets_);
  EXPECT_EQ(SecretsOf(**another, "other"), secrets_);
}

TEST_F(SealedSecretsTest, ReencryptionThatWasDoneIsDone) {
  Added("db", secrets_);
  ASSERT_OK(Reencrypt(testing::kSecretsKey, kOtherKey));
  auto again = Reencrypt(testing::kSecretsKey, kOtherKey);
  ASSERT_OK(again);
  EXPECT_EQ(*again, 0);
}

TEST_F(SealedSecretsTest, ReencryptionIsAllOrNothing) {
  Added("db", secrets_);
  Added("broken", {});
  ASSERT_OK(Run("update connections set secrets = $1 where name = 'broken'", {Stored("db")}));
  EXPECT_STATUS(Reencrypt(testing::kSecretsKey, kOtherKey), absl::StatusCode::kDataLoss, "secret envvar");
  EXPECT_EQ(SecretsOf(*store_, "db"), secrets_);
  EXPECT_OK(store_.OpenAnother());
}

TEST_F(SealedSecretsTest, ReencryptionNeedsTheOldKey) {
  EXPECT_STATUS(Reencrypt(kOtherKey, "a third key of 32 bytes, tests.."), absl::StatusCode::kFailedPrecondition,
                BoxOf(testing::kSecretsKey)->key_id());
}

TEST_F(SealedSecretsTest, AGatewayThatRunsWithTheOldKeyWritesNothingWithIt) {
  ConnectionRow row = Added("db", secrets_);
  ASSERT_OK(Reencrypt(testing::kSecretsKey, kOtherKey));
  EXPECT_STATUS(store_->connections().Update(row), absl::StatusCode::kFailedPrecondition, "start it again");
  EXPECT_STATUS(store_->connections().Put(row), absl::StatusCode::kFailedPrecondition, "start it again");
  EXPECT_STATUS(store_->connections().Find(store_.org_id(), "db"), absl::StatusCode::kFailedPrecondition,
                BoxOf(kOtherKey)->key_id());
  const AgentRow agent = {.id = "a", .org_id = store_.org_id(), .name = "a", .mode = "standard", .key_hash = "a"};
  EXPECT_STATUS(store_->agents().Insert(agent, "xagt-clear"), absl::StatusCode::kFailedPrecondition, "start it again");
  EXPECT_OK(store_->agents().Insert(agent));
}

}  // namespace
}  // namespace hoop
