// The services behind the recorded connections, rebuilt: what each did to a byte is known from the recordings.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "wire/connection_params.h"

namespace hoop::replay {

// Listens on 127.0.0.1 until destroyed. Threads of its own.
class Target {
 public:
  virtual ~Target() = default;
  virtual uint16_t port() const = 0;
};

// What the recorded connection of this name leads to: an echo, a banner ... Null: nothing listens there.
std::unique_ptr<Target> MakeTarget(const std::string& connection, bool is_2024);

// The REST side of a gateway of 2024: it sends the embedded agent whose bearer begins so to `grpc_url`, and nothing
// else.
std::unique_ptr<Target> MakeRestTarget(const std::string& bearer, const std::string& grpc_url);

// One conversation with a Postgres server behind its log-in: what the client says in turn with what it is answered.
struct PostgresTalk {
  struct Turn {
    size_t request_bytes = 0;
    std::string answer;
  };
  std::string greeting;  // behind AuthenticationOk; empty: the recorded agent never got so far
  std::vector<Turn> turns;
  bool server_closes = false;  // behind the last answer
};
enum class PostgresLogin { kCleartext, kMd5, kTrust, kRefused };

// A server that holds these conversations, in the order in which clients log in; `refusal` is what kRefused says.
std::unique_ptr<Target> MakePostgresTarget(PostgresLogin login, std::vector<PostgresTalk> talks, std::string refusal);

}  // namespace hoop::replay
