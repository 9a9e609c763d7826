// HOOP_GRPC_CLIENT, as hoop and hoop-agent understand it: which gRPC dials the gateway.
#pragma once

#include <fmt/format.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace hoop {

// The library to load: none for no choice, the one beside the program for "grpc". InvalidArgument: another value.
inline absl::StatusOr<std::string> GrpcLibrary(std::string_view choice) {
  if (choice.empty()) return std::string();
  if (choice != "grpc") {
    return absl::InvalidArgumentError(fmt::format("HOOP_GRPC_CLIENT: unknown value \"{}\"; \"grpc\" or unset", choice));
  }
  std::error_code failed;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", failed);
  return (program.parent_path() / "libhoop_grpc.so").string();
}

}  // namespace hoop
