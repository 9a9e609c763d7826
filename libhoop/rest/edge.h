// The HTTP door: takes connections as byte streams, reads requests under limits and deadlines, asks Api who may do
// what, and runs it on worker threads. Made by the gateway; front/ hands the connections over.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "base/limits/http.h"
#include "base/limits/workers.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/worker_pool.h"
#include "net/byte_stream.h"
#include "rest/api.h"
#include "rest/http_connection.h"

namespace hoop::rest {

// Owned by Gateway. Loop thread of the HTTP side; destroyed there, or after that loop stopped. Destroying it closes
// all connections and waits for the requests that run.
class Edge final : public HttpConnection::Owner {
 public:
  struct Options {
    std::string version;        // said in the header Server
    bool log_requests = false;  // a line for each, without its query, which may hold tokens
    size_t threads = limits::kRestThreads;
    size_t record_threads = limits::kRestRecordThreads;
    size_t queue_max = limits::kRestQueueMax;  // of each kind but hashes
    size_t hash_queue_max = limits::kHashQueueMax;
    size_t issuer_threads = limits::kRestIssuerThreads;
    size_t unsent_bytes_max = limits::kHttpUnsentBytesMax;  // of answers
  };

  Edge(Loop& loop, const Api& api, Log log, Options options);
  ~Edge() override;
  Edge(const Edge&) = delete;
  Edge& operator=(const Edge&) = delete;

  void Accept(std::unique_ptr<ByteStream> stream);

  // Closes idle connections now and the others after their answer, and takes no new ones. Event streams go on. Calls
  // `done` on the loop when no connection is left.
  void Drain(absl::AnyInvocable<void()> done);
  // While it drains: event streams end behind what there is for them by now.
  void EndStreams();
  size_t connection_count() const { return exchanges_.size(); }

 private:
  // What a connection waits for: the deferral without its start.
  struct Waiting {
    uint64_t ticket = 0;
    Deferral deferral;
    std::unique_ptr<Timer> patience;
  };
  // An answer that goes on while something elsewhere does.
  struct Stream {
    std::shared_ptr<EventFeed> feed;
    std::unique_ptr<Timer> pulse;
    bool is_wanted = false;  // the connection waits for its next part
  };
  // A connection and the request it is about.
  struct Exchange {
    std::unique_ptr<HttpConnection> connection;
    RequestHead head;
    RouteMatch match;
    std::optional<Identity> identity;
    std::optional<Waiting> waiting;
    std::string log_text;                // "GET /api/sessions", when requests are logged
    std::shared_ptr<BodySource> source;  // of the answer that is being sent
    std::optional<Stream> stream;        // the same, of an answer with a feed
  };

  void OnHead(uint64_t id, RequestHead head) override;
  void OnBody(uint64_t id, std::string body) override;
  void OnPartWanted(uint64_t id) override;
  void OnClosed(uint64_t id) override;

  void Authorize(uint64_t id, Exchange& exchange);
  void OnAuthorized(uint64_t id, absl::StatusOr<std::optional<Identity>> identity);
  WorkerPool& PoolOf(Lane lane);
  WorkerPool& PoolOfCheck(const Exchange& exchange);
  void Submit(uint64_t id, Lane lane, WorkerPool::Work work);
  bool IsAwaited(uint64_t id);
  void OnOutcome(uint64_t id, Outcome outcome);
  void Wait(uint64_t id, Deferral deferral);
  void OnHappened(uint64_t id, uint64_t ticket, std::optional<absl::Status> what);
  void Continue(uint64_t id, const absl::StatusOr<std::string>& part);
  void Answer(uint64_t id, const Response& response);

  void TellDrained();

  // Event streams.
  size_t StreamCount() const;
  void BeginStream(uint64_t id, std::shared_ptr<EventFeed> feed);
  void PassEvents(uint64_t id);
  void Pass(uint64_t id, std::string_view part);
  void Pulse(uint64_t id);
  void Recheck(uint64_t id);
  void OnRechecked(uint64_t id, const EventFeed& feed, const absl::Status& status);
  void EndStream(uint64_t id, std::shared_ptr<EventFeed> last);
  void MakeRoom(size_t bytes);

  Loop& loop_;
  const Api& api_;
  const Log log_;
  const std::string common_headers_;
  const bool log_requests_;
  uint64_t last_id_ = 0;
  uint64_t last_ticket_ = 0;
  bool draining_ = false;
  bool streams_end_ = false;
  absl::AnyInvocable<void()> drained_;  // set: nobody was told yet
  const size_t unsent_bytes_max_;
  std::map<uint64_t, Exchange> exchanges_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // shared with who tells what happened, maybe later
  WorkerPool short_pool_;  // after exchanges_: what runs ends before what it is for
  WorkerPool record_pool_;
  WorkerPool hash_pool_;
  WorkerPool issuer_pool_;  // checks of tokens that a host's function is asked about
};

}  // namespace hoop::rest
