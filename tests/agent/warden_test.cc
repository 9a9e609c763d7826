#include "agent/warden/warden_link.h"

#include <dirent.h>
#include <signal.h>
#include <spawn.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <fstream>
#include <sstream>

#include "agent/warden/process_tree.h"
#include "base/limits/agent.h"
#include "tests/agent/warden_fixture.h"
#include "tests/support/descriptor_limit.h"
#include "tests/support/status_matchers.h"

namespace hoop {

int RunDoomedAgent(const std::string& runtime_dir, const std::string& script) {
  EventLoop loop(Clock::System());
  auto folder = SecretFolder::Create(runtime_dir);
  WardenLink link(loop, {"/proc/self/exe", "warden"}, **folder, Log());
  CommandWatch watch;
  Launch launch = Shell(script);
  launch.files.push_back({link.NewFileName(), "secret"});
  auto command = link.Run(launch, watch);
  loop.Run();
  return 0;
}

namespace {

std::string Contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// A named pipe that a command holds open for writing: it ends for the reader when the last holder is gone.
class Leash {
 public:
  explicit Leash(const TempFolder& folder) : path_(folder.path() + "/leash") { ::mkfifo(path_.c_str(), 0600); }
  const std::string& path() const { return path_; }
  // What was written, once nobody holds it any more. Call Open() before its first writer could be gone.
  void Open() { reader_ = Descriptor(::open(path_.c_str(), O_RDONLY | O_CLOEXEC)); }
  std::string ReadLine() {
    std::string line;
    char c = 0;
    while (::read(reader_.get(), &c, 1) == 1 && c != '\n') line.push_back(c);
    return line;
  }
  void WaitUntilNobodyHolds() { ReadAll(reader_.get()); }

