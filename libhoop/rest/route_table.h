// The one table of all routes: method, path, who may, how much body, what runs. Filled by Api, asked by Edge; Allow()
// is the only place that decides about roles.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "hoop/idp_verifier.h"
#include "rest/http_message.h"

namespace hoop::rest {

// Who may use a route. Administrators may use every route; an auditor only those that name auditors.
enum class Rule {
  kAnonymous,  // no credentials needed
  kReader,     // every user, auditors too
  kMember,     // every user but auditors: routes that change something
  kAuditor,    // auditors and administrators
  kAdmin,
  kAgent,  // an agent by its key; no user, whatever his role
};

// OK, or Unauthenticated (nobody is given where somebody is needed), or PermissionDenied.
absl::Status Allow(Rule rule, const Identity* identity);

// Where a route runs: threads of its own for each kind of work, so that none starves another.
enum class Lane {
  kShort,   // a few look-ups in the store; the checks of tokens too
  kRecord,  // reads records: seconds for a long session
  kHash,    // password hashes, one at a time
};

// An answer that depends on what happens elsewhere: no thread waits for it, only the connection does.
struct Deferral {
  using Happened = absl::AnyInvocable<void(absl::Status)>;

  // Starts what the answer depends on; loop thread. It calls `Happened` at most once, from any thread.
  absl::AnyInvocable<void(Happened)> start;
  // How long the connection waits for it.
  absl::Duration patience;
  // Makes the answer, on a thread of `lane`: of what happened, or of nothing when the patience is over.
  Lane lane = Lane::kShort;
  absl::AnyInvocable<absl::StatusOr<Response>(std::optional<absl::Status>)> answer;
};

using Outcome = std::variant<Response, Deferral>;
using RouteFunction = std::function<absl::StatusOr<Outcome>(const Request&)>;

// One row. There is no default for any part: a row without a rule does not compile.
struct Route {
  Route(std::string method, std::string pattern, Rule rule, size_t body_bytes_max, Lane lane, RouteFunction function)
      : method(std::move(method)),
        pattern(std::move(pattern)),
        rule(rule),
        body_bytes_max(body_bytes_max),
        lane(lane),
        function(std::move(function)) {}

  std::string method;
  std::string pattern;  // below /api: "/sessions/:id/kill"; ":name" takes one segment
  Rule rule;
  size_t body_bytes_max;
  Lane lane;
  RouteFunction function;
};

// What a path leads to.
struct RouteMatch {
  const Route* route = nullptr;  // null: nothing
  std::map<std::string, std::string> path_parameters;
  bool slash_differs = false;  // the route is the one of the same path without its last slash: redirect there
};

// Owned by Api; does not change after it was filled. Any thread.
class RouteTable final {
 public:
  // Each method and pattern once.
  void Add(Route route);

  // `path` is as sent, below /api. HEAD finds the route of GET. 400: a segment that no path has.
  absl::StatusOr<RouteMatch> Match(std::string_view method, std::string_view path) const;

  const std::vector<Route>& routes() const { return routes_; }

 private:
  struct Row {
    size_t route;
    std::vector<std::string> segments;
  };
  std::vector<Route> routes_;
  std::vector<Row> rows_;
};

}  // namespace hoop::rest
