#include "rest/record_text.h"

#include <algorithm>
#include <utility>

#include "base/limits/http.h"
#include "base/status_macros.h"
#include "rest/json.h"

namespace hoop::rest {

RecordText::RecordText(AuditStore& audit, SessionRow session, RecordTextForm form)
    : audit_(audit), session_(std::move(session)), form_(std::move(form)), shows_output_(ShowsOutput(session_.head)) {}

absl::StatusOr<std::string> RecordText::Next() {
  std::string out;
  const bool is_json = form_.shape == RecordTextForm::Shape::kJson;
  if (!std::exchange(begun_, true) && is_json) out += '[';
  while (out.empty() && !is_over_) HOOP_RETURN_IF_ERROR(ReadPage(out));
  return out;
}

absl::Status RecordText::ReadPage(std::string& out) {
  HOOP_ASSIGN_OR_RETURN(RecordPage page,
                        audit_.ReadPage(session_.head.session_id, cursor_, limits::kRestDownloadPageBytes));
  bool stopped = false;
  HOOP_RETURN_IF_ERROR(reader_.Add(
      page.bytes,
      [this, &out](const RecordEntry& entry) {
        if (const std::optional<char> type = EventType(entry.kind, shows_output_)) {
          Add({entry.at, *type, entry.payload}, out);
        }
        return true;
      },
      &stopped));
  cursor_ = std::move(page.next_cursor);
  if (!cursor_.empty()) return absl::OkStatus();
  is_over_ = true;
  if (const std::optional<StreamEvent> end = EndEvent(session_)) Add(*end, out);
  if (form_.shape == RecordTextForm::Shape::kJson) out += ']';
  return absl::OkStatus();
}

void RecordText::Add(const StreamEvent& event, std::string& out) {
  if (form_.types.find(event.type) == std::string::npos) return;
  if (form_.shape == RecordTextForm::Shape::kJson) return AddJson(event, out);
  if (form_.with_time) out += TimeText(event.at) + " ";
  const size_t begin = out.size();
  out += event.bytes;
  if (form_.shape == RecordTextForm::Shape::kCsv) std::replace(out.begin() + begin, out.end(), '\t', ',');
  if (form_.newline) out += '\n';
}

void RecordText::AddJson(const StreamEvent& event, std::string& out) {
  if (std::exchange(has_items_, true)) out += ',';
  out += JsonText({{"time", absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", event.at, absl::UTCTimeZone())},
                   {"type", std::string(1, event.type)},
                   {"stream", event.bytes}});
}

}  // namespace hoop::rest
