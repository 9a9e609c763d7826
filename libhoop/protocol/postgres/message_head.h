// The beginnings of messages: all that the audit needs of a stream whose bodies may be of any size. Used by statements
// and transcript.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "protocol/postgres/framing.h"

namespace hoop::postgres {

struct MessageHead {
  FrameKind kind = FrameKind::kTyped;
  char type = 0;          // of a typed message; the answer itself for kEncryptionAnswer
  size_t body_bytes = 0;  // as it was on the wire
  std::string body;       // its beginning, without header; empty for types of which only the size matters
  bool cut = false;       // the body goes on
};

// Reads one direction. Owned by a StatementReader or Transcript; one thread. Keeps limits::kStatementTextBytesMax at
// most.
class MessageHeads final {
 public:
  // Which messages have a body: those that statements are made of, or all. Never a password.
  enum class Bodies { kStatements, kAll };

  explicit MessageHeads(Sender sender, Bodies bodies = Bodies::kStatements)
      : sender_(sender), bodies_(bodies), reader_(sender) {}

  // The next complete message, taken from the front of `input`; null: all of `input` is taken and more is needed.
  // Valid until the next call. Errors are those of FrameReader::Next.
  absl::StatusOr<const MessageHead*> Next(std::string_view& input);

  void ExpectEncryptionAnswer() { reader_.ExpectEncryptionAnswer(); }

 private:
  const Sender sender_;
  const Bodies bodies_;
  FrameReader reader_;
  MessageHead head_;
};

// Takes fields from the front of a head. Where the head is cut, what is not there any more reads as empty and zero.
class HeadFields final {
 public:
  explicit HeadFields(const MessageHead& head) : rest_(head.body), cut_(head.cut) {}

  // A text up to its NUL; the rest where the NUL is cut off. InvalidArgument: the whole message has none.
  absl::StatusOr<std::string_view> Text();
  absl::StatusOr<uint16_t> Uint16();
  absl::StatusOr<uint32_t> Uint32();
  absl::StatusOr<char> Byte();
  absl::StatusOr<std::string_view> Bytes(size_t size);  // `size` bytes, or none beyond the cut
  absl::Status Skip(size_t size);

  // A field was read beyond the cut.
  bool missed() const { return missed_; }

 private:
  std::string_view rest_;
  const bool cut_;
  bool missed_ = false;
};

}  // namespace hoop::postgres
