#include "rest/live_events.h"

#include <utility>

#include "base/encoding.h"
#include "base/limits/http.h"
#include "base/status_macros.h"
#include "rest/json.h"
#include "rest/session_access.h"

namespace hoop::rest {
namespace {

constexpr size_t kEventOverheadBytes = sizeof(StreamEvent);  // so that many empty events count too

std::string EventText(const StreamEvent& event) {
  return "event: event\ndata: " +
         JsonText({{"time", TimeText(event.at)},
                   {"type", std::string(1, event.type)},
                   {"payload", Base64Encode(event.bytes)}}) +
         "\n\n";
}

}  // namespace

LiveEvents::LiveEvents(const ApiParts& parts, const SessionHead& head)
    : parts_(parts), session_id_(head.session_id), shows_output_(ShowsOutput(head)) {}

void LiveEvents::OnRecorded(absl::Time at, RecordKind kind, std::string_view payload) {
  const std::optional<char> type = EventType(kind, shows_output_);
  if (!type) return;
  absl::MutexLock lock(&mu_);
  Add({at, *type, std::string(payload)});
}

void LiveEvents::OnOver(absl::Time at, const SessionEnd& end) {
  absl::MutexLock lock(&mu_);
  if (std::optional<StreamEvent> event = EndEvent(at, end)) Add(*std::move(event));
  Close(End::kSessionOver);
}

void LiveEvents::WasOver() {
  absl::MutexLock lock(&mu_);
  Close(End::kSessionOver);
}

void LiveEvents::Add(StreamEvent event) {
  if (end_ != End::kOpen) return;
  const size_t bytes = event.bytes.size() + kEventOverheadBytes;
  if (!waiting_.empty() && waiting_bytes_ + bytes > limits::kRestLiveBytesMax) return Close(End::kTooSlow);
  waiting_bytes_ += bytes;
  waiting_.push_back(std::move(event));
  Wake();
}

void LiveEvents::Close(End end) {
  if (end_ != End::kOpen) return;
  end_ = end;
  Wake();
}

void LiveEvents::Wake() {
  if (auto more = std::exchange(more_, nullptr); more != nullptr) more();
}

// One part of an answer; the packet loop waits for none of it.
std::vector<StreamEvent> LiveEvents::TakePart() {
  std::vector<StreamEvent> part;
  size_t bytes = 0;
  while (!waiting_.empty() && bytes < limits::kHttpWritePartBytes) {
    bytes += waiting_.front().bytes.size() + kEventOverheadBytes;
    part.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
  }
  waiting_bytes_ -= bytes;
  return part;
}

std::optional<std::string> LiveEvents::Take(absl::AnyInvocable<void()> more) {
  std::vector<StreamEvent> part;
  End end = End::kOpen;
  {
    absl::MutexLock lock(&mu_);
    part = TakePart();
    if (part.empty() && end_ == End::kOpen) more_ = std::move(more);
    if (part.empty() && end_ != End::kOpen) end = std::exchange(end_, End::kSaid);
  }
  std::string text;
  for (const StreamEvent& event : part) text += EventText(event);
  switch (end) {
    case End::kOpen:
      return text;
    case End::kSessionOver:
      return "event: session_end\ndata: {}\n\n";
    case End::kTooSlow:
      return ": the reader is too slow, the rest is in the record\n\n";
    case End::kSaid:
      return std::nullopt;
  }
  return std::nullopt;
}

// A session that runs on another gateway, or never began, is known to be over from its row only.
absl::Status LiveEvents::Recheck(const Identity& reader) {
  HOOP_ASSIGN_OR_RETURN(const SessionRow session, FindSession(parts_, session_id_, reader));
  if (session.status == SessionStatus::kDone) {
    OnOver(session.ended_at.value_or(parts_.clock.Now()), {session.end_reason, session.exit_code});
  }
  return absl::OkStatus();
}

absl::StatusOr<Response> StreamLive(const ApiParts& parts, const Request& request) {
  HOOP_ASSIGN_OR_RETURN(SessionRow session, FindSession(parts, request));
  auto events = std::make_shared<LiveEvents>(parts, session.head);
  // First look on, then ask whether it is over: nothing is missed in between.
  if (session.status != SessionStatus::kDone) {
    HOOP_RETURN_IF_ERROR(parts.sessions.Watch(session.head.session_id, events));
    HOOP_ASSIGN_OR_RETURN(session, FreshSession(parts, std::move(session)));
  }
  if (session.status == SessionStatus::kDone) events->WasOver();
  Response response{.content_type = kEventStreamType};
  response.headers = {{"Cache-Control", "no-cache"}, {"X-Accel-Buffering", "no"}};
  response.body = ": connected\n\n";
  response.feed = std::move(events);
  return response;
}

}  // namespace hoop::rest
