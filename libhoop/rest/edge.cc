#include "rest/edge.h"

#include <algorithm>
#include <utility>

#include "base/niceness.h"
#include "base/status.h"
#include "identity/bearer.h"

namespace hoop::rest {
namespace {

// What upstream sends with every answer (its web apps run under these).
std::string CommonHeaders(const std::string& version) {
  return "Server: hoop/" + version +
         "\r\n"
         "Access-Control-Allow-Credentials: true\r\n"
         "Access-Control-Allow-Headers: Content-Type, Authorization, accept, origin, user-client\r\n"
         "Access-Control-Allow-Methods: POST, OPTIONS, GET, PUT, DELETE, PATCH\r\n"
         "Access-Control-Allow-Origin: *\r\n"
         "Strict-Transport-Security: max-age=31536000; includeSubDomains; preload\r\n"
         "Content-Security-Policy: default-src self; script-src * 'unsafe-inline' 'unsafe-eval'; "
         "script-src-elem * 'unsafe-inline'; style-src * 'unsafe-inline'; font-src *; connect-src *; "
         "img-src * data: blob:; frame-src *; object-src *; worker-src *;\r\n"
         "X-Frame-Options: DENY\r\n"
         "X-Content-Type-Options: nosniff\r\n"
         "Referrer-Policy: strict-origin\r\n"
         "Permissions-Policy: geolocation=(),midi=(),sync-xhr=(),microphone=(),camera=(),magnetometer=(),"
         "gyroscope=(),fullscreen=(self),payment=()\r\n"
         "X-XSS-Protection: 1; mode=block\r\n";
}

constexpr char kShutdownComment[] = "gateway shutdown";

// What is said instead of the events that would come: why no more do. Behind what `before` has by now, if it is given.
class LastComment final : public EventFeed {
 public:
  explicit LastComment(const std::string& why, std::shared_ptr<EventFeed> before = nullptr)
      : before_(std::move(before)), text_(": " + why + "\n\n") {}
  std::optional<std::string> Take(absl::AnyInvocable<void()>) override {
    if (before_ != nullptr) {
      std::optional<std::string> part = before_->Take([] {});
      if (!part.has_value()) text_.clear();  // it has said itself why it ends
      if (part.has_value() && !part->empty()) return part;
      before_.reset();
    }
    if (text_.empty()) return std::nullopt;
    return std::exchange(text_, "");
  }
  absl::Status Recheck(const Identity&) override { return absl::OkStatus(); }

