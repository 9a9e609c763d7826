// Bounds of the HTTP door and of REST. A test reaches each of them.
#pragma once

#include <cstddef>
#include <cstdint>

#include "absl/time/time.h"
#include "base/limits/units.h"

namespace hoop::limits {

// HTTP door and REST.
inline constexpr size_t kHttpTargetBytesMax = 4 * kKiB;  // path and query of a request line
inline constexpr size_t kHttpHeaderLinesMax = 100;
inline constexpr absl::Duration kHttpBodyTime = absl::Seconds(30);   // from the head to the last byte of the body
inline constexpr absl::Duration kHttpWriteTime = absl::Seconds(30);  // for a peer to take the next part of an answer
inline constexpr size_t kHttpWritePartBytes = 64 * kKiB;
inline constexpr size_t kHttpUnsentBytesMax = 64 * kMiB;            // of all answers: above it who reads slowest is cut
inline constexpr absl::Duration kHttpIdleTime = absl::Seconds(75);  // between two requests; browsers keep 60 s
inline constexpr absl::Duration kHttpLingerTime = absl::Seconds(2);  // a refused peer may finish its sentence
inline constexpr size_t kHttpLingerBytesMax = 1 * kMiB;
inline constexpr absl::Duration kHttpFeedPulseTime = absl::Seconds(30);  // a sign of life on an event stream
inline constexpr size_t kHttpFeedsMax = 100;                             // event streams that are being read
inline constexpr size_t kRestThreads = 4;
inline constexpr size_t kRestIssuerThreads = 4;  // wait for a host's function
inline constexpr size_t kRestRecordThreads = 2;  // reading a long record takes seconds
inline constexpr size_t kRestQueueMax = 256;     // requests that wait for one of them
inline constexpr size_t kRestBodyBytesMax = 1 * kMiB;
inline constexpr size_t kRestLoginBytesMax = 8 * kKiB;  // bodies of strangers
inline constexpr int kRestJsonDepthMax = 32;
inline constexpr int kRestPageRowsMax = 100;
inline constexpr size_t kRestKeptPayloadBytesMax = 64 * kKiB;  // of an administrator's request, without secrets
inline constexpr size_t kRestFilterItemsMax = 100;             // of a list in a query
inline constexpr int kRestOffsetMax = 10000;
inline constexpr int kRestCountMax = 10000;                         // sessions are counted up to here
inline constexpr size_t kRestEventStreamBytesMax = 8 * kMiB;        // the whole is in /record
inline constexpr size_t kRestLiveBytesMax = 1 * kMiB;               // of a session, for a reader who is behind
inline constexpr absl::Duration kRestExecWait = absl::Seconds(50);  // then a command is answered to be running
inline constexpr size_t kRestExecOutputBytesMax = 16 * kMiB;
inline constexpr size_t kRestMetadataKeysMax = 20;     // of a session
inline constexpr size_t kRestMetadataBytesMax = 2500;  // of a key, of a value
inline constexpr size_t kRestCorrelationBytesMax = 255;
inline constexpr absl::Duration kRestDownloadTime = absl::Minutes(5);  // a token for a download lives so long
inline constexpr size_t kRestDownloadTokensMax = 10000;
inline constexpr size_t kRestDownloadPageBytes = 256 * kKiB;  // of a record, at a time
inline constexpr size_t kRestScriptBytesMax = 1 * kMiB;
inline constexpr size_t kRestRecordPageBytes = 1 * kMiB;
inline constexpr size_t kRestRecordPageBytesMax = 8 * kMiB;
inline constexpr size_t kRestStatements = 1000;  // of one page, when nothing else is asked for
inline constexpr size_t kRestStatementsMax = 100000;
inline constexpr size_t kRestStatementProblemsMax = 10;
inline constexpr size_t kRestStatementsBytesMax = 8 * kMiB;

}  // namespace hoop::limits
