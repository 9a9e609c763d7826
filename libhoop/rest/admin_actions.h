// Keeps what administrators do: one row for each request that changes something on a route of theirs, refused by the
// route or not, without any secret. Asked by Api after each request; read at /audit/logs.
#pragma once

#include "base/log.h"
#include "hoop/clock.h"
#include "rest/http_message.h"
#include "rest/route_table.h"
#include "store/admin_action_table.h"

namespace hoop::rest {

// Owned by Api. Blocks on the store: worker threads, several at a time.
class AdminActions final {
 public:
  AdminActions(AdminActionTable& table, const Clock& clock, Log log) : table_(table), clock_(clock), log_(log) {}

  // Nothing for a request that is none of these. What cannot be kept is an error in the log; the answer stands.
  void Note(const Route& route, const Request& request, const Response& response) const;

 private:
  AdminActionTable& table_;
  const Clock& clock_;
  const Log log_;
};

}  // namespace hoop::rest
