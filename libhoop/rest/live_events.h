// A running session as server-sent events: what it records from now on, until it is over or its reader is too slow.
// Made by session_routes.cc for one answer; hears the packet loop, is emptied by Edge.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "rest/api.h"
#include "rest/event_stream.h"
#include "rest/http_message.h"
#include "session/record_watcher.h"

namespace hoop::rest {

// Owned by the answer; lives for it. Any thread. Holds limits::kRestLiveBytesMax of what was not read, or one larger
// record; above it nothing more is taken in and the stream ends behind what is there.
class LiveEvents final : public RecordWatcher, public EventFeed {
 public:
  // `parts` outlives it.
  LiveEvents(const ApiParts& parts, const SessionHead& head);

  void OnRecorded(absl::Time at, RecordKind kind, std::string_view payload) override;
  void OnOver(absl::Time at, const SessionEnd& end) override;
  // The session was over before anybody looked on: nothing but that is said.
  void WasOver();

  std::optional<std::string> Take(absl::AnyInvocable<void()> more) override;
  absl::Status Recheck(const Identity& reader) override;

 private:
  // What comes behind the events.
  enum class End { kOpen, kSessionOver, kTooSlow, kSaid };

  void Add(StreamEvent event) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Close(End end) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  std::vector<StreamEvent> TakePart() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Wake() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const ApiParts& parts_;
  const std::string session_id_;
  const bool shows_output_;

  absl::Mutex mu_;
  std::deque<StreamEvent> waiting_ ABSL_GUARDED_BY(mu_);
  size_t waiting_bytes_ ABSL_GUARDED_BY(mu_) = 0;
  End end_ ABSL_GUARDED_BY(mu_) = End::kOpen;
  absl::AnyInvocable<void()> more_ ABSL_GUARDED_BY(mu_);
};

// The answer to who may see the session of the path.
absl::StatusOr<Response> StreamLive(const ApiParts& parts, const Request& request);

}  // namespace hoop::rest
