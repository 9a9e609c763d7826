// The test program, which is also the warden of its own tests, and an agent that a test may kill.
#include <gtest/gtest.h>

#include <string_view>

#include "hoop/agent.h"
#include "tests/agent/warden_fixture.h"

int main(int count, char** arguments) {
  if (count == 2 && std::string_view(arguments[1]) == "warden") return hoop::RunWarden();
  if (count == 4 && std::string_view(arguments[1]) == "agent") return hoop::RunDoomedAgent(arguments[2], arguments[3]);
  ::testing::InitGoogleTest(&count, arguments);
  return RUN_ALL_TESTS();
}
