#include "audit/audit_key.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "audit/posix_file_system.h"
#include "protocol/record_seal.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_folder.h"

namespace hoop {
namespace {

class AuditKeyTest : public ::testing::Test {
 protected:
  void Put(const std::string& text) {
    std::ofstream(path_) << text;
    ASSERT_EQ(::chmod(path_.c_str(), 0600), 0);
  }
  testing::TempFolder folder_;
  const std::string path_ = folder_.file("audit.key");
  PosixFileSystem files_;
};

TEST_F(AuditKeyTest, IsMadeOnceAndKept) {
  const auto made = AuditKey::LoadOrMake(path_, files_);
  ASSERT_OK(made);
  const auto loaded = AuditKey::LoadOrMake(path_, files_);
  ASSERT_OK(loaded);
  EXPECT_EQ((*made)->public_key(), (*loaded)->public_key());
  EXPECT_EQ((*made)->id(), AuditKeyId((*loaded)->public_key()));
  struct stat status = {};
  ASSERT_EQ(::stat(path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_.path()), {}), 1);  // nothing unfinished
}

TEST_F(AuditKeyTest, SignsSeals) {
  const auto key = AuditKey::LoadOrMake(path_, files_);
  ASSERT_OK(key);
  const SignedSeal seal = {"{}", (*key)->Sign(SealSignedBytes("{}"))};
  EXPECT_TRUE(VerifySeal((*key)->public_key(), seal));
  EXPECT_FALSE(VerifySeal((*key)->public_key(), {"{ }", seal.signature}));
}

TEST_F(AuditKeyTest, RefusesAFileThatOthersMayRead) {
  ASSERT_OK(AuditKey::LoadOrMake(path_, files_));
  ASSERT_EQ(::chmod(path_.c_str(), 0640), 0);
  EXPECT_STATUS(AuditKey::LoadOrMake(path_, files_), absl::StatusCode::kFailedPrecondition, "640");
}

TEST_F(AuditKeyTest, RefusesAFileThatIsNoKey) {
  for (const char* text : {"", "abc", "zz", "00112233445566778899aabbccddeeff"}) {
    Put(text);
    EXPECT_STATUS(AuditKey::LoadOrMake(path_, files_), absl::StatusCode::kInvalidArgument, path_);
  }
}

}  // namespace
}  // namespace hoop
