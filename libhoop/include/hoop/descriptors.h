// Input and terminal of a session on file descriptors: for programs whose user sits at them. The program decides which
// descriptors; nothing here looks at a terminal that it was not given.
#pragma once

#include <memory>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "hoop/client.h"

namespace hoop {

// Reads a descriptor to its end. The descriptor stays the caller's. Stop may come while a Read waits.
class DescriptorInput final : public ClientInput {
 public:
  explicit DescriptorInput(int descriptor);
  ~DescriptorInput() override;
  DescriptorInput(const DescriptorInput&) = delete;
  DescriptorInput& operator=(const DescriptorInput&) = delete;

  absl::StatusOr<size_t> Read(char* buffer, size_t size) override;
  void Stop() override;

 private:
  const int descriptor_;
  int stop_ = -1;  // an eventfd; readable once Stop was called
};

// A terminal behind two descriptors, which stay the caller's: keys come from one, the screen is the other. Owned by
// the program; any thread. Between Begin and End its modes are changed; End, the destructor and RestoreModes() put
// them back as they were. End also switches off what programs left on: the alternate screen, the mouse, colours.
class DescriptorTerminal final : public ClientTerminal {
 public:
  enum class Keys {
    kPassed,   // each key is a byte to be read, Ctrl-C, too: for a session
    kIgnored,  // no key is shown or left for the next program, Ctrl-C interrupts: for a replay
  };

  DescriptorTerminal(int input, int output, Keys keys);
  ~DescriptorTerminal() override;

  // FailedPrecondition: keys were to be passed and `input` is no terminal.
  absl::Status Begin() override;
  void End() override;
  TerminalSize Size() override;
  ClientInput& input() override;
  ClientOutput& output() override;

  // Around a stop of the whole program.
  void Pause();
  void Resume();

  // The modes alone, as they were: for a signal handler that ends the program, and for who cannot wait.
  void RestoreModes();

  // False: what is said next needs a line feed first.
  bool at_line_start() const;

 private:
  struct Parts;
  const std::unique_ptr<Parts> parts_;
};

}  // namespace hoop
