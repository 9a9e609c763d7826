// Query and body of a request, parsed by cpp-httplib. Called by Api on worker threads; the only file that knows the
// library.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace hoop::rest {

struct Content {
  std::map<std::string, std::string> query;  // decoded; of equal keys the first
  std::string body;
};

// Any thread, several at a time. cpp-httplib sees a head of ours (one path, the query, the length) and never a byte of
// the peer's head or connection: its own limits and leniencies are out of reach.
class ContentParser final {
 public:
  ContentParser();
  ~ContentParser();

  // Errors carry their HTTP number.
  absl::StatusOr<Content> Parse(std::string_view query, std::string_view body) const;

 private:
  class Server;
  std::unique_ptr<Server> server_;
};

}  // namespace hoop::rest
