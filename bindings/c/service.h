// A host's open function as a HostService. Made by hoop_options_serve; makes a hoop_stream for each connection.
#pragma once

#include <memory>

#include "guard.h"
#include "hoop/host_service.h"

namespace hoop::c {

class CallbackService final : public HostService {
 public:
  CallbackService(hoop_open_fn open, void* user_data, void (*destroy)(void*))
      : open_(open), user_data_(user_data, destroy) {}

  absl::StatusOr<std::unique_ptr<HostStreamEvents>> Open(std::unique_ptr<HostStream> stream) override;

 private:
  const hoop_open_fn open_;
  const UserData user_data_;
};

}  // namespace hoop::c
