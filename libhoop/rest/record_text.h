// A session's record as text for people: what downloads and the output of a running session are made of. Reads page by
// page, so that a record may be of any length.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "hoop/audit_store.h"
#include "protocol/record_stream.h"
#include "rest/event_stream.h"
#include "rest/http_message.h"
#include "store/session_table.h"

namespace hoop::rest {

// A value.
struct RecordTextForm {
  enum class Shape { kText, kJson, kCsv };  // csv: tabs become commas
  Shape shape = Shape::kText;
  std::string types = "oe";  // which events: i, o, e
  bool newline = false;      // behind each event
  bool with_time = false;    // in front of each event
};

// Made for one answer; outlived by `audit`.
class RecordText final : public BodySource {
 public:
  RecordText(AuditStore& audit, SessionRow session, RecordTextForm form);
  absl::StatusOr<std::string> Next() override;

 private:
  absl::Status ReadPage(std::string& out);
  void Add(const StreamEvent& event, std::string& out);
  void AddJson(const StreamEvent& event, std::string& out);

  AuditStore& audit_;
  const SessionRow session_;
  const RecordTextForm form_;
  const bool shows_output_;
  RecordReader reader_;
  std::string cursor_;
  bool begun_ = false;
  bool is_over_ = false;
  bool has_items_ = false;
};

}  // namespace hoop::rest
