// Our server and our channel on real loopback sockets, each on a loop and thread of its own.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "net/dial.h"
#include "net/event_loop.h"
#include "net/listener.h"
#include "net/tls_handshake.h"
#include "net/tls_stream.h"
#include "transport/grpc_channel.h"
#include "transport/grpc_server.h"

namespace hoop::testing {

// A loop with its thread. Do() runs something on it and waits.
class LoopOnThread {
 public:
  explicit LoopOnThread(std::string name) : thread_(loop, std::move(name)) {}

  void Do(const std::function<void()>& task) {
    absl::Notification done;
    loop.Post([&task, &done] {
      task();
      done.Notify();
    });
    done.WaitForNotification();
  }

  EventLoop loop{Clock::System()};

 private:
  LoopThread thread_;
};

// A GrpcServer behind a listening socket, on which TLS is spoken where a context is given.
class LoopbackServer {
 public:
  explicit LoopbackServer(GrpcServer::Delegate& delegate, std::shared_ptr<TlsContext> tls = nullptr)
      : delegate_(delegate), tls_(std::move(tls)) {
    on.Do([this, &delegate] {
      server = std::make_unique<GrpcServer>(on.loop, delegate);
      auto listening = Listen(on.loop, Address{"127.0.0.1", 0},
                              [this](std::unique_ptr<ByteStream> bytes) { Accept(std::move(bytes)); });
      ASSERT_TRUE(listening.ok()) << listening.status();
      listener = *std::move(listening);
    });
  }
  ~LoopbackServer() {
    on.Do([this] {
      listener.reset();
      handshakes_.clear();
      server.reset();
      drained_.clear();
    });
  }
  // Loop thread. Those who are connected hear GOAWAY and go on with what they have; new ones find a new server.
  void GoAway() {
    drained_.push_back(std::move(server));
    server = std::make_unique<GrpcServer>(on.loop, delegate_);
    drained_.back()->Drain(absl::Minutes(1), [] {});
  }
  std::string address() const { return listener->address().ToString(); }

  LoopOnThread on{"server"};
  std::unique_ptr<hoop::Listener> listener;
  std::unique_ptr<GrpcServer> server;

 private:
  void Accept(std::unique_ptr<ByteStream> bytes) {
    if (tls_ == nullptr) return server->Accept(std::move(bytes));
    handshakes_.push_back(TlsAccept(on.loop, std::move(bytes), tls_, absl::InfiniteDuration(), nullptr,
                                    [this](absl::StatusOr<std::unique_ptr<TlsStream>> stream) {
                                      if (stream.ok()) server->Accept(*std::move(stream));
                                    }));
  }

  GrpcServer::Delegate& delegate_;
  const std::shared_ptr<TlsContext> tls_;
  std::vector<std::unique_ptr<TlsHandshake>> handshakes_;  // also those that are over
  std::vector<std::unique_ptr<GrpcServer>> drained_;
};

// A GrpcChannel to `address`, on a loop of its own.
class LoopbackChannel {
 public:
  explicit LoopbackChannel(const std::string& address) {
    absl::Notification connected;
    std::unique_ptr<Dialing> dialing;
    on.Do([this, &dialing, &connected, &address] {
      dialing = Dial(on.loop, *Address::Parse(address), absl::Seconds(10),
                     [this, &connected, &address](absl::StatusOr<std::unique_ptr<ByteStream>> bytes) {
                       if (bytes.ok()) {
                         channel = GrpcChannel::Create(on.loop, *std::move(bytes),
                                                       {.authority = address, .user_agent = "hoopagent/test"},
                                                       [this](const absl::Status& status) { closed = status; });
                       }
                       connected.Notify();
                     });
    });
    connected.WaitForNotification();
    on.Do([&dialing] { dialing.reset(); });
  }
  ~LoopbackChannel() {
    on.Do([this] { channel.reset(); });
  }

  LoopOnThread on{"channel"};
  std::unique_ptr<GrpcChannel> channel;
  absl::Status closed;
};

}  // namespace hoop::testing
