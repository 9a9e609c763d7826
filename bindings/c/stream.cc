// hoop_stream: a HostStream and the host's event function.
#include <atomic>
#include <charconv>
#include <string_view>

#include "service.h"

// Shared by the host, until hoop_stream_destroy, and the events that the agent owns: one that runs while the host
// destroys the stream on another thread still has it.
struct hoop_stream {
  std::shared_ptr<hoop::HostStream> stream;  // null: destroyed
  std::shared_ptr<hoop_stream> held_by_host;
  std::atomic<bool> destroyed = false;
  std::atomic<bool> opening = true;
  bool has_descriptor = false;
  hoop_event_fn event = nullptr;
  std::unique_ptr<hoop::c::UserData> user_data;
};

namespace hoop::c {
namespace {

class CallbackEvents final : public HostStreamEvents {
 public:
  CallbackEvents(std::shared_ptr<hoop_stream> stream, std::weak_ptr<HostStream> inner,
                 std::unique_ptr<UserData> user_data)
      : stream_(std::move(stream)), inner_(std::move(inner)), user_data_(std::move(user_data)) {}

  void OnData(std::string_view bytes) override { Call(HOOP_EVENT_DATA, bytes); }
  void OnFinish() override { Call(HOOP_EVENT_FINISH, ""); }
  void OnWritable() override { Call(HOOP_EVENT_WRITABLE, ""); }
  void OnClosed(const absl::Status& why) override { Call(HOOP_EVENT_CLOSED, Text(why)); }

 private:
  void Call(int32_t event, std::string_view bytes) {
    if (stream_->destroyed) return;
    const bool returned =
        CallHost([&] { stream_->event(stream_.get(), event, bytes.data(), bytes.size(), user_data_->get()); });
    if (returned) return;
    if (const std::shared_ptr<HostStream> inner = inner_.lock()) inner->End(1, "the service failed");
  }

