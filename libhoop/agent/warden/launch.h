// What agent, warden and keeper say to each other about a command. Both sides are one build of this library, started
// by each other on one machine: the encoding is private, but what cannot be read is refused all the same.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "hoop/terminal_size.h"

namespace hoop {

// One command to start. A value; holds secrets: never logged.
struct Launch {
  struct SecretFile {
    std::string name;  // inside the secret folder, no '/'
    std::string content;
  };
  std::vector<std::string> arguments;    // the first is the program: looked up in PATH where it has no '/'
  std::vector<std::string> environment;  // NAME=value, all that the command gets
  std::vector<SecretFile> files;         // there before the command starts, gone when its last process is
  std::optional<TerminalSize> terminal;  // its own controlling terminal; else it has three pipes

  // The value of a variable, empty when absent.
  std::string_view Variable(std::string_view name) const;
};

std::string EncodeLaunch(const Launch& launch);
absl::StatusOr<Launch> DecodeLaunch(std::string_view bytes);

// What a keeper says of its command. The socket's end says that all its processes and files are gone.
struct KeeperReport {
  enum class Kind : uint8_t {
    kStarted = 1,   // carries three descriptors: Command::Events::OnStarted
    kNotFound = 2,  // no such program in PATH; text: its name
    kFailed = 3,    // could not be started; text: why
    kExited = 4,    // status: as waitpid gives it
  };
  Kind kind = Kind::kFailed;
  int32_t status = 0;
  std::string text;
};

std::string EncodeReport(const KeeperReport& report);
absl::StatusOr<KeeperReport> DecodeReport(std::string_view bytes);

// The first byte of a message to the warden itself.
inline constexpr char kWardenHello = 'H';   // rest: path of the secret folder; descriptor: that folder, locked
inline constexpr char kWardenLaunch = 'L';  // descriptors: the command's socket, a memory file with its Launch

}  // namespace hoop
