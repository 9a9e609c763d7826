#include "base/connection_types.h"

#include <gtest/gtest.h>

namespace hoop {
namespace {

TEST(WireType, MapsTypeAndSubtype) {
  EXPECT_EQ(WireType("database", "postgres"), "postgres");
  EXPECT_EQ(WireType("application", "tcp"), "tcp");
  EXPECT_EQ(WireType("application", "ruby"), "command-line");
  EXPECT_EQ(WireType("custom", ""), "command-line");
  EXPECT_EQ(WireType("postgres", ""), "postgres");
  EXPECT_EQ(DefaultCommand("postgres").front(), "psql");
  EXPECT_TRUE(DefaultCommand("tcp").empty());
}

}  // namespace
}  // namespace hoop
