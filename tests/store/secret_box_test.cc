#include "store/secret_box.h"

#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"

namespace hoop {
namespace {

std::unique_ptr<SecretBox> BoxOf(char key) {
  auto box = SecretBox::Create(std::string(SecretBox::kKeyBytes, key));
  EXPECT_OK(box);
  return *std::move(box);
}

TEST(SecretBox, OpensWhatItSealed) {
  const auto box = BoxOf('k');
  for (const std::string& plain :
       {std::string("hunter2"), std::string(), std::string("a\0b", 3), std::string(5000, 'x')}) {
    const std::string sealed = box->Seal(plain, "here");
    EXPECT_TRUE(SecretBox::IsSealed(sealed));
    auto opened = box->Open(sealed, "here");
    ASSERT_OK(opened);
    EXPECT_EQ(*opened, plain);
  }
}

TEST(SecretBox, ShowsNothingAndNeverSealsAlike) {
  const auto box = BoxOf('k');
  const std::string first = box->Seal("hunter2", "here"), second = box->Seal("hunter2", "here");
  EXPECT_EQ(first.find("hunter2"), std::string::npos);
  EXPECT_NE(first, second);
}

TEST(SecretBox, OpensInItsContextOnly) {
  const auto box = BoxOf('k');
  EXPECT_STATUS(box->Open(box->Seal("hunter2", "here"), "there"), absl::StatusCode::kDataLoss, "elsewhere");
}

TEST(SecretBox, NamesTheKeyThatIsNeeded) {
  const auto box = BoxOf('k'), other = BoxOf('o');
  EXPECT_NE(box->key_id(), other->key_id());
  EXPECT_STATUS(other->Open(box->Seal("hunter2", "here"), "here"), absl::StatusCode::kFailedPrecondition,
                box->key_id());
}

TEST(SecretBox, FindsEveryChange) {
  const auto box = BoxOf('k');
  const std::string sealed = box->Seal("hunter2", "here");
  for (size_t i = 0; i < sealed.size(); ++i) {
    std::string changed = sealed;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(box->Open(changed, "here").ok()) << i;
    EXPECT_FALSE(box->Open(sealed.substr(0, i), "here").ok()) << i;
  }
}

TEST(SecretBox, RefusesOtherKeyLengths) {
  EXPECT_STATUS(SecretBox::Create("short"), absl::StatusCode::kInvalidArgument, "32");
}

}  // namespace
}  // namespace hoop
