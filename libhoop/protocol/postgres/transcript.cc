#include "protocol/postgres/transcript.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/status.h"
#include "base/status_macros.h"

namespace hoop::postgres {
namespace {

constexpr uint32_t kNull = 0xffffffff;  // the length of a value that is none

// Drivers ask for values in text or in binary; what cannot be text is shown as the server would write bytes.
bool IsText(std::string_view value) {
  return std::none_of(value.begin(), value.end(),
                      [](unsigned char c) { return (c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7f; });
}

std::string ValueText(std::string_view value) {
  if (IsText(value)) return std::string(value);
  std::string text = "\\x";
  for (const unsigned char c : value) text += fmt::format("{:02x}", c);
  return text;
}

// The next value of a row or of parameters; `quote` stands around one that is there.
absl::StatusOr<std::string> ReadValue(HeadFields& fields, std::string_view quote) {
  HOOP_ASSIGN_OR_RETURN(const uint32_t size, fields.Uint32());
  if (size == kNull) return "NULL";
  HOOP_ASSIGN_OR_RETURN(const std::string_view value, fields.Bytes(size));
  if (fields.missed()) return "...";
  return fmt::format("{}{}{}", quote, ValueText(value), quote);
}

std::string WithDots(std::string_view text, const HeadFields& fields) {
  return fmt::format("{}{}", text, fields.missed() ? " ..." : "");
}

}  // namespace

std::vector<std::string> Transcript::Read(MessageHeads& heads, std::string_view bytes, Show show) {
  std::string_view rest = bytes;  // from the message on that is not understood
  while (!is_lost_) {
    rest = bytes;
    const absl::StatusOr<const MessageHead*> head = heads.Next(bytes);
    if (head.ok() && *head == nullptr) return std::exchange(lines_, {});
    const absl::Status shown = head.ok() ? (this->*show)(**head) : head.status();
    is_lost_ = !shown.ok();
    if (is_lost_) Say(fmt::format("not understood from here on: {}", StatusText(shown)));
  }
  Say(std::string(rest));
  return std::exchange(lines_, {});
}

// ---- What the client says -------------------------------------------------------------------------------------------

absl::Status Transcript::Request(const MessageHead& head) {
  HeadFields fields(head);
  switch (head.kind) {
    case FrameKind::kStartup:
      return Login(fields);
    case FrameKind::kSslRequest:
    case FrameKind::kGssEncRequest:
      replies_.ExpectEncryptionAnswer();
      return absl::OkStatus();
    case FrameKind::kCancelRequest:
      Say("cancel");
      return absl::OkStatus();
    default:
      return TypedRequest(head);
  }
}

absl::Status Transcript::TypedRequest(const MessageHead& head) {
  HeadFields fields(head);
  switch (head.type) {
    case 'Q': {
      HOOP_ASSIGN_OR_RETURN(const std::string_view sql, fields.Text());
      Say("query: " + WithDots(sql, fields));
      break;
    }
    case 'P':
      return Parse(fields);
    case 'B':
      return Bind(fields);
    case 'E':
      return Execute(fields);
    case 'S':
    case 'H':
      ShowPrepared();
      break;
    case 'F': {
      HOOP_ASSIGN_OR_RETURN(const uint32_t function, fields.Uint32());
      Say(fmt::format("query: function call {}", function));
      break;
    }
    case 'd':
      Copy(head);
      break;
    case 'f': {
      HOOP_ASSIGN_OR_RETURN(const std::string_view why, fields.Text());
      Say(fmt::format("copy fails: {}", why));
      break;
    }
    case 'X':
      Say("terminate");
      break;
    default:
      break;  // passwords; what is about names alone
  }
  return absl::OkStatus();
}

absl::Status Transcript::Login(HeadFields& fields) {
  std::string line = "login:";
  while (!fields.missed()) {
    HOOP_ASSIGN_OR_RETURN(const std::string_view name, fields.Text());
    if (name.empty()) break;
    HOOP_ASSIGN_OR_RETURN(const std::string_view value, fields.Text());
    line += fmt::format(" {}={}", name, value);
  }
  Say(std::move(line));
  return absl::OkStatus();
}

absl::Status Transcript::Parse(HeadFields& fields) {
  ShowPrepared();
  HOOP_ASSIGN_OR_RETURN(const std::string_view name, fields.Text());
  HOOP_ASSIGN_OR_RETURN(const std::string_view sql, fields.Text());
  unbound_ = WithDots(sql, fields);
  prepared_.Set(std::string(name), *unbound_, unbound_->size());
  return absl::OkStatus();
}

absl::Status Transcript::Bind(HeadFields& fields) {
  HOOP_ASSIGN_OR_RETURN(const std::string_view portal, fields.Text());
  HOOP_ASSIGN_OR_RETURN(const std::string_view name, fields.Text());
  HOOP_ASSIGN_OR_RETURN(const uint16_t formats, fields.Uint16());
  HOOP_RETURN_IF_ERROR(fields.Skip(size_t{formats} * 2));
  HOOP_ASSIGN_OR_RETURN(const uint16_t count, fields.Uint16());
  const std::string* sql = prepared_.Find(std::string(name));
  std::string text = sql != nullptr ? *sql : fmt::format("what was prepared as \"{}\"", name);
  for (uint16_t i = 0; i < count && !fields.missed(); ++i) {
    HOOP_ASSIGN_OR_RETURN(const std::string value, ReadValue(fields, "'"));
    text += fmt::format("{}${} = {}", i == 0 ? "  (" : ", ", i + 1, value);
  }
  if (count > 0) text += ")";
  const size_t bytes = text.size();
  portals_.Set(std::string(portal), std::move(text), bytes);
  return absl::OkStatus();
}

absl::Status Transcript::Execute(HeadFields& fields) {
  HOOP_ASSIGN_OR_RETURN(const std::string_view portal, fields.Text());
  const std::string* text = portals_.Find(std::string(portal));
  Say("query: " + (text != nullptr ? *text : fmt::format("portal \"{}\"", portal)));
  unbound_.reset();
  return absl::OkStatus();
}

// What nothing has executed yet: prepared for later, or the server may refuse it.
void Transcript::ShowPrepared() {
  if (unbound_) Say("prepare: " + *std::exchange(unbound_, std::nullopt));
}

// ---- What the server says -------------------------------------------------------------------------------------------

absl::Status Transcript::Reply(const MessageHead& head) {
  HeadFields fields(head);
  if (head.kind == FrameKind::kEncryptionAnswer) {
    return head.type == 'S' ? FailedPrecondition("the connection goes on encrypted") : absl::OkStatus();
  }
  switch (head.type) {
    case 'T':
      return Columns(fields);
    case 'D':
      return Row(fields);
    case 'C': {
      HOOP_ASSIGN_OR_RETURN(const std::string_view tag, fields.Text());
      Say(fmt::format("done: {}", tag));
      break;
    }
    case 'V': {
      HOOP_ASSIGN_OR_RETURN(const std::string value, ReadValue(fields, ""));
      Say("result: " + value);
      break;
    }
    case 'E':
      return Report("error", fields);
    case 'N':
      return Report("notice", fields);
    case 'I':
      Say("done: nothing was asked");
      break;
    case 's':
      Say("suspended: there are more rows");
      break;
    case 'd':
      Copy(head);
      break;
    case 'A':
      return Notification(fields);
    default:
      break;  // the login, settings, that it is ready
  }
  return absl::OkStatus();
}

absl::Status Transcript::Columns(HeadFields& fields) {
  constexpr size_t kBehindName = 18;  // table, column, type, size, modifier, format
  HOOP_ASSIGN_OR_RETURN(const uint16_t count, fields.Uint16());
  std::string line = "columns:";
  for (uint16_t i = 0; i < count && !fields.missed(); ++i) {
    HOOP_ASSIGN_OR_RETURN(const std::string_view name, fields.Text());
    HOOP_RETURN_IF_ERROR(fields.Skip(kBehindName));
    line += fmt::format("{} {}", i == 0 ? "" : " |", name);
  }
  Say(WithDots(line, fields));
  return absl::OkStatus();
}

absl::Status Transcript::Row(HeadFields& fields) {
  HOOP_ASSIGN_OR_RETURN(const uint16_t count, fields.Uint16());
  std::string line = "row:";
  for (uint16_t i = 0; i < count && !fields.missed(); ++i) {
    HOOP_ASSIGN_OR_RETURN(const std::string value, ReadValue(fields, ""));
    line += fmt::format("{} {}", i == 0 ? "" : " |", value);
  }
  Say(std::move(line));
  return absl::OkStatus();
}

// "error: 42P01 relation "x" does not exist"
absl::Status Transcript::Report(std::string_view what, HeadFields& fields) {
  std::string code, message, detail;
  while (!fields.missed()) {
    HOOP_ASSIGN_OR_RETURN(const char kind, fields.Byte());
    if (kind == '\0') break;
    HOOP_ASSIGN_OR_RETURN(const std::string_view text, fields.Text());
    if (kind == 'C') code = text;
    if (kind == 'M') message = text;
    if (kind == 'D') detail = fmt::format(" ({})", text);
  }
  Say(fmt::format("{}: {} {}{}", what, code, message, detail));
  return absl::OkStatus();
}

absl::Status Transcript::Notification(HeadFields& fields) {
  HOOP_RETURN_IF_ERROR(fields.Skip(sizeof(uint32_t)));  // who notifies
  HOOP_ASSIGN_OR_RETURN(const std::string_view channel, fields.Text());
  HOOP_ASSIGN_OR_RETURN(const std::string_view payload, fields.Text());
  Say(fmt::format("notification: {} {}", channel, payload));
  return absl::OkStatus();
}

// Of both sides. A line feed at its end ends a line of the table, and is no content.
void Transcript::Copy(const MessageHead& head) {
  std::string_view content = head.body;
  if (content.ends_with('\n')) content.remove_suffix(1);
  Say(fmt::format("copy: {}{}", ValueText(content), head.cut ? " ..." : ""));
}

}  // namespace hoop::postgres
