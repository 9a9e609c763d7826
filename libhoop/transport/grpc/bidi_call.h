// One call of gRPC C++, unary or not: messages as bytes, events on the loop.
// Used by GrpcCppStream (streams) and GrpcCppChannel (unary calls).
#pragma once

#include <grpcpp/client_context.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/client_callback.h>

#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "transport/grpc/pending_calls.h"
#include "wire/metadata.h"

namespace hoop {

// Owned by PendingCalls until gRPC is done with it, and by who uses it. Loop thread; the On... reactions come from
// gRPC's threads and only pass on what they hear. gRPC wants one read and one write at a time, and a hold while
// somebody outside of its reactions may start them.
class BidiCall final : public PendingCall,
                       public std::enable_shared_from_this<BidiCall>,
                       private grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  class Listener {
   public:
    // A message; nothing more is read before Read().
    virtual void OnMessage(std::string message) = 0;
    // The message of Write() has left.
    virtual void OnWritten() = 0;
    // Once, last.
    virtual void OnEnd(const absl::Status& status) = 0;

   protected:
    ~Listener() = default;
  };

  // Reads the first message by itself. `listener` outlives the call or leaves by Abandon().
  static std::shared_ptr<BidiCall> Start(std::shared_ptr<PendingCalls> calls, grpc::GenericStub& stub,
                                         const std::string& method, const Metadata& metadata, absl::Duration timeout,
                                         Listener& listener);

  void Read();
  // Not before OnWritten() of the one before.
  void Write(std::string message);
  void WritesDone();
  void Abandon() override;

 private:
  BidiCall(std::shared_ptr<PendingCalls> calls, Listener& listener) : calls_(std::move(calls)), listener_(&listener) {}

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnDone(const grpc::Status& status) override;
  void RemoveHoldOnce();

  const std::shared_ptr<PendingCalls> calls_;
  Listener* listener_;  // null once it left
  bool held_ = true;    // we may still start something
  grpc::ClientContext context_;
  grpc::ByteBuffer incoming_, outgoing_;  // gRPC's while an operation runs
};

}  // namespace hoop
