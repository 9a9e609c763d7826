#include "tools/service/service_manager.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>

#include "support/temp_folder.h"
#include "tools/service/log_settings.h"

namespace hoop {
namespace {

// What systemd would hear on its socket.
class ListeningManager final {
 public:
  explicit ListeningManager(std::string address) : socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0)) {
    sockaddr_un name = {.sun_family = AF_UNIX};
    if (address[0] == '@') address[0] = '\0';
    address.copy(name.sun_path, address.size());
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address.size());
    EXPECT_EQ(::bind(socket_, reinterpret_cast<const sockaddr*>(&name), size), 0);
  }
  ~ListeningManager() { ::close(socket_); }

  std::string Next() {
    char text[512];
    const ssize_t size = ::recv(socket_, text, sizeof text, 0);
    return size < 0 ? "" : std::string(text, static_cast<size_t>(size));
  }

 private:
  const int socket_;
};

TEST(ServiceManager, HearsReadyAndStopping) {
  const testing::TempFolder folder;
  const std::string path = folder.path() + "/notify";
  ListeningManager systemd(path);
  ServiceManager manager({{"NOTIFY_SOCKET", path}}, ::getpid());
  manager.Ready("serving http://gw");
  EXPECT_EQ(systemd.Next(), "READY=1\nSTATUS=serving http://gw");
  manager.Reloading();
  EXPECT_EQ(systemd.Next().rfind("RELOADING=1\nMONOTONIC_USEC=", 0), 0u);
  manager.Stopping(absl::Seconds(10));
  EXPECT_EQ(systemd.Next(), "STOPPING=1\nSTATUS=ending sessions\nEXTEND_TIMEOUT_USEC=15000000");
  EXPECT_FALSE(manager.alive_interval());
}

TEST(ServiceManager, AnAbstractSocketWorksToo) {
  const std::string name = "@hoop-test-" + std::to_string(::getpid());
  ListeningManager systemd(name);
  ServiceManager({{"NOTIFY_SOCKET", name}}, ::getpid()).Alive();
  EXPECT_EQ(systemd.Next(), "WATCHDOG=1");
}

TEST(ServiceManager, GivesSignsOfLifeTwiceAsOftenAsAskedFor) {
  const Environment environment = {{"NOTIFY_SOCKET", "/run/x"}, {"WATCHDOG_USEC", "30000000"}};
  EXPECT_EQ(ServiceManager(environment, 1).alive_interval(), absl::Seconds(15));
  Environment of_another = environment;
  of_another["WATCHDOG_PID"] = "7";
  EXPECT_FALSE(ServiceManager(of_another, 1).alive_interval());
  EXPECT_TRUE(ServiceManager(of_another, 7).alive_interval());
}

TEST(ServiceManager, NobodyListensIsNoError) {
  for (const std::string& address :
       {std::string(), std::string("relative"), std::string("/nowhere/notify"), std::string(200, '/')}) {
    ServiceManager manager({{"NOTIFY_SOCKET", address}}, ::getpid());
    manager.Ready("x");
    manager.Alive();
  }
}

TEST(LogSettings, TheJournalIsTheStreamThatItNames) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  struct stat file = {};
  ASSERT_EQ(::fstat(ends[1], &file), 0);
  const std::string name = std::to_string(file.st_dev) + ":" + std::to_string(file.st_ino);
  EXPECT_TRUE(IsJournal(name, ends[1]));
  EXPECT_FALSE(IsJournal(name + "1", ends[1]));
  EXPECT_FALSE(IsJournal("", ends[1]));
  ::close(ends[0]);
  ::close(ends[1]);
}

}  // namespace
}  // namespace hoop
