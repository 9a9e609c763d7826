#include "hoop/backup.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/encoding.h"
#include "base/ids.h"
#include "gateway/data_folder.h"
#include "identity/secret_file.h"
#include "store/sqlite_backup.h"
#include "store/store.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_folder.h"

namespace hoop {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1'700'000'000);

class BackupTest : public ::testing::Test {
 protected:
  BackupTest() {
    std::filesystem::create_directory(data());
    std::filesystem::permissions(data(), std::filesystem::perms::owner_all);
    EXPECT_OK(CreateSecretFile(data() + "/audit.key", "audit key"));
    EXPECT_OK(CreateSecretFile(data() + "/token.key", "token key"));
    AddSession(data(), kNow);
  }

  std::string data() const { return folder_.file("data"); }
  std::string other() const { return folder_.file("other"); }
  std::string file() const { return folder_.file("backup"); }

  std::unique_ptr<Store> Open(const std::string& data_dir) {
    auto store =
        Store::Open({data_dir + "/hoop.db", ""}, *SecretBox::Create(std::string(SecretBox::kKeyBytes, 'k')), kNow);
    EXPECT_OK(store);
    return store.ok() ? *std::move(store) : nullptr;
  }
  void AddSession(const std::string& data_dir, absl::Time started_at) {
    const auto store = Open(data_dir);
    SessionHead head;
    head.session_id = NewUuid();
    head.org_id = store->default_organization().id;
    head.started_at = started_at;
    EXPECT_OK(store->sessions().Insert(head));
  }
  int64_t Sessions(const std::string& data_dir) {
    const auto store = Open(data_dir);
    return store->sessions().Count(store->default_organization().id, {}, 1000).value_or(-1);
  }
  static std::string Content(const std::string& path) {
    std::ifstream stream(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  absl::StatusOr<BackupReport> MakeBackup(bool force = false) {
    return BackUp({.data_dir = data(), .file = file(), .force = force, .now = kNow});
  }
  absl::StatusOr<BackupReport> RestoreTo(const std::string& data_dir, bool force = false) {
    return Restore({.data_dir = data_dir, .file = file(), .force = force, .now = kNow});
  }
  static absl::StatusCode Code(const absl::StatusOr<BackupReport>& report) { return report.status().code(); }

  testing::TempFolder folder_;
};

TEST_F(BackupTest, AnEmptyFolderBecomesTheSameGateway) {
  const auto made = MakeBackup();
  ASSERT_OK(made);
  EXPECT_EQ(made->sessions, 1);
  struct stat mode = {};
  ASSERT_EQ(::stat(file().c_str(), &mode), 0);
  EXPECT_EQ(mode.st_mode & 0777, 0600u);
  const auto restored = RestoreTo(other());
  ASSERT_OK(restored);
  EXPECT_EQ(restored->made_at, "2023-11-14T22:13:20+00:00");
  EXPECT_EQ(restored->kept_as, "");
  EXPECT_EQ(Sessions(other()), 1);
  EXPECT_EQ(Content(other() + "/audit.key"), "audit key");
  EXPECT_EQ(Content(other() + "/token.key"), "token key");
  EXPECT_TRUE(absl::IsDataLoss(ReadBackupNotes(other() + "/hoop.db").status()));  // a plain database again
}

TEST_F(BackupTest, ARestoreSaysWhetherTheKeyOfSecretsIsThere) {
  ASSERT_OK(MakeBackup());
  const auto note = [this](const std::string& secrets_key) {
    const auto report =
        Restore({.data_dir = other(), .file = file(), .force = true, .now = kNow, .secrets_key = secrets_key});
    EXPECT_OK(report.status());
    return report.ok() ? report->secrets_note : "";
  };
  const std::string right = Base64Encode(std::string(SecretBox::kKeyBytes, 'k'));
  const std::string wrong = Base64Encode(std::string(SecretBox::kKeyBytes, 'x'));
  EXPECT_TRUE(note("").starts_with("the key that opens the secrets of connections is not there: put back")) << note("");
  EXPECT_EQ(note(right), "HOOP_SECRETS_KEY opens the secrets of connections");
  EXPECT_TRUE(note(wrong).starts_with("HOOP_SECRETS_KEY is another key than the one of the secrets")) << note(wrong);
  EXPECT_TRUE(note("short").starts_with("HOOP_SECRETS_KEY: is neither base64")) << note("short");
  EXPECT_OK(CreateSecretFile(other() + "/secrets.key", right));
  EXPECT_EQ(note(""), other() + "/secrets.key opens the secrets of connections");
}

TEST_F(BackupTest, KeysDoNotStayInTheRestoredDatabase) {
  ASSERT_OK(MakeBackup());
  EXPECT_NE(Content(file()).find("audit key"), std::string::npos);
  ASSERT_OK(RestoreTo(other()));
  EXPECT_EQ(Content(other() + "/hoop.db").find("audit key"), std::string::npos);
}

TEST_F(BackupTest, IsMadeWhileAGatewayWrites) {
  const auto folder = DataFolder::Open(data());
  const auto store = Open(data());
  EXPECT_OK(store->database().Write(Durability::kNormal, [this](Transaction&) {
    EXPECT_OK(MakeBackup());
    return absl::OkStatus();
  }));
}

TEST_F(BackupTest, NeverReplacesAFileUnasked) {
  ASSERT_OK(MakeBackup());
  EXPECT_EQ(Code(MakeBackup()), absl::StatusCode::kAlreadyExists);
  EXPECT_OK(MakeBackup(true));
}

TEST_F(BackupTest, NeedsADatabase) {
  const absl::StatusOr<BackupReport> report = BackUp({.data_dir = other(), .file = file(), .now = kNow});
  EXPECT_EQ(Code(report), absl::StatusCode::kNotFound);
  EXPECT_FALSE(std::filesystem::exists(file()));
}

TEST_F(BackupTest, ARunningGatewayIsNotRestored) {
  ASSERT_OK(MakeBackup());
  const auto folder = DataFolder::Open(data());
  EXPECT_EQ(Code(RestoreTo(data(), true)), absl::StatusCode::kFailedPrecondition);
}

TEST_F(BackupTest, NewerSessionsAreNotReplacedUnasked) {
  ASSERT_OK(MakeBackup());
  EXPECT_OK(RestoreTo(data()));  // nothing newer
  AddSession(data(), kNow + absl::Hours(1));
  EXPECT_EQ(Code(RestoreTo(data())), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(Sessions(data()), 2);
}

TEST_F(BackupTest, WhatForceReplacesIsKept) {
  ASSERT_OK(MakeBackup());
  AddSession(data(), kNow + absl::Hours(1));
  const auto restored = RestoreTo(data(), true);
  ASSERT_OK(restored);
  EXPECT_EQ(Sessions(data()), 1);
  EXPECT_TRUE(std::filesystem::exists(data() + "/hoop.db" + restored->kept_as));
  EXPECT_EQ(Content(data() + "/audit.key" + restored->kept_as), "audit key");
}

TEST_F(BackupTest, AnotherGatewaysDatabaseIsNotReplacedUnasked) {
  ASSERT_OK(MakeBackup());
  std::filesystem::create_directories(other() + "/journal");
  AddSession(other(), kNow - absl::Hours(1));
  EXPECT_EQ(Code(RestoreTo(other())), absl::StatusCode::kFailedPrecondition);
  const auto restored = RestoreTo(other(), true);
  ASSERT_OK(restored);
  EXPECT_EQ(Sessions(other()), 1);
  EXPECT_TRUE(std::filesystem::exists(other() + "/journal" + restored->kept_as));  // it was another database's
}

TEST_F(BackupTest, ADamagedBackupIsRefused) {
  ASSERT_OK(MakeBackup());
  {
    std::fstream stream(file(), std::ios::in | std::ios::out | std::ios::binary);
    stream.seekp(8192);
    stream << std::string(8192, 'x');
  }
  EXPECT_EQ(Code(RestoreTo(other())), absl::StatusCode::kDataLoss);
  EXPECT_FALSE(std::filesystem::exists(other() + "/hoop.db"));
}

TEST_F(BackupTest, AnyDatabaseIsNoBackup) {
  std::filesystem::copy_file(data() + "/hoop.db", file());
  EXPECT_EQ(Code(RestoreTo(other())), absl::StatusCode::kDataLoss);
  std::ofstream(file()) << "text";
  EXPECT_EQ(Code(RestoreTo(other())), absl::StatusCode::kDataLoss);
}

TEST_F(BackupTest, ANewerProgramsBackupIsRefused) {
  {
    const auto store = Open(data());
    EXPECT_OK(store->database().Write(Durability::kFull, [](Transaction& transaction) {
      return transaction.Execute("insert into schema_migrations (version, name, applied_at) values (9999, 'x', 0)")
          .status();
    }));
  }
  ASSERT_OK(MakeBackup());
  EXPECT_EQ(Code(RestoreTo(other(), true)), absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace hoop
