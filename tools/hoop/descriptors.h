// Standard input and output for a session: blocking reads and writes that the client library calls from threads of its
// own. Used by exec and replay.
#pragma once

#include <atomic>
#include <string>

#include "hoop/client.h"

namespace hoop::cli {

// A text that is known already.
class TextInput final : public ClientInput {
 public:
  explicit TextInput(std::string text) : text_(std::move(text)) {}
  absl::StatusOr<size_t> Read(char* buffer, size_t size) override;
  void Stop() override { stopped_ = true; }

 private:
  const std::string text_;
  size_t position_ = 0;
  std::atomic<bool> stopped_ = false;
};

class StandardOutput final : public ClientOutput {
 public:
  absl::Status Write(Channel channel, std::string_view bytes) override;
  // Somebody stopped reading: `hoop exec ... | head`.
  bool broken_pipe() const { return broken_pipe_; }

 private:
  std::atomic<bool> broken_pipe_ = false;
};

}  // namespace hoop::cli
