#include "store/store.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/ids.h"
#include "store/migrations.h"
#include "store/store_look.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_folder.h"
#include "tests/support/temp_store.h"

namespace hoop {
namespace {

TEST(Store, MakesOneDefaultOrganization) {
  testing::TempStore store;
  const OrganizationRow first = store->default_organization();
  EXPECT_TRUE(IsUuid(first.id));
  EXPECT_EQ(first.name, "default");
  store.Reopen();
  EXPECT_EQ(store->default_organization().id, first.id);
  EXPECT_EQ(store->default_organization().created_at, store.now());
}

TEST(Store, FindsAnOrganizationById) {
  testing::TempStore store;
  auto found = store->organizations().Find(store.org_id());
  ASSERT_OK(found);
  EXPECT_EQ(found->name, "default");
  EXPECT_STATUS(store->organizations().Find("nobody"), absl::StatusCode::kNotFound, "organization nobody");
}

TEST(Store, MigratesOnlyOnce) {
  testing::TempStore store;
  const auto steps = [&store] {
    int64_t count = 0;
    EXPECT_OK(store->database().Read([&](Transaction& transaction) {
      return transaction.Select("select count(*) from schema_migrations", {}, [&](const Row& row) {
        count = row.Int(0);
        return absl::OkStatus();
      });
    }));
    return count;
  };
  const int64_t before = steps();
  EXPECT_GT(before, 0);
  EXPECT_OK(Migrate(store->database(), store.now()));
  EXPECT_EQ(steps(), before);
}

TEST(Store, SaysWhetherItAnswers) {
  testing::TempStore store;
  EXPECT_OK(store->Check());
  EXPECT_TRUE(store->description().starts_with("sqlite /") || store->description().starts_with("postgres "));
}

TEST(Store, IsLookedAtWithoutAChange) {
  const testing::TempFolder folder;
  const StoreAddress none{.sqlite_path = folder.file("hoop.db")};
  EXPECT_EQ(LookAtStore(none, nullptr).value(), "sqlite " + none.sqlite_path + ": the start makes it");
  EXPECT_FALSE(std::filesystem::exists(none.sqlite_path));
  std::ofstream(none.sqlite_path).close();
  EXPECT_EQ(LookAtStore(none, nullptr).value(),
            "sqlite " + none.sqlite_path + ": is empty, the start makes its tables");
  EXPECT_EQ(LookAtStore(none, nullptr).value(),
            "sqlite " + none.sqlite_path + ": is empty, the start makes its tables");
  const testing::TempDatabase database;
  const auto store = database.OpenStore(absl::FromUnixSeconds(1'700'000'000)).value();
  const auto box = SecretBox::Create(testing::kSecretsKey).value();
  const int64_t newest = NewestSchemaVersion();
  const auto change = [&store](std::string_view sql, int64_t version) {
    EXPECT_OK(store->database().Write(
        Durability::kNormal, [&](Transaction& transaction) { return transaction.Execute(sql, {version}).status(); }));
  };
  EXPECT_EQ(LookAtStore(database.address(), box.get()).value(),
            fmt::format("{}: schema {}, up to date", store->description(), newest));
  change("delete from schema_migrations where version = $1", newest);
  EXPECT_EQ(LookAtStore(database.address(), box.get()).value(),
            fmt::format("{}: schema {}, the start brings it to {}", store->description(), newest - 1, newest));
  EXPECT_STATUS(LookAtStore(database.address(), nullptr), absl::StatusCode::kFailedPrecondition,
                "put secrets.key back");
  change("insert into schema_migrations (version, name, applied_at) values ($1, 'later', 0)", 999);
  EXPECT_STATUS(LookAtStore(database.address(), box.get()), absl::StatusCode::kFailedPrecondition, "version 999");
}

TEST(Store, RefusesTheSchemaOfANewerProgram) {
  testing::TempStore store;
  ASSERT_OK(store->database().Write(Durability::kNormal, [](Transaction& transaction) {
    return transaction.Execute("insert into schema_migrations (version, name, applied_at) values (999, 'later', 0)")
        .status();
  }));
  EXPECT_STATUS(store.OpenAnother(), absl::StatusCode::kFailedPrecondition, "version 999");
}

TEST(Store, AStepThatFailsLeavesNothingBehind) {
  testing::TempStore store;
  // The tables are there, the note that they are is not: the step cannot run again.
  ASSERT_OK(store->database().Write(Durability::kNormal, [](Transaction& transaction) {
    return transaction.Execute("delete from schema_migrations").status();
  }));
  EXPECT_STATUS(store.OpenAnother(), absl::StatusCode::kInternal, "schema step 1");
}

}  // namespace
}  // namespace hoop
