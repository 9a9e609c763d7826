// The small encodings of gRPC over HTTP/2: prefixes, statuses, time-outs, binary headers. Pure functions.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace hoop {

inline constexpr std::string_view kGrpcService = "/protobuf.Transport/";
inline constexpr std::string_view kGrpcContentType = "application/grpc";
// A google.rpc.Status in the trailers; in absl::Status the payload of this name.
inline constexpr char kStatusDetailsHeader[] = "grpc-status-details-bin";

// Before each message: a flag (compressed) and the length, big end first.
inline constexpr size_t kGrpcPrefixBytes = 5;
using GrpcPrefix = std::array<char, kGrpcPrefixBytes>;
GrpcPrefix MakeGrpcPrefix(size_t message_size);
uint32_t GrpcPrefixSize(const GrpcPrefix& prefix);

// `grpc-message`: everything but printable ASCII, and '%', as %XX. Decoding leaves what is no such escape as it is.
std::string PercentEncode(std::string_view text);
std::string PercentDecode(std::string_view text);

// `grpc-timeout`: up to 8 digits and a unit. Nothing for malformed text.
std::optional<absl::Duration> ParseGrpcTimeout(std::string_view text);
std::string FormatGrpcTimeout(absl::Duration timeout);

// Values of headers named "-bin": base64, with or without padding; we send none.
std::optional<std::string> DecodeBinaryHeader(std::string_view text);
std::string EncodeBinaryHeader(std::string_view bytes);

// `grpc-status` and `grpc-message` (already decoded). Unknown codes become Unknown.
absl::Status StatusFromGrpc(std::string_view code, std::string_view message);

// What real peers accept in a header's value: printable ASCII without blanks at the ends.
std::string HeaderText(std::string_view value);

// A message that is no Packet, in the words of real peers.
absl::Status UnmarshalError(const absl::Status& cause);

// What an answer without gRPC means.
absl::Status StatusFromHttp(std::string_view http_status);

// "NO_ERROR", "CANCEL" ...: names of HTTP/2 error codes.
std::string Http2ErrorName(uint32_t code);

}  // namespace hoop