 private:
  std::shared_ptr<EventFeed> before_;
  std::string text_;
};

}  // namespace

Edge::Edge(Loop& loop, const Api& api, Log log, Options options)
    : loop_(loop),
      api_(api),
      log_(log),
      common_headers_(CommonHeaders(options.version)),
      log_requests_(options.log_requests),
      unsent_bytes_max_(options.unsent_bytes_max),
      short_pool_(loop, "hoop-rest", options.threads, options.queue_max, kBackgroundNiceness),
      record_pool_(loop, "hoop-record", options.record_threads, options.queue_max, kBackgroundNiceness),
      hash_pool_(loop, "hoop-hash", 1, options.hash_queue_max, kBackgroundNiceness),
      issuer_pool_(loop, "hoop-judge", options.issuer_threads, options.queue_max, kBackgroundNiceness) {}

Edge::~Edge() = default;

void Edge::Accept(std::unique_ptr<ByteStream> stream) {
  if (draining_) return;
  const uint64_t id = ++last_id_;
  auto connection = std::make_unique<HttpConnection>(loop_, *this, id, std::move(stream), common_headers_);
  HttpConnection& started = *connection;
  exchanges_[id].connection = std::move(connection);
  started.Start();
}

void Edge::Drain(absl::AnyInvocable<void()> done) {
  draining_ = true;
  drained_ = std::move(done);
  for (auto next = exchanges_.begin(); next != exchanges_.end();) {
    HttpConnection& connection = *next->second.connection;
    ++next;  // an idle one leaves the map inside of Drain
    connection.Drain();
  }
  TellDrained();
}

void Edge::TellDrained() {
  if (exchanges_.empty() && drained_) std::exchange(drained_, nullptr)();
}

void Edge::EndStreams() {
  streams_end_ = true;
  std::vector<uint64_t> streams;
  for (const auto& [id, exchange] : exchanges_) {
    if (exchange.stream) streams.push_back(id);
  }
  for (const uint64_t id : streams) {
    EndStream(id, std::make_shared<LastComment>(kShutdownComment, exchanges_.at(id).stream->feed));
  }
}

void Edge::OnHead(uint64_t id, RequestHead head) {
  Exchange& exchange = exchanges_.at(id);
  exchange.identity.reset();
  if (log_requests_) exchange.log_text = head.method + " " + head.path;
  exchange.match = RouteMatch();
  if (head.method == "OPTIONS") return Answer(id, NoContent());
  absl::StatusOr<RouteMatch> match = api_.Match(head.method, head.path);
  if (!match.ok()) return Answer(id, RefusalOf(match.status()));
  if (match->route == nullptr) return Answer(id, PlainNotFound());
  if (match->slash_differs) {
    const std::string path = head.path.substr(0, head.path.size() - 1);
    const bool reads = head.method == "GET" || head.method == "HEAD";
    return Answer(id, Redirect(reads ? 301 : 307, head.query.empty() ? path : path + "?" + head.query));
  }
  if (head.content_length > match->route->body_bytes_max) return Answer(id, Refusal(413, "the body is too large"));
  exchange.head = std::move(head);
  exchange.match = *std::move(match);
  Authorize(id, exchange);
}

void Edge::Authorize(uint64_t id, Exchange& exchange) {
  const Route& route = *exchange.match.route;
  if (route.rule == Rule::kAnonymous) return exchange.connection->ReadBody();
  const absl::Status submitted = PoolOfCheck(exchange).Submit(
      [this, id, &route, authorization = exchange.head.authorization]() -> WorkerPool::Continuation {
        return [this, id, identity = api_.Authorize(route, authorization)]() mutable {
          OnAuthorized(id, std::move(identity));
        };
      },
      [this, id] { return exchanges_.contains(id); });
  if (!submitted.ok()) Answer(id, RefusalOf(submitted));
}

void Edge::OnAuthorized(uint64_t id, absl::StatusOr<std::optional<Identity>> identity) {
  const auto found = exchanges_.find(id);
  if (found == exchanges_.end()) return;
  if (!identity.ok()) return Answer(id, RefusalOf(identity.status()));
  found->second.identity = *std::move(identity);
  found->second.connection->Trust();
  found->second.connection->ReadBody();
}

void Edge::OnBody(uint64_t id, std::string body) {
  Exchange& exchange = exchanges_.at(id);
  const Route& route = *exchange.match.route;
  Request request{.path_parameters = std::move(exchange.match.path_parameters),
                  .identity = exchange.identity,
                  .bearer = std::string(BearerToken(exchange.head.authorization.value_or("")).value_or("")),
                  .peer = std::string(exchange.connection->peer())};
  if (route.lane == Lane::kHash) exchange.connection->Watch();
  Submit(id, route.lane,
         [this, id, &route, query = exchange.head.query, body = std::move(body),
          request = std::move(request)]() mutable -> WorkerPool::Continuation {
           return [this, id, outcome = api_.Run(route, query, std::move(body), std::move(request))]() mutable {
             OnOutcome(id, std::move(outcome));
           };
         });
}

void Edge::OnOutcome(uint64_t id, Outcome outcome) {
  if (Response* response = std::get_if<Response>(&outcome)) return Answer(id, *response);
  Wait(id, std::get<Deferral>(std::move(outcome)));
}

// What it depends on is started even if the peer has left meanwhile: it asked for it.
void Edge::Wait(uint64_t id, Deferral deferral) {
  const uint64_t ticket = ++last_ticket_;
  auto start = std::move(deferral.start);
  if (const auto found = exchanges_.find(id); found != exchanges_.end()) {
    auto patience = loop_.After(deferral.patience, [this, id, ticket] { OnHappened(id, ticket, std::nullopt); });
    found->second.waiting = Waiting{ticket, std::move(deferral), std::move(patience)};
  }
  start([this, id, ticket, &loop = loop_, alive = std::weak_ptr<bool>(alive_)](absl::Status what) mutable {
    loop.Post([this, id, ticket, alive = std::move(alive), what = std::move(what)] {
      if (!alive.expired()) OnHappened(id, ticket, what);
    });
  });
}

void Edge::OnHappened(uint64_t id, uint64_t ticket, std::optional<absl::Status> what) {
  const auto found = exchanges_.find(id);
  if (found == exchanges_.end()) return;
  std::optional<Waiting>& waiting = found->second.waiting;
  if (!waiting || waiting->ticket != ticket) return;  // it was answered without
  Deferral deferral = std::move(waiting->deferral);
  waiting.reset();
  Submit(id, deferral.lane,
         [this, id, &route = *found->second.match.route, answer = std::move(deferral.answer),
          what = std::move(what)]() mutable -> WorkerPool::Continuation {
           return [this, id, response = api_.Settle(route, answer(std::move(what)))] { Answer(id, response); };
         });
}

void Edge::OnPartWanted(uint64_t id) {
  if (std::optional<Stream>& stream = exchanges_.at(id).stream; stream) {
    stream->is_wanted = true;
    return PassEvents(id);
  }
  const absl::Status submitted =
      record_pool_.Submit([this, id, source = exchanges_.at(id).source]() -> WorkerPool::Continuation {
        return [this, id, part = source->Next()] { Continue(id, part); };
      });
  if (!submitted.ok()) Continue(id, submitted);
}

void Edge::Continue(uint64_t id, const absl::StatusOr<std::string>& part) {
  const auto found = exchanges_.find(id);
  if (found == exchanges_.end()) return;
  HttpConnection& connection = *found->second.connection;
  if (part.ok()) return connection.Continue(*part);
  log_.Error("http answer broken off", "peer", connection.peer(), "reason", StatusText(part.status()));
  connection.Abort();
}

void Edge::OnClosed(uint64_t id) {
  const auto found = exchanges_.find(id);
  if (found == exchanges_.end()) return;
  loop_.DestroyLater(std::move(found->second.connection));
  exchanges_.erase(found);
  TellDrained();
}

WorkerPool& Edge::PoolOf(Lane lane) {
  switch (lane) {
    case Lane::kShort:
      return short_pool_;
    case Lane::kRecord:
      return record_pool_;
    case Lane::kHash:
      return hash_pool_;
  }
  return short_pool_;
}

// Who has a token of a host's waits for the host, and nobody else does.
WorkerPool& Edge::PoolOfCheck(const Exchange& exchange) {
  return api_.MayWait(*exchange.match.route, exchange.head.authorization) ? issuer_pool_ : short_pool_;
}

void Edge::Submit(uint64_t id, Lane lane, WorkerPool::Work work) {
  WorkerPool::IsWanted is_wanted;
  if (lane == Lane::kHash) is_wanted = [this, id] { return IsAwaited(id); };
  const absl::Status submitted = PoolOf(lane).Submit(std::move(work), std::move(is_wanted));
  if (!submitted.ok()) Answer(id, RefusalOf(submitted));
}

// A hash takes 32 MiB and a tenth of a second: while others wait, it is not made for a peer who has left. One who only
// ended his side and still reads, as few do, is told.
bool Edge::IsAwaited(uint64_t id) {
  const auto found = exchanges_.find(id);
  if (found == exchanges_.end()) return false;
  if (!found->second.connection->peer_finished()) return true;
  Answer(id, RefusalOf(ResourceExhausted("the gateway is busy, try again without ending the request's side")));
  return false;
}

void Edge::Answer(uint64_t id, const Response& response) {
  const auto found = exchanges_.find(id);
  if (found == exchanges_.end()) return;  // the peer left meanwhile
  if (response.feed != nullptr && StreamCount() >= limits::kHttpFeedsMax) {
    return Answer(id, RefusalOf(ResourceExhausted("more than {} event streams are read", limits::kHttpFeedsMax)));
  }
  if (response.body.size() > limits::kHttpWritePartBytes) MakeRoom(response.body.size());
  if (log_requests_) {
    log_.Info("http request", "request", found->second.log_text, "peer", found->second.connection->peer(), "status",
              response.status);
  }
  api_.Note(found->second.match.route, response.status);
  found->second.source = response.source;
  if (response.source != nullptr) found->second.connection->Trust();
  if (response.feed != nullptr && found->second.head.method != "HEAD") BeginStream(id, response.feed);
  log_.Debug("http answer", "peer", found->second.connection->peer(), "status", response.status);
  found->second.connection->Answer(response);
}

// ---- Event streams -------------------------------------------------------------------------------------------------

size_t Edge::StreamCount() const {
  return static_cast<size_t>(std::count_if(exchanges_.begin(), exchanges_.end(),
                                           [](const auto& entry) { return entry.second.stream.has_value(); }));
}

void Edge::BeginStream(uint64_t id, std::shared_ptr<EventFeed> feed) {
  Stream& stream = exchanges_.at(id).stream.emplace();
  stream.feed = streams_end_ ? std::make_shared<LastComment>(kShutdownComment, std::move(feed)) : std::move(feed);
  stream.pulse = loop_.After(limits::kHttpFeedPulseTime, [this, id] { Pulse(id); });
}

// What there is goes out part by part, as the peer takes it.
void Edge::PassEvents(uint64_t id) {
  const auto found = exchanges_.find(id);
  if (found == exchanges_.end() || !found->second.stream || !found->second.stream->is_wanted) return;
  Stream& stream = *found->second.stream;
  const std::optional<std::string> part =
      stream.feed->Take([this, id, &loop = loop_, alive = std::weak_ptr<bool>(alive_)]() mutable {
        loop.Post([this, id, alive = std::move(alive)] {
          if (!alive.expired()) PassEvents(id);
        });
      });
  if (part.has_value() && part->empty()) return;
  if (part.has_value()) return Pass(id, *part);
  HttpConnection& connection = *found->second.connection;
  found->second.stream.reset();
  connection.Continue("");
}

// The connection waits for a part; it may ask for the next one at once.
void Edge::Pass(uint64_t id, std::string_view part) {
  Exchange& exchange = exchanges_.at(id);
  exchange.stream->is_wanted = false;
  if (part.size() > limits::kHttpWritePartBytes) MakeRoom(part.size());
  exchange.connection->Continue(part);
}

// Who reads sees life, and is looked at again.
void Edge::Pulse(uint64_t id) {
  Stream& stream = *exchanges_.at(id).stream;
  stream.pulse = loop_.After(limits::kHttpFeedPulseTime, [this, id] { Pulse(id); });
  Recheck(id);
  if (stream.is_wanted) Pass(id, ": keepalive\n\n");
}

void Edge::Recheck(uint64_t id) {
  const Exchange& exchange = exchanges_.at(id);
  const absl::Status submitted = PoolOfCheck(exchange).Submit(
      [this, id, &route = *exchange.match.route, authorization = exchange.head.authorization,
       feed = exchange.stream->feed]() -> WorkerPool::Continuation {
        const absl::StatusOr<std::optional<Identity>> reader = api_.Authorize(route, authorization);
        absl::Status status = reader.ok() ? feed->Recheck(**reader) : reader.status();
        return [this, id, feed, status = std::move(status)] { OnRechecked(id, *feed, status); };
      });
  if (!submitted.ok()) log_.Debug("reader of an event stream not rechecked", "reason", StatusText(submitted));
}

// Who cannot be asked about now stays: the next pulse comes.
void Edge::OnRechecked(uint64_t id, const EventFeed& feed, const absl::Status& status) {
  const auto found = exchanges_.find(id);
  if (found == exchanges_.end() || !found->second.stream || found->second.stream->feed.get() != &feed) return;
  if (status.ok() || HttpStatus(status) >= 500) return;
  log_.Info("event stream ended", "peer", found->second.connection->peer(), "reason", StatusText(status));
  EndStream(id, std::make_shared<LastComment>(StatusText(status)));
}

void Edge::EndStream(uint64_t id, std::shared_ptr<EventFeed> last) {
  exchanges_.at(id).stream->feed = std::move(last);
  PassEvents(id);
}

// Answers are made faster than slow peers take them: for a large one more, those who are slowest lose theirs.
void Edge::MakeRoom(size_t bytes) {
  for (const auto& [id, exchange] : exchanges_) bytes += exchange.connection->unsent_bytes();
  while (bytes > unsent_bytes_max_) {
    HttpConnection* slowest = nullptr;
    for (const auto& [id, exchange] : exchanges_) {
      HttpConnection& one = *exchange.connection;
      if (one.unsent_bytes() == 0) continue;
      if (slowest == nullptr || one.part_begun() < slowest->part_begun()) slowest = &one;
    }
    if (slowest == nullptr) return;
    bytes -= slowest->unsent_bytes();
    log_.Debug("http answer given up", "peer", slowest->peer(), "reason", "too many answers wait for slow readers");
    slowest->Abort();
  }
}

}  // namespace hoop::rest
