// A peer of our server that says any bytes: for tests of what no honest peer does.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/floods/http2_bytes.h"
#include "tests/transport/wire_fixture.h"

namespace hoop::testing {

// A peer that says whatever a test wants.
class Hostile : public WireTest, private ByteStream::Events {
 protected:
  ~Hostile() override { raw.reset(); }
  void ConnectRaw(size_t capacity = 8 << 20) {
    auto pair = MemoryBytes::Make(loop, capacity);
    server_bytes = pair.a.get();
    server->Accept(std::move(pair.a));
    raw = std::move(pair.b);
    raw->SetEvents(this);
    raw->WantRead();
    heard.clear();
    ended = false;
  }
  void Say(std::string_view bytes) {
    const iovec piece = {const_cast<char*>(bytes.data()), bytes.size()};
    raw->Write(&piece, 1);
    loop.TurnUntilIdle();
  }
  void Greet(size_t capacity = 8 << 20) {
    ConnectRaw(capacity);
    Say(std::string(http2::kMagic) + http2::Frame(http2::kSettings, 0, 0, ""));
  }
  // Payloads of the frames of `type` that came.
  std::vector<std::string> Heard(uint8_t type) const {
    std::vector<std::string> found;
    for (size_t i = 0; i + 9 <= heard.size();) {
      const auto byte = [this, i](size_t k) { return static_cast<size_t>(static_cast<unsigned char>(heard[i + k])); };
      const size_t size = byte(0) << 16 | byte(1) << 8 | byte(2);
      if (byte(3) == type) found.push_back(heard.substr(i + 9, size));
      i += 9 + size;
    }
    return found;
  }
  bool Alive() { return server->connection_count() > 0; }

  void OnReadable() override {
    char buffer[65536];
    const IoResult result = raw->Read(buffer, sizeof buffer);
    if (result.kind == IoResult::Kind::kBytes) {
      heard.append(buffer, result.bytes);
      if (!deaf) raw->WantRead();
    } else if (result.kind == IoResult::Kind::kEnd) {
      ended = true;
    }
  }
  void OnWritable() override {}

  std::unique_ptr<MemoryBytes> raw;
  std::string heard;
  bool ended = false;
  bool deaf = false;  // what the server says stays in its socket
};

}  // namespace hoop::testing
