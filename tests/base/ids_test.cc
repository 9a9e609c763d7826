#include "base/ids.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "base/encoding.h"

namespace hoop {
namespace {

TEST(Ids, AreRandomUuidsOfVersionFour) {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    const std::string id = NewUuid();
    EXPECT_TRUE(IsUuid(id)) << id;
    EXPECT_EQ(id[14], '4');
    EXPECT_NE(std::string("89ab").find(id[19]), std::string::npos) << id;
    EXPECT_TRUE(seen.insert(id).second);
  }
}

TEST(Ids, RefuseOtherForms) {
  for (const char* text : {"", "00000000-0000-4000-8000-00000000000", "00000000-0000-4000-8000-0000000000000",
                           "00000000-0000-4000-8000-00000000000G", "00000000-0000-4000-8000-00000000000A",
                           "00000000000000000000000000000000000-", "../../../../../../../../../etc/passwd",
                           "00000000/0000-4000-8000-000000000000"}) {
    EXPECT_FALSE(IsUuid(text)) << text;
  }
}

TEST(Ids, TokensHoldAsManyBytesAsAskedFor) {
  EXPECT_EQ(Base64UrlDecode(RandomToken(32))->size(), 32u);
  EXPECT_NE(RandomToken(32), RandomToken(32));
}

}  // namespace
}  // namespace hoop