 private:
  const std::string path_;
  Descriptor reader_;
};

// Leaves its session, ignores TERM, holds the leash: what only a subreaper finds, and only KILL ends.
std::string Stubborn(const Leash& leash) {
  return "setsid sh -c 'trap \"\" TERM; exec 9>" + leash.path() +
         "; echo ready >&9; while :; do sleep 1000 & wait; done' &\n";
}

size_t OpenDescriptors() {
  size_t count = 0;
  DIR* folder = ::opendir("/proc/self/fd");
  while (::readdir(folder) != nullptr) ++count;
  ::closedir(folder);
  return count;
}

TEST(Warden, RunsACommandAndReportsItsExit) {
  WardenFixture agent;
  CommandWatch watch;
  auto command = agent.Run(Shell("echo out; echo err >&2; exit 3"), watch);
  ASSERT_OK(command);
  ASSERT_TRUE(watch.WaitForGone());
  EXPECT_EQ(ReadAll(watch.output.get()), "out\n");
  EXPECT_EQ(ReadAll(watch.error.get()), "err\n");
  ASSERT_TRUE(watch.exited);
  EXPECT_EQ(WEXITSTATUS(*watch.exited), 3);
  EXPECT_OK(*watch.gone);
  agent.Drop(*std::move(command));
}

TEST(Warden, SaysThatAProgramIsNotInPath) {
  WardenFixture agent;
  CommandWatch watch;
  auto command = agent.Run({.arguments = {"no-such-program"}, .environment = {"PATH=/usr/bin"}}, watch);
  EXPECT_FALSE(watch.WaitForStart());
  EXPECT_STATUS(*watch.not_started, absl::StatusCode::kNotFound, "no-such-program");
  agent.Drop(*std::move(command));
}

TEST(Warden, SaysWhyAProgramCannotStart) {
  WardenFixture agent;
  CommandWatch watch;
  auto command = agent.Run({.arguments = {"/no/such/program"}}, watch);
  EXPECT_FALSE(watch.WaitForStart());
  EXPECT_STATUS(*watch.not_started, absl::StatusCode::kUnavailable,
                "fork/exec /no/such/program: no such file or directory");
  agent.Drop(*std::move(command));
}

TEST(Warden, GivesACommandNothingButItsOwnEnvironment) {
  WardenFixture agent;
  CommandWatch watch;
  auto command = agent.Run({.arguments = {"/usr/bin/env"}, .environment = {"A=1", "B="}}, watch);
  ASSERT_TRUE(watch.WaitForGone());
  EXPECT_EQ(ReadAll(watch.output.get()), "A=1\nB=\n");
  agent.Drop(*std::move(command));
}

TEST(Warden, GivesACommandThreeDescriptorsOnly) {
  WardenFixture agent;
  CommandWatch watch;
  auto command = agent.Run(Shell("ls /proc/$$/fd"), watch);
  ASSERT_TRUE(watch.WaitForGone());
  EXPECT_EQ(ReadAll(watch.output.get()), "0\n1\n2\n");
  agent.Drop(*std::move(command));
}

TEST(Warden, KeepsSecretsOutOfOtherProcesses) {
  WardenFixture agent;
  CommandWatch watch;
  const Launch launch{.arguments = {"/bin/cat"}, .environment = {"PASS=s3cret-value"}};
  auto command = agent.Run(launch, watch);
  ASSERT_TRUE(watch.WaitForStart());
  int seen = 0;
  for (const pid_t process : Descendants(::getpid())) {
    const std::string folder = "/proc/" + std::to_string(process);
    EXPECT_EQ(Contents(folder + "/cmdline").find("s3cret"), std::string::npos);
    if (Contents(folder + "/environ").find("s3cret") != std::string::npos) ++seen;
  }
  EXPECT_EQ(seen, 1) << "the command alone";
  agent.Drop(*std::move(command));
}

TEST(Warden, SecretFilesLastAsLongAsTheCommand) {
  WardenFixture agent;
  CommandWatch watch;
  Launch launch = Shell("stat -c %a $FILE $(dirname $FILE); cat $FILE; read line");
  const std::string name = agent.link.NewFileName();
  launch.files.push_back({name, "top secret\n"});
  launch.environment.push_back("FILE=" + agent.link.PathOf(name));
  auto command = agent.Run(launch, watch);
  ASSERT_TRUE(watch.WaitForStart());
  EXPECT_EQ(ReadAll(watch.output.get(), 19), "600\n700\ntop secret\n");
  watch.input.Reset();
  ASSERT_TRUE(watch.WaitForGone());
  EXPECT_FALSE(std::filesystem::exists(agent.link.PathOf(name)));
  agent.Drop(*std::move(command));
}

TEST(Warden, EndsWhatLeftItsSessionWhenTheCommandExits) {
  WardenFixture agent;
  TempFolder folder;
  Leash leash(folder);
  CommandWatch watch;
  auto command = agent.Run(Shell(Stubborn(leash) + "read line; exit 0"), watch);
  ASSERT_TRUE(watch.WaitForStart());
  leash.Open();
  EXPECT_EQ(leash.ReadLine(), "ready");
  watch.input.Reset();
  leash.WaitUntilNobodyHolds();
  ASSERT_TRUE(watch.WaitForGone());
  EXPECT_OK(*watch.gone);
  agent.Drop(*std::move(command));
}

TEST(Warden, EndsEverythingWhenTheCommandIsDropped) {
  WardenFixture agent;
  TempFolder folder;
  Leash leash(folder);
  CommandWatch watch;
  auto command = agent.Run(Shell(Stubborn(leash) + "trap '' TERM; sleep 1000; sleep 1000"), watch);
  leash.Open();
  EXPECT_EQ(leash.ReadLine(), "ready");
  agent.Drop(*std::move(command));
  leash.WaitUntilNobodyHolds();
}

TEST(Warden, KilledAgentLeavesNeitherProcessNorFile) {
  TempFolder runtime, folder;
  Leash leash(folder);
  const std::string script = Stubborn(leash) + "sleep 1000";
  std::vector<std::string> texts = {"/proc/self/exe", "agent", runtime.path(), script};
  std::vector<char*> arguments;
  for (std::string& text : texts) arguments.push_back(text.data());
  arguments.push_back(nullptr);
  pid_t doomed = 0;
  ASSERT_EQ(::posix_spawn(&doomed, "/proc/self/exe", nullptr, nullptr, arguments.data(), environ), 0);
  leash.Open();
  EXPECT_EQ(leash.ReadLine(), "ready");
  EXPECT_EQ(runtime.List().size(), 2) << "the secret folder and a file";
  const Descriptor lock(::open(runtime.List()[0].c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));

  ::kill(doomed, SIGKILL);
  ::waitpid(doomed, nullptr, 0);
  leash.WaitUntilNobodyHolds();
  // The lock is free when the last of warden and keepers is gone; then the folder is, too.
  ::flock(lock.get(), LOCK_EX);
  EXPECT_TRUE(runtime.List().empty());
}

TEST(Warden, DeathEndsItsCommandsAndTheNextCommandGetsANewOne) {
  WardenFixture agent;
  TempFolder folder;
  Leash leash(folder);
  CommandWatch first, second;
  auto command = agent.Run(Shell(Stubborn(leash) + "sleep 1000"), first);
  leash.Open();
  EXPECT_EQ(leash.ReadLine(), "ready");
  const std::vector<pid_t> children = Children(::getpid());
  ASSERT_EQ(children.size(), 1);
  ::kill(children[0], SIGKILL);
  ASSERT_TRUE(first.WaitForGone());
  EXPECT_STATUS(*first.gone, absl::StatusCode::kUnavailable, "warden");
  leash.WaitUntilNobodyHolds();
  auto next = agent.Run(Shell("echo again"), second);
  ASSERT_TRUE(second.WaitForGone());
  EXPECT_EQ(ReadAll(second.output.get()), "again\n");
  agent.OnLoop([&] { command->reset(); });
  agent.Drop(*std::move(next));
}

TEST(Warden, KilledKeeperLeavesNothing) {
  WardenFixture agent;
  TempFolder folder;
  Leash leash(folder);
  CommandWatch watch;
  Launch launch = Shell(Stubborn(leash) + "sleep 1000");
  launch.files.push_back({agent.link.NewFileName(), "secret"});
  auto command = agent.Run(launch, watch);
  leash.Open();
  EXPECT_EQ(leash.ReadLine(), "ready");
  ::kill(Children(Children(::getpid())[0])[0], SIGKILL);
  ASSERT_TRUE(watch.WaitForGone());
  EXPECT_STATUS(*watch.gone, absl::StatusCode::kUnavailable, "keeper");
  leash.WaitUntilNobodyHolds();
  agent.Drop(*std::move(command));
  EXPECT_EQ(agent.runtime.List().size(), 1) << "the secret folder alone";
}

TEST(Warden, DescriptorsDoNotLeak) {
  WardenFixture agent;
  const auto run = [&agent] {
    CommandWatch watch;
    auto command = agent.Run(Shell("exit 0"), watch);
    EXPECT_TRUE(watch.WaitForGone());
    watch.input.Reset(), watch.output.Reset(), watch.error.Reset();
    agent.Drop(*std::move(command));
  };
  run();
  const size_t before = OpenDescriptors();
  for (int i = 0; i < 20; ++i) run();
  EXPECT_EQ(OpenDescriptors(), before);
}

TEST(Warden, RefusesALaunchThatIsTooLarge) {
  WardenFixture agent;
  CommandWatch watch;
  Launch launch = Shell("true");
  launch.files.push_back({"big.envfs", std::string(limits::kLaunchBytesMax, 'x')});
  EXPECT_STATUS(agent.Run(launch, watch), absl::StatusCode::kResourceExhausted, "more than");
}

// A warden that takes nothing: what its socket has room for goes, the rest waits.
TEST(Warden, RefusesMoreLaunchesThanMayWait) {
  const DescriptorLimit limit(4 * limits::kLaunchesWaitingMax);  // three for each that waits
  if (!limit.worked()) GTEST_SKIP() << "this machine allows fewer descriptors";
  WardenFixture agent({"/bin/sleep", "1000"});
  CommandWatch watch;
  std::vector<std::unique_ptr<Command>> waiting;
  absl::Status refused;
  while (refused.ok()) {
    auto command = agent.Run(Shell("true"), watch);
    refused = command.status();
    if (command.ok()) waiting.push_back(*std::move(command));
    ASSERT_LT(waiting.size(), 2 * limits::kLaunchesWaitingMax);
  }
  EXPECT_STATUS(refused, absl::StatusCode::kResourceExhausted, "the warden is busy, try again");
  EXPECT_GE(waiting.size(), limits::kLaunchesWaitingMax);
  ::kill(Children(::getpid()).at(0), SIGKILL);
  ASSERT_TRUE(watch.WaitForGone());
  agent.OnLoop([&waiting] { waiting.clear(); });
}

TEST(Warden, LeavesACommandAsManyDescriptorsAsSelectTakes) {
  const DescriptorLimit limit(2 * limits::kCommandDescriptorsMax);
  WardenFixture agent;
  CommandWatch watch;
  auto command = agent.Run(Shell("ulimit -Sn; ulimit -Hn"), watch);
  ASSERT_TRUE(watch.WaitForGone());
  std::istringstream limits_of_it(ReadAll(watch.output.get()));
  size_t soft = 0;
  std::string hard;
  limits_of_it >> soft >> hard;
  EXPECT_EQ(soft, limits::kCommandDescriptorsMax);
  EXPECT_NE(hard, std::to_string(soft)) << "it may ask for more";
  agent.Drop(*std::move(command));
}

TEST(Warden, SaysThatItCannotBeStarted) {
  WardenFixture agent({"/no/such/warden"});
  CommandWatch watch;
  EXPECT_STATUS(agent.Run(Shell("true"), watch), absl::StatusCode::kNotFound, "start the warden: /no/such/warden");
}

TEST(SecretFolder, SweepsFoldersOfDeadAgentsOnly) {
  TempFolder runtime;
  auto living = SecretFolder::Create(runtime.path());
  ASSERT_OK(living);
  const std::string dead = runtime.path() + "/hoop-agent-0b9ec9c4-5b2c-4a5e-9f2e-3a3c0b1c2d3e";
  const std::string foreign = runtime.path() + "/hoop-agent-notes";
  std::filesystem::create_directory(dead);
  std::filesystem::create_directory(foreign);
  std::ofstream(dead + "/x.envfs") << "secret";
  auto next = SecretFolder::Create(runtime.path());
  ASSERT_OK(next);
  EXPECT_FALSE(std::filesystem::exists(dead));
  EXPECT_TRUE(std::filesystem::exists(foreign));
  EXPECT_TRUE(std::filesystem::exists((*living)->path()));
  EXPECT_STATUS(SecretFolder::Create(runtime.path() + "/none"), absl::StatusCode::kNotFound, "make secret folder");
}

TEST(Launch, EncodesAndDecodes) {
  const Launch launch{{"a", ""}, {"B=c"}, {{"n", std::string("\0x", 2)}}, TerminalSize{.rows = 24, .columns = 80}};
  auto decoded = DecodeLaunch(EncodeLaunch(launch));
  ASSERT_OK(decoded);
  EXPECT_EQ(decoded->arguments, launch.arguments);
  EXPECT_EQ(decoded->environment, launch.environment);
  EXPECT_EQ(decoded->files[0].content, launch.files[0].content);
  EXPECT_EQ(decoded->terminal, launch.terminal);
  EXPECT_FALSE(DecodeLaunch(EncodeLaunch({.arguments = {"a"}}))->terminal.has_value());
}

TEST(Launch, RefusesWhatIsCutOffOrNamesAnotherFolder) {
  const std::string bytes = EncodeLaunch({.arguments = {"a"}, .environment = {"B=c"}});
  for (size_t size = 0; size < bytes.size(); ++size) EXPECT_FALSE(DecodeLaunch(bytes.substr(0, size)).ok()) << size;
  EXPECT_FALSE(DecodeLaunch(bytes + "x").ok());
  EXPECT_FALSE(DecodeLaunch(EncodeLaunch({})).ok());
  EXPECT_FALSE(DecodeLaunch(EncodeLaunch({.arguments = {"a"}, .files = {{"../x", ""}}})).ok());
  EXPECT_FALSE(DecodeReport("").ok());
  EXPECT_FALSE(DecodeReport(std::string(8, '\x7f')).ok());
}

}  // namespace
}  // namespace hoop
