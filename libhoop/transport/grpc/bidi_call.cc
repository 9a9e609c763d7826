#include "transport/grpc/bidi_call.h"

#include <chrono>
#include <utility>
#include <vector>

#include "base/status.h"
#include "transport/grpc_text.h"

namespace hoop {
namespace {

// What a relay appends to a message needs no second allocation.
constexpr size_t kAppendRoomBytes = 128;

std::string TakeMessage(grpc::ByteBuffer& buffer) {
  std::string message;
  message.reserve(buffer.Length() + kAppendRoomBytes);
  std::vector<grpc::Slice> slices;
  if (buffer.Dump(&slices).ok()) {
    for (const grpc::Slice& slice : slices) message.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  buffer.Clear();
  return message;
}

// Lends the bytes of a string to gRPC.
grpc::Slice SliceOf(std::string message) {
  auto* const kept = new std::string(std::move(message));
  return grpc::Slice(
      kept->data(), kept->size(), [](void* text) { delete static_cast<std::string*>(text); }, kept);
}

absl::Status StatusOf(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  // A stream that the peer resets is a broken transport for us, an internal error for gRPC.
  if (status.error_code() == grpc::StatusCode::INTERNAL &&
      status.error_message().starts_with("Received RST_STREAM with error code")) {
    return Unavailable("stream reset by peer: {}", status.error_message());
  }
  absl::Status result = StatusFromGrpc(std::to_string(status.error_code()), status.error_message());
  if (!status.error_details().empty()) {
    result.SetPayload(kStatusDetailsHeader, absl::Cord(status.error_details()));
  }
  return result;
}

}  // namespace

std::shared_ptr<BidiCall> BidiCall::Start(std::shared_ptr<PendingCalls> calls, grpc::GenericStub& stub,
                                          const std::string& method, const Metadata& metadata, absl::Duration timeout,
                                          Listener& listener) {
  const std::shared_ptr<BidiCall> call(new BidiCall(std::move(calls), listener));
  for (const auto& [name, value] : metadata.entries()) {
    call->context_.AddMetadata(name, name.ends_with("-bin") ? value : HeaderText(value));
  }
  if (timeout != absl::InfiniteDuration()) {
    call->context_.set_deadline(std::chrono::system_clock::now() + absl::ToChronoMicroseconds(timeout));
  }
  call->calls_->Add(call);
  stub.PrepareBidiStreamingCall(&call->context_, method, {}, call.get());
  call->AddHold();
  call->StartRead(&call->incoming_);
  call->StartCall();
  return call;
}

void BidiCall::Read() {
  if (held_) StartRead(&incoming_);
}

void BidiCall::Write(std::string message) {
  if (!held_) return;
  const grpc::Slice slice = SliceOf(std::move(message));
  outgoing_ = grpc::ByteBuffer(&slice, 1);
  StartWrite(&outgoing_);
}

void BidiCall::WritesDone() {
  if (held_) StartWritesDone();
}

void BidiCall::Abandon() {
  listener_ = nullptr;
  context_.TryCancel();
  RemoveHoldOnce();
}

void BidiCall::RemoveHoldOnce() {
  if (std::exchange(held_, false)) RemoveHold();
}

void BidiCall::OnReadDone(bool ok) {
  if (!ok) {
    calls_->Tell([self = shared_from_this()] { self->RemoveHoldOnce(); });
    return;
  }
  calls_->Tell([self = shared_from_this(), message = TakeMessage(incoming_)]() mutable {
    if (self->listener_ != nullptr) self->listener_->OnMessage(std::move(message));
  });
}

void BidiCall::OnWriteDone(bool ok) {
  if (!ok) return;  // the end follows
  calls_->Tell([self = shared_from_this()] {
    if (self->listener_ != nullptr) self->listener_->OnWritten();
  });
}

void BidiCall::OnDone(const grpc::Status& status) {
  const std::shared_ptr<PendingCalls> calls = calls_;  // the task may be the last to know this call
  calls->TellEnd(*this, [this, end = StatusOf(status)] {
    if (listener_ != nullptr) std::exchange(listener_, nullptr)->OnEnd(end);
  });
}

}  // namespace hoop
