// A server of gRPC C++ from generated code that does what tests/transport/echo_server.h does.
#pragma once

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "tests/transport/echo_server.h"
#include "transport.grpc.pb.h"

namespace hoop::testing {

class GrpcCppService final : public protobuf::Transport::Service {
 public:
  grpc::Status Connect(grpc::ServerContext* context,
                       grpc::ServerReaderWriter<protobuf::Packet, protobuf::Packet>* stream) override {
    if (context->client_metadata().count("refuse") > 0) {
      return grpc::Status(grpc::StatusCode::UNAUTHENTICATED, "invalid authentication");
    }
    protobuf::Packet packet;
    while (stream->Read(&packet)) {
      if (packet.type() == "Hang") {
        while (stream->Read(&packet)) continue;
        hanging_.WaitForNotification();
        return grpc::Status::OK;
      }
      if (packet.type() == "Fail") return Failure(packet.payload());
      if (packet.type() == "BigTrailers") {
        context->AddTrailingMetadata("big", std::string(100'000, 'b'));
        return grpc::Status::OK;
      }
      if (packet.type() == "Metadata") {
        const auto found = context->client_metadata().find(packet.payload());
        packet.set_payload(found == context->client_metadata().end()
                               ? std::string()
                               : std::string(found->second.data(), found->second.size()));
      }
      if (packet.type() == "AwaitCancel") AwaitCancelled();
      if (packet.type() == "GoAway") go_away();
      (*packet.mutable_spec())["echo"] = "yes";
      stream->Write(packet);
    }
    if (context->IsCancelled()) {
      absl::MutexLock lock(&mu_);
      cancelled_ = true;
    }
    return grpc::Status::OK;
  }
  grpc::Status HealthCheck(grpc::ServerContext*, const protobuf::HealthCheckRequest*,
                           protobuf::HealthCheckResponse* response) override {
    response->set_status("OK");
    return grpc::Status::OK;
  }
  grpc::Status PreConnect(grpc::ServerContext*, const protobuf::PreConnectRequest* request,
                          protobuf::PreConnectResponse*) override {
    return grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED, "no room for " + request->name());
  }

  void EndHanging() { hanging_.Notify(); }

  std::function<void()> go_away = [] {};

 private:
  static grpc::Status Failure(const std::string& text) {
    const absl::Status status = FailureWithDetails(text);
    return grpc::Status(grpc::StatusCode::ABORTED, text, std::string(*status.GetPayload("grpc-status-details-bin")));
  }
  void AwaitCancelled() {
    absl::MutexLock lock(&mu_);
    mu_.Await(absl::Condition(&cancelled_));
  }

  absl::Notification hanging_;
  absl::Mutex mu_;
  bool cancelled_ ABSL_GUARDED_BY(mu_) = false;
};

// The service at a port of its own. After GoAway another server listens there.
class GrpcCppServer final {
 public:
  explicit GrpcCppServer(std::shared_ptr<grpc::ServerCredentials> credentials = grpc::InsecureServerCredentials())
      : credentials_(std::move(credentials)) {
    service_.go_away = [this] { GoAway(); };
    server_ = Start(0);
  }
  ~GrpcCppServer() {
    service_.EndHanging();
    Stop();
    for (std::thread& thread : shutdowns_) thread.join();
  }

  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  void Stop() { server_->Shutdown(std::chrono::system_clock::now()); }

 private:
  std::unique_ptr<grpc::Server> Start(int port) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:" + std::to_string(port), credentials_, &port_);
    builder.SetMaxReceiveMessageSize(20 << 20);
    builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, 1 << 20);
    builder.RegisterService(&service_);
    return builder.BuildAndStart();
  }
  // Inside a call of the old server, which ends when its calls do.
  void GoAway() {
    const std::shared_ptr<grpc::Server> old = std::move(server_);
    server_ = Start(port_);  // gRPC shares the port among its servers
    shutdowns_.emplace_back([old] { old->Shutdown(); });
  }

  const std::shared_ptr<grpc::ServerCredentials> credentials_;
  GrpcCppService service_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
  std::vector<std::thread> shutdowns_;
};

}  // namespace hoop::testing
