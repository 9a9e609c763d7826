#include "rest/route_table.h"

#include <utility>

#include "base/check.h"
#include "base/status_macros.h"
#include "rest/request_head.h"

namespace hoop::rest {
namespace {

std::vector<std::string> Split(std::string_view path) {
  std::vector<std::string> segments;
  while (!path.empty()) {
    path.remove_prefix(1);  // the slash
    const size_t end = path.find('/');
    segments.emplace_back(path.substr(0, end));
    path.remove_prefix(end == std::string_view::npos ? path.size() : end);
  }
  return segments;
}

bool IsParameter(const std::string& segment) { return !segment.empty() && segment[0] == ':'; }

std::optional<std::map<std::string, std::string>> MatchRow(const std::vector<std::string>& pattern,
                                                           const std::vector<std::string>& path) {
  if (pattern.size() != path.size()) return std::nullopt;
  std::map<std::string, std::string> parameters;
  for (size_t i = 0; i < path.size(); ++i) {
    if (IsParameter(pattern[i])) {
      if (path[i].empty()) return std::nullopt;
      parameters[pattern[i].substr(1)] = path[i];
    } else if (pattern[i] != path[i]) {
      return std::nullopt;
    }
  }
  return parameters;
}

}  // namespace

absl::Status Allow(Rule rule, const Identity* identity) {
  if (rule == Rule::kAnonymous) return absl::OkStatus();
  if (identity == nullptr || rule == Rule::kAgent) return HttpError(401, "access denied");
  if (identity->is_admin) return absl::OkStatus();
  const bool allowed = identity->is_auditor ? rule == Rule::kReader || rule == Rule::kAuditor
                                            : rule == Rule::kReader || rule == Rule::kMember;
  return allowed ? absl::OkStatus() : HttpError(403, "access denied");
}

void RouteTable::Add(Route route) {
  for (const Route& other : routes_) HOOP_CHECK(other.method != route.method || other.pattern != route.pattern);
  rows_.push_back({routes_.size(), Split(route.pattern)});
  routes_.push_back(std::move(route));
}

absl::StatusOr<RouteMatch> RouteTable::Match(std::string_view method, std::string_view path) const {
  if (path.empty() || path[0] != '/') return RouteMatch();
  std::vector<std::string> segments;
  for (const std::string& segment : Split(path)) {
    std::optional<std::string> decoded = DecodeSegment(segment);
    if (!decoded.has_value()) return HttpError(400, "the path is malformed");
    segments.push_back(*std::move(decoded));
  }
  const bool slash_differs = segments.size() > 1 && segments.back().empty();
  if (slash_differs) segments.pop_back();
  for (const Row& row : rows_) {
    const Route& route = routes_[row.route];
    if (route.method != method && !(method == "HEAD" && route.method == "GET")) continue;
    if (auto parameters = MatchRow(row.segments, segments))
      return RouteMatch{&route, *std::move(parameters), slash_differs};
  }
  return RouteMatch();
}

}  // namespace hoop::rest
