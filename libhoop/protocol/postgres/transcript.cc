#include "protocol/postgres/transcript.h"

#include <fmt/format.h>

#include <utility>

#include "base/status.h"
#include "base/status_macros.h"
#include "protocol/postgres/escaped_text.h"

namespace hoop::postgres {
namespace {

constexpr uint32_t kNull = 0xffffffff;  // the length of a value that is none
// Marks that no escaped text holds.
constexpr std::string_view kNullMark = "\\N";  // as COPY and its readers have it
constexpr std::string_view kCutMark = "\\...";
constexpr std::string_view kBetweenColumns = "|";

// Drivers ask for values in text or in binary. No text of PostgreSQL holds a zero byte: where one is, single letters
// among the bytes would mean nothing.
std::string ValueText(std::string_view value, std::string_view separators = {}) {
  return value.find('\0') != std::string_view::npos ? EscapedBytes(value) : EscapedText(value, separators);
}

absl::StatusOr<std::string> ReadValue(HeadFields& fields, std::string_view separators = {}) {
  HOOP_ASSIGN_OR_RETURN(const uint32_t size, fields.Uint32());
  if (size == kNull) return std::string(kNullMark);
  HOOP_ASSIGN_OR_RETURN(const std::string_view value, fields.Bytes(size));
  return fields.missed() ? std::string(kCutMark) : ValueText(value, separators);
}

// A row, or parameters: a count, then as many values.
absl::StatusOr<std::string> ReadValues(std::string_view title, HeadFields& fields) {
  HOOP_ASSIGN_OR_RETURN(const uint16_t count, fields.Uint16());
  std::string line(title);
  for (uint16_t i = 0; i < count && !fields.missed(); ++i) {
    HOOP_ASSIGN_OR_RETURN(const std::string value, ReadValue(fields, kBetweenColumns));
    line += fmt::format("{} {}", i == 0 ? "" : " |", value);
  }
  return line;
}

// A text as the last of its line.
std::string LastText(std::string_view text, const HeadFields& fields) {
  return fmt::format("{}{}", EscapedText(text), fields.missed() ? kCutMark : "");
}

}  // namespace

Transcript::Lines Transcript::Read(MessageHeads& heads, std::string_view bytes, Show show) {
  std::string_view rest = bytes;  // from the message on that is not understood
  while (!is_lost_) {
    rest = bytes;
    const absl::StatusOr<const MessageHead*> head = heads.Next(bytes);
    if (head.ok() && *head == nullptr) return std::exchange(lines_, {});
    const absl::Status shown = head.ok() ? (this->*show)(**head) : head.status();
    is_lost_ = !shown.ok();
    if (is_lost_) Say("not understood from here on: " + EscapedText(StatusText(shown)));
  }
  if (!rest.empty()) Say(EscapedText(rest));
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
      Say("query: " + LastText(sql, fields));
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
      Say(fmt::format("call: function {}", function));
      break;
    }
    case 'd':
      Copy(head);
      break;
    case 'f': {
      HOOP_ASSIGN_OR_RETURN(const std::string_view why, fields.Text());
      Say("copy fails: " + LastText(why, fields));
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
    line += fmt::format(" {}={}", EscapedText(name, "= "), EscapedText(value, " "));
  }
  if (fields.missed()) line += kCutMark;
  Say(std::move(line));
  return absl::OkStatus();
}

absl::Status Transcript::Parse(HeadFields& fields) {
  ShowPrepared();
  HOOP_ASSIGN_OR_RETURN(const std::string_view name, fields.Text());
  HOOP_ASSIGN_OR_RETURN(const std::string_view sql, fields.Text());
  unbound_ = LastText(sql, fields);
  prepared_.Set(std::string(name), *unbound_, unbound_->size());
  return absl::OkStatus();
}

absl::Status Transcript::Bind(HeadFields& fields) {
  HOOP_ASSIGN_OR_RETURN(const std::string_view portal, fields.Text());
  HOOP_ASSIGN_OR_RETURN(const std::string_view name, fields.Text());
  HOOP_ASSIGN_OR_RETURN(const uint16_t formats, fields.Uint16());
  HOOP_RETURN_IF_ERROR(fields.Skip(size_t{formats} * 2));
  constexpr std::string_view kTitle = "parameters:";
  HOOP_ASSIGN_OR_RETURN(std::string parameters, ReadValues(kTitle, fields));
  const std::string* sql = prepared_.Find(std::string(name));
  Lines lines{sql != nullptr ? "query: " + *sql : fmt::format("execute: statement \"{}\"", EscapedText(name, "\""))};
  if (parameters != kTitle) lines.push_back(std::move(parameters));
  size_t bytes = 0;
  for (const std::string& line : lines) bytes += line.size();
  portals_.Set(std::string(portal), std::move(lines), bytes);
  return absl::OkStatus();
}

absl::Status Transcript::Execute(HeadFields& fields) {
  HOOP_ASSIGN_OR_RETURN(const std::string_view portal, fields.Text());
  if (const Lines* lines = portals_.Find(std::string(portal)); lines != nullptr) {
    lines_.insert(lines_.end(), lines->begin(), lines->end());
  } else {
    Say(fmt::format("execute: portal \"{}\"", EscapedText(portal, "\"")));
  }
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
      Say("done: " + LastText(tag, fields));
      break;
    }
    case 'V': {
      HOOP_ASSIGN_OR_RETURN(const std::string value, ReadValue(fields));
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
    line += fmt::format("{} {}", i == 0 ? "" : " |", EscapedText(name, kBetweenColumns));
  }
  if (fields.missed()) line += kCutMark;
  Say(std::move(line));
  return absl::OkStatus();
}

absl::Status Transcript::Row(HeadFields& fields) {
  HOOP_ASSIGN_OR_RETURN(std::string line, ReadValues("row:", fields));
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
    if (kind == 'C') code = EscapedText(text);
    if (kind == 'M') message = LastText(text, fields);
    if (kind == 'D') detail = fmt::format(" ({})", LastText(text, fields));
  }
  Say(fmt::format("{}: {} {}{}", what, code, message, detail));
  return absl::OkStatus();
}

absl::Status Transcript::Notification(HeadFields& fields) {
  HOOP_RETURN_IF_ERROR(fields.Skip(sizeof(uint32_t)));  // who notifies
  HOOP_ASSIGN_OR_RETURN(const std::string_view channel, fields.Text());
  HOOP_ASSIGN_OR_RETURN(const std::string_view payload, fields.Text());
  Say(fmt::format("notification: {} {}", EscapedText(channel, " "), LastText(payload, fields)));
  return absl::OkStatus();
}

// Of both sides. A line feed at its end ends a line of the table, and is no content.
void Transcript::Copy(const MessageHead& head) {
  std::string_view content = head.body;
  if (content.ends_with('\n')) content.remove_suffix(1);
  Say(fmt::format("copy: {}{}", ValueText(content), head.cut ? kCutMark : ""));
}

}  // namespace hoop::postgres
