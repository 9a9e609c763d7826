// An Edge on a loop that a test turns, with peers in memory.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "rest/edge.h"
#include "tests/fakes/memory_bytes.h"
#include "tests/fakes/waiting_loop.h"
#include "tests/rest/rest_fixture.h"

namespace hoop::rest {

class PlayedEdgeTest : public RestTest {
 protected:
  MemoryBytes& Connect(size_t capacity_bytes = 64 * 1024) {
    auto pair = MemoryBytes::Make(loop_, capacity_bytes);
    edge_.Accept(std::move(pair.a));
    peers_.push_back(std::move(pair.b));
    return *peers_.back();
  }
  static void Send(MemoryBytes& peer, const std::string& request) {
    const iovec piece = {const_cast<char*>(request.data()), request.size()};
    peer.Write(&piece, 1);
  }
  // Something of what the edge sends; empty: it has ended.
  std::string Receive(MemoryBytes& peer) {
    std::string answer(64 * 1024, '\0');
    IoResult result;
    EXPECT_TRUE(loop_.TurnUntil([&] {
      result = peer.Read(answer.data(), answer.size());
      return result.kind != IoResult::Kind::kWouldBlock;
    }));
    answer.resize(result.bytes);
    return answer;
  }
  // Everything until it holds `part`.
  std::string ReceiveUntil(MemoryBytes& peer, std::string_view part) {
    std::string all;
    while (all.find(part) == std::string::npos) {
      const std::string more = Receive(peer);
      if (more.empty()) break;
      all += more;
    }
    return all;
  }
  bool IsClosed(MemoryBytes& peer) {
    loop_.Turn();
    char byte;
    return peer.Read(&byte, 1).kind == IoResult::Kind::kEnd;
  }

  WaitingLoop loop_{clock_};
  std::vector<std::unique_ptr<MemoryBytes>> peers_;
  Edge edge_{loop_, api_, Log(), {.version = "1.2"}};
};

}  // namespace hoop::rest
