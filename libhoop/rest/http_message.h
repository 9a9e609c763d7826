// What an HTTP exchange says, without HTTP: the request as a route sees it, the answer as a route gives it, and the
// one translation of absl::Status into an answer. Used all over rest/.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "hoop/idp_verifier.h"

namespace hoop::rest {

// A request that passed the rule of its route. A value.
struct Request {
  std::map<std::string, std::string> path_parameters;  // decoded; never with a slash, a dot segment or a control byte
  std::map<std::string, std::string> query;            // decoded; of equal keys the first
  std::string body;
  std::optional<Identity> identity;  // absent on anonymous routes only
  std::string bearer;                // the token behind it
  std::string peer;                  // the address it came from

  // Routes ask for what their pattern names.
  const std::string& Parameter(const std::string& name) const { return path_parameters.at(name); }
  // Empty when absent: no query of ours tells the two apart.
  std::string Query(const std::string& name) const;
};

// A body that is made while it is sent: no answer has to fit the memory. Worker threads, one call at a time.
class BodySource {
 public:
  virtual ~BodySource() = default;
  // The next part; empty: that was all. After an error the connection breaks: the peer sees that something is missing.
  virtual absl::StatusOr<std::string> Next() = 0;
};

// A body of server-sent events that go on while something elsewhere does. It is gone when nobody reads it any more.
class EventFeed {
 public:
  virtual ~EventFeed() = default;
  // What happened since the last call, as text/event-stream. Empty: nothing, and `more` is called once, from any
  // thread, when that changes. nullopt: there is no more. Loop thread of Edge; never blocks.
  virtual std::optional<std::string> Take(absl::AnyInvocable<void()> more) = 0;
  // Whether who reads, as it is known now, may go on. Asked every limits::kHttpFeedPulseTime, on a worker thread.
  virtual absl::Status Recheck(const Identity& reader) = 0;
};

// An answer. A value.
struct Response {
  int status = 200;
  std::string content_type;  // empty: no such header
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::shared_ptr<BodySource> source;  // set: what it makes is the body; only for callers who have proved something
  std::shared_ptr<EventFeed> feed;     // set: `body`, then its events
  bool bare = false;                   // without the headers that every answer has: upstream's redirects
};

// Which of our headers a script in a browser may read; a route may say so itself.
inline constexpr char kExposeHeaders[] = "Access-Control-Expose-Headers";
inline constexpr char kEventStreamType[] = "text/event-stream";
inline constexpr char kJsonType[] = "application/json; charset=utf-8";

Response NoContent();                                      // 204
Response Refusal(int status, std::string_view message);    // {"message": ...}
Response PlainNotFound();                                  // what an unknown path gets
Response Redirect(int status, std::string_view location);  // 301 or 307

// A status that becomes an answer with exactly this HTTP status.
absl::Status HttpError(int http_status, const std::string& message);

// A whole answer with 400 for who is refused before it has said its request. `message` is plain text for a person.
std::string LastWords(std::string_view message);

// NotFound 404, AlreadyExists 409, Unauthenticated 401, PermissionDenied 403, InvalidArgument 422, FailedPrecondition
// 409, ResourceExhausted and Unavailable 503, DeadlineExceeded 504, else 500 without the words of the error.
int HttpStatus(const absl::Status& status);
Response RefusalOf(const absl::Status& status);

}  // namespace hoop::rest