  const std::shared_ptr<hoop_stream> stream_;
  const std::weak_ptr<HostStream> inner_;  // the host may destroy its own on another thread at any time
  const std::unique_ptr<UserData> user_data_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<HostStreamEvents>> CallbackService::Open(std::unique_ptr<HostStream> stream) {
  auto handle = std::make_shared<hoop_stream>();
  handle->stream = std::move(stream);
  handle->held_by_host = handle;
  const std::weak_ptr<HostStream> inner = handle->stream;
  int32_t status = HOOP_INTERNAL;
  CallHost([&] { status = open_(handle.get(), user_data_.get()); });
  handle->opening = false;
  // Also when a thread of the host has served and destroyed it by now.
  if (status == HOOP_OK && handle->has_descriptor) return std::unique_ptr<HostStreamEvents>();
  if (status == HOOP_OK && handle->event != nullptr && !handle->destroyed) {
    return std::make_unique<CallbackEvents>(handle, inner, std::move(handle->user_data));
  }
  handle->stream.reset();
  handle->held_by_host.reset();
  handle->user_data.reset();
  return Error(absl::StatusCode::kUnavailable, std::string("the service refused this connection: ") +
                                                   hoop_status_text(status == HOOP_OK ? HOOP_INTERNAL : status));
}

namespace {

const char* Argument(const HostCall& call, std::string_view index) {
  size_t number = 0;
  const auto [end, error] = std::from_chars(index.data(), index.data() + index.size(), number);
  if (error != std::errc() || end != index.data() + index.size() || number >= call.arguments.size()) return nullptr;
  return call.arguments[number].c_str();
}

const char* Find(const std::map<std::string, std::string>& texts, std::string_view name) {
  const auto found = texts.find(std::string(name));
  return found == texts.end() ? nullptr : found->second.c_str();
}

const char* Get(const HostCall& call, std::string_view key) {
  if (key == "service") return call.service.c_str();
  if (key == "kind") return call.is_command ? "command" : "stream";
  if (key == "session_id") return call.session_id.c_str();
  if (key == "connection_id") return call.connection_id.c_str();
  if (key == "connection_name") return call.connection_name.c_str();
  if (key == "user_id") return call.user_id.c_str();
  if (key == "user_email") return call.user_email.c_str();
  if (key.starts_with("argument.")) return Argument(call, key.substr(9));
  if (key.starts_with("env.")) return Find(call.variables, key.substr(4));
  if (key.starts_with("file.")) return Find(call.files, key.substr(5));
  return nullptr;
}

// InvalidArgument without one. One that was destroyed is known while the agent still has it: within its own call-backs.
absl::Status NeedStream(const hoop_stream* stream) {
  if (const absl::Status status = Need(stream, "stream"); !status.ok()) return status;
  if (!stream->destroyed) return absl::OkStatus();
  return Error(absl::StatusCode::kFailedPrecondition, "stream: was destroyed before");
}

absl::Status NeedOpening(const hoop_stream& stream) {
  if (!stream.opening) return Error(absl::StatusCode::kFailedPrecondition, "stream: only while it opens");
  if (stream.event == nullptr && !stream.has_descriptor) return absl::OkStatus();
  return Error(absl::StatusCode::kFailedPrecondition, "stream: how it is served was said before");
}

// Both outputs.
template <typename Write>
int32_t WriteTo(hoop_stream* stream, const void* bytes, size_t size, size_t* taken, hoop_error** error, Write&& write) {
  return Guard(error, [&]() -> absl::Status {
    absl::Status status = NeedStream(stream);
    if (status.ok()) status = Need(taken, "taken");
    if (status.ok() && size > 0) status = Need(bytes, "bytes");
    if (!status.ok()) return status;
    *taken = 0;
    const absl::StatusOr<size_t> result =
        write(*stream->stream, std::string_view(static_cast<const char*>(bytes), size));
    if (result.ok()) *taken = *result;
    return result.status();
  });
}

}  // namespace
}  // namespace hoop::c

using hoop::c::Guard;
using hoop::c::Need;

int32_t hoop_stream_on_event(hoop_stream* stream, hoop_event_fn event, void* user_data,
                             void (*destroy)(void* user_data), hoop_error** error) {
  return Guard(error, [&]() -> absl::Status {
    absl::Status status = hoop::c::NeedStream(stream);
    if (status.ok()) status = Need(reinterpret_cast<const void*>(event), "event");
    if (status.ok()) status = hoop::c::NeedOpening(*stream);
    if (!status.ok()) return status;
    stream->user_data = std::make_unique<hoop::c::UserData>(user_data, destroy);
    stream->event = event;
    return absl::OkStatus();
  });
}

int32_t hoop_stream_take_descriptor(hoop_stream* stream, int* descriptor, hoop_error** error) {
  return Guard(error, [&]() -> absl::Status {
    absl::Status status = hoop::c::NeedStream(stream);
    if (status.ok()) status = Need(descriptor, "descriptor");
    if (status.ok()) status = hoop::c::NeedOpening(*stream);
    if (!status.ok()) return status;
    const absl::StatusOr<int> taken = stream->stream->TakeDescriptor();
    if (!taken.ok()) return taken.status();
    *descriptor = *taken;
    stream->has_descriptor = true;
    return absl::OkStatus();
  });
}

int32_t hoop_stream_write(hoop_stream* stream, const void* bytes, size_t size, size_t* taken, hoop_error** error) {
  return hoop::c::WriteTo(stream, bytes, size, taken, error,
                          [](hoop::HostStream& to, std::string_view text) { return to.Write(text); });
}

int32_t hoop_stream_write_error(hoop_stream* stream, const void* bytes, size_t size, size_t* taken,
                                hoop_error** error) {
  return hoop::c::WriteTo(stream, bytes, size, taken, error,
                          [](hoop::HostStream& to, std::string_view text) { return to.WriteError(text); });
}

int32_t hoop_stream_finish(hoop_stream* stream, hoop_error** error) {
  return Guard(error, [&]() -> absl::Status {
    if (const absl::Status status = hoop::c::NeedStream(stream); !status.ok()) return status;
    stream->stream->FinishWriting();
    return absl::OkStatus();
  });
}

int32_t hoop_stream_end(hoop_stream* stream, int32_t exit_code, const char* reason, hoop_error** error) {
  return Guard(error, [&]() -> absl::Status {
    if (const absl::Status status = hoop::c::NeedStream(stream); !status.ok()) return status;
    if (exit_code < 0 || exit_code > 255) {
      return hoop::c::Error(absl::StatusCode::kInvalidArgument, "exit_code is not between 0 and 255");
    }
    stream->stream->End(exit_code, reason == nullptr ? "" : reason);
    return absl::OkStatus();
  });
}

int32_t hoop_stream_set_reading(hoop_stream* stream, int32_t reading, hoop_error** error) {
  return Guard(error, [&]() -> absl::Status {
    if (const absl::Status status = hoop::c::NeedStream(stream); !status.ok()) return status;
    stream->stream->SetReading(reading != 0);
    return absl::OkStatus();
  });
}

const char* hoop_stream_get(const hoop_stream* stream, const char* key) {
  const char* text = nullptr;
  Guard(nullptr, [&]() -> absl::Status {
    absl::Status status = hoop::c::NeedStream(stream);
    if (status.ok()) status = Need(key, "key");
    if (!status.ok()) return status;
    text = hoop::c::Get(stream->stream->call(), key);
    return absl::OkStatus();
  });
  return text;
}

void hoop_stream_destroy(hoop_stream* stream) {
  if (stream == nullptr || stream->destroyed.exchange(true)) return;
  const std::shared_ptr<hoop_stream> last = std::move(stream->held_by_host);
  stream->stream.reset();
}
