// Our server as a program, for peers of other languages: prints "ready HOST:PORT", answers until standard input ends.
#include <unistd.h>

#include <cstdio>

#include "tests/transport/echo_server.h"
#include "tests/transport/loopback_fixture.h"

int main() {
  hoop::testing::EchoServer echo;
  hoop::testing::LoopbackServer server(echo);
  echo.go_away = [&server] { server.GoAway(); };
  std::printf("ready %s\n", server.address().c_str());
  std::fflush(stdout);
  char byte;
  while (::read(STDIN_FILENO, &byte, 1) > 0) continue;
  server.on.Do([&echo] { echo.DropStreams(); });
}
