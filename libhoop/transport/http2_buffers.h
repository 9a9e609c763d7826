// What all sessions of a loop share: nobody reads or writes between two calls, so an idle connection needs neither.
#pragma once

#include <memory>

#include "base/limits/http2.h"
#include "transport/output_batch.h"

namespace hoop {

// Made by GrpcServer or GrpcChannel. Shared with their sessions, which may outlive them by the rest of a turn.
struct Http2Buffers {
  const std::unique_ptr<char[]> read = std::make_unique_for_overwrite<char[]>(limits::kHttp2ReadBytes);
  OutputBatch output;
};

}  // namespace hoop
