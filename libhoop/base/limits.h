// Every bound of the library, with its unit and the reason for its value. A test reaches each of them.
#pragma once

#include <cstddef>
#include <cstdint>

#include "absl/time/time.h"

namespace hoop::limits {

inline constexpr size_t kKiB = 1024, kMiB = 1024 * kKiB, kGiB = 1024 * kMiB;

// Wire. Real peers of 2026 accept 17 MiB, of 2024 16 MiB: we accept the larger and send the smaller.
inline constexpr size_t kMessageReceiveBytesMax = 17 * kMiB;
inline constexpr size_t kMessageSendBytesMax = 16 * kMiB;
inline constexpr size_t kPacketTypeBytesMax = 256;
inline constexpr size_t kPacketSpecEntriesMax = 64;
inline constexpr size_t kChunkBytesMax = 64 * kKiB;        // one read, one packet (capability "chunks")
inline constexpr size_t kHeaderBlockBytesMax = 64 * kKiB;  // big group claims in a token

// Listeners, before a peer has proved who it is.
inline constexpr absl::Duration kPreAuthTime = absl::Seconds(10);
inline constexpr size_t kPreAuthBytesMax = 4 * kMiB;         // of all such connections of a listener together
inline constexpr size_t kPreAuthWindowBytes = 64 * kKiB;     // unread bytes of one such connection
inline constexpr size_t kPreAuthConnectionBytes = 2 * kKiB;  // what one costs that has said nothing yet
inline constexpr size_t kConnectionsMax = 20000;             // per listener

inline constexpr size_t kAcceptsPerTurnMax = 64;                             // the others wait for the next turn
inline constexpr absl::Duration kAcceptPauseTime = absl::Milliseconds(100);  // without a free descriptor

// Name look-ups of one loop: a slow name server holds one thread, not the others.
inline constexpr size_t kNameLookupThreadsMax = 8;
inline constexpr size_t kNameLookupQueueMax = 1024;

// HTTP/2 windows (contracts: 64 KiB at first, up to 256 KiB while they drain).
inline constexpr size_t kStreamWindowBytes = 64 * kKiB;
inline constexpr size_t kStreamWindowBytesMax = 256 * kKiB;
inline constexpr size_t kConnectionHeldBytesMax = 64 * kMiB;  // above it the session stalled longest ends
inline constexpr size_t kStreamsPerConnectionMax = 20000;
inline constexpr size_t kPreAuthStreamsPerConnectionMax = 8;  // more are refused until the peer is known
inline constexpr size_t kConnectionWindowBytes = 1 * kGiB;    // given back on arrival: only stream windows hold back
inline constexpr size_t kHttp2FrameBytesMax = 64 * kKiB;      // size is noise for speed; bounds a turn's smallest step
inline constexpr size_t kHttp2ReadBytes = 128 * kKiB;         // one read of a turn, one buffer per loop
inline constexpr size_t kHttp2WriteBytes = 256 * kKiB;        // one write of a turn; also what waits for a full socket
inline constexpr int kPingsUnansweredMax = 2;                 // then the connection is broken

// Session.
inline constexpr size_t kSharedStreamQueueHighBytes = 1 * kMiB;
inline constexpr size_t kSharedStreamQueueLowBytes = 512 * kKiB;
inline constexpr absl::Duration kSharedStreamStallTime = absl::Seconds(2);
inline constexpr size_t kSendQueueHighBytes = 256 * kKiB;  // a stream's peer is not read above
inline constexpr size_t kSendQueueLowBytes = 64 * kKiB;    // and read again below
inline constexpr size_t kHeldReplyBytesMax = 1 * kMiB;     // replies of one connection id that wait for the sync
inline constexpr size_t kConnectionIdsMax = 4096;          // local connections of one session
inline constexpr size_t kConnectionIdBytesMax = 64;
inline constexpr absl::Duration kDuplicateAgentTime = absl::Seconds(2);  // for the older connection to answer
inline constexpr absl::Duration kAgentWaitTime = absl::Seconds(15);      // old clients wait for an offline agent
inline constexpr size_t kFinishedIdsRemembered = 4096;  // of one session: late packets of theirs are dropped
inline constexpr absl::Duration kAgentStreamOpenTime = absl::Seconds(10);
inline constexpr absl::Duration kSealWaitTime = absl::Seconds(5);
inline constexpr absl::Duration kSessionTimeMax = absl::Hours(48);
inline constexpr absl::Duration kCloseGraceTime = absl::Seconds(2);
inline constexpr size_t kSessionsMax = 20000;

// Journal.
inline constexpr size_t kRecordPayloadBytesMax = 64 * kKiB;
inline constexpr size_t kSegmentBytes = 64 * kMiB;
inline constexpr size_t kLaneUnsyncedBytesMax = 8 * kMiB;
inline constexpr absl::Duration kLaneSyncAgeMax = absl::Milliseconds(100);
inline constexpr uint64_t kJournalBytesMax = 4 * kGiB;
inline constexpr size_t kFlushChunkBytes = 1 * kMiB;
inline constexpr absl::Duration kFlushAge = absl::Seconds(1);
inline constexpr size_t kSegmentBytesMin = 512 * kKiB;  // some records of the largest size
inline constexpr size_t kSealBytesMax = 2 * kKiB;       // of a lane, kept free for each open session
inline constexpr size_t kEndReasonBytesMax = 256;       // so that a seal keeps to its bound
inline constexpr uint64_t kSessionJournalShare = 4;     // a session holds a quarter of the journal at most
inline constexpr absl::Duration kJournalFullTime = absl::Seconds(10);
inline constexpr absl::Duration kSegmentRetryTime = absl::Seconds(1);
inline constexpr absl::Duration kWriteStallTime = absl::Seconds(1);
inline constexpr size_t kFlushPassBytes = 8 * kMiB;  // of one lane, held in memory and in one transaction
inline constexpr absl::Duration kFlushRetryTime = absl::Seconds(1);
inline constexpr absl::Duration kFlushWaitTime = absl::Seconds(10);  // of a reader for what is not flushed yet

// PostgreSQL protocol.
inline constexpr size_t kPostgresFrameBytesMax = 1 * kGiB;         // the server's own bound; bodies flow through
inline constexpr size_t kPostgresPacketFrameBytesMax = 16 * kMiB;  // a message that an old peer wants whole in a packet
inline constexpr size_t kPostgresStartupBytesMax = 10000;          // the server's own bound
inline constexpr size_t kPostgresEncryptionRequestsMax = 16;       // libpq asks twice
inline constexpr size_t kPostgresLoginMessageBytesMax = 64 * kKiB;  // messages kept whole during a login
inline constexpr size_t kPostgresEarlyBytesMax = 256 * kKiB;        // sent by a client before its login is done
inline constexpr uint32_t kScramIterationsMax = 1000000;            // half a second of a worker; the default is 4096
inline constexpr size_t kStatementTextBytesMax = 64 * kKiB;         // of one statement in the audit
inline constexpr size_t kPreparedTextsBytesMax = 16 * kMiB;         // of all prepared statements of a connection
inline constexpr size_t kStatementNamesMax = 16384;                 // prepared statements, and portals, of a connection
inline constexpr size_t kStatementPendingMax = 262144;              // requests without an answer
inline constexpr size_t kStatementPendingBytesMax = 64 * kMiB;      // of their texts

// gob. Counts and nesting are bounded by the bytes left, too.
inline constexpr size_t kGobNestingMax = 64;
inline constexpr size_t kGobTypesMax = 1024;     // definitions in one stream; real ones have five
inline constexpr size_t kGobValuesMax = 262144;  // of one stream: a value in memory is larger than on the wire

// Workers.
inline constexpr absl::Duration kLoopAnswerTime = absl::Seconds(5);  // a REST thread waits for the packet loop
inline constexpr size_t kWorkerQueueMax = 4096;
inline constexpr size_t kHashQueueMax = 64;  // password hashes cost tens of milliseconds each

// Store.
inline constexpr size_t kStoreReadersMax = 4;                       // reading connections of one database
inline constexpr size_t kStoreStatementsMax = 256;                  // prepared statements of one connection
inline constexpr absl::Duration kStoreBusyTime = absl::Seconds(5);  // waiting for another process's lock
inline constexpr size_t kStoreLogBytesMax = 64 * kMiB;   // the write-ahead log is cut to this when it was emptied
inline constexpr size_t kSearchTextBytesMax = 1 * kKiB;  // a pattern in a list's filter

// Identity.
inline constexpr absl::Duration kTokenLifetime = absl::Hours(12);
inline constexpr absl::Duration kTokenClockSkew = absl::Minutes(1);  // a token from the future, after a clock step
inline constexpr size_t kTokenBytesMax = 4 * kKiB;                   // of a token we signed
inline constexpr size_t kTokenJsonDepthMax = 4;
inline constexpr size_t kPasswordBytesMax = 1024;
inline constexpr size_t kScryptMemoryBytesMax = 64 * kMiB;
inline constexpr size_t kEmailBytesMax = 254;  // RFC 5321
inline constexpr size_t kAgentDsnBytesMax = 2 * kKiB;
inline constexpr size_t kSecretFileBytesMax = 16 * kKiB;

// HTTP door and REST.
inline constexpr size_t kHttpTargetBytesMax = 4 * kKiB;  // path and query of a request line
inline constexpr size_t kHttpHeaderLinesMax = 100;
inline constexpr absl::Duration kHttpBodyTime = absl::Seconds(30);   // from the head to the last byte of the body
inline constexpr absl::Duration kHttpWriteTime = absl::Seconds(30);  // without a byte of the answer taken
inline constexpr absl::Duration kHttpIdleTime = absl::Seconds(75);   // between two requests; browsers keep 60 s
inline constexpr absl::Duration kHttpLingerTime = absl::Seconds(2);  // a refused peer may finish its sentence
inline constexpr size_t kHttpLingerBytesMax = 1 * kMiB;
inline constexpr size_t kRestThreads = 4;
inline constexpr size_t kRestRecordThreads = 2;  // reading a long record takes seconds
inline constexpr size_t kRestQueueMax = 256;     // requests that wait for one of them
inline constexpr size_t kRestBodyBytesMax = 1 * kMiB;
inline constexpr size_t kRestLoginBytesMax = 8 * kKiB;  // bodies of strangers
inline constexpr int kRestJsonDepthMax = 32;
inline constexpr int kRestPageRowsMax = 100;
inline constexpr int kRestOffsetMax = 10000;
inline constexpr int kRestCountMax = 10000;                   // sessions are counted up to here
inline constexpr size_t kRestEventStreamBytesMax = 8 * kMiB;  // the whole is in /record
inline constexpr size_t kRestScriptBytesMax = 1 * kMiB;
inline constexpr size_t kRestRecordPageBytes = 1 * kMiB;
inline constexpr size_t kRestRecordPageBytesMax = 8 * kMiB;
inline constexpr size_t kRestStatements = 1000;  // of one page, when nothing else is asked for
inline constexpr size_t kRestStatementsMax = 100000;
inline constexpr size_t kRestStatementProblemsMax = 10;
inline constexpr size_t kRestStatementsBytesMax = 8 * kMiB;

// Agent.
inline constexpr absl::Duration kKeepAliveInterval = absl::Seconds(10);
inline constexpr absl::Duration kPingInterval = absl::Seconds(30);
inline constexpr absl::Duration kReconnectBackoffMin = absl::Milliseconds(500);
inline constexpr absl::Duration kReconnectBackoffMax = absl::Seconds(8);
inline constexpr absl::Duration kLivenessDialTime = absl::Seconds(5);
inline constexpr absl::Duration kTargetDialTime = absl::Seconds(10);
inline constexpr absl::Duration kTerminateGraceTime = absl::Seconds(2);  // between TERM and KILL
inline constexpr size_t kExecInputBytesMax = 16 * kMiB;
inline constexpr absl::Duration kReconnectResetTime = absl::Seconds(60);  // connected as long: no back-off any more
inline constexpr size_t kAgentSessionsMax = 10000;
inline constexpr absl::Duration kKillTimeMax = absl::Seconds(10);  // for processes that KILL does not end at once
inline constexpr size_t kLaunchBytesMax = 16 * kMiB;  // arguments, environment and secret files of one command
inline constexpr size_t kLaunchesWaitingMax = 4096;   // commands that the warden has not taken yet
inline constexpr size_t kWardenMessageBytesMax = 8 * kKiB;
inline constexpr size_t kWardenMessageDescriptorsMax = 4;
inline constexpr size_t kCommandDescriptorsMax = 1024;  // soft limit of a command: select() works below it

// Client.
inline constexpr absl::Duration kReconnectTimeMax = absl::Minutes(5);
inline constexpr absl::Duration kDialTime = absl::Seconds(15);
inline constexpr absl::Duration kSessionOpenTime = absl::Seconds(60);   // for a gateway's first word; not for reviewers
inline constexpr absl::Duration kAgentOfflineWait = absl::Seconds(30);  // as real clients: sixty times
inline constexpr int kAgentOfflineAsksMax = 60;
inline constexpr absl::Duration kCancelAnswerTime = absl::Seconds(4);  // as real clients: psql waits no longer
inline constexpr size_t kLocalWaitingMax = 64;                         // accepted while no session is open
inline constexpr size_t kExecOutputHighBytes = 1 * kMiB;               // that the program has not taken
inline constexpr size_t kExecOutputLowBytes = 256 * kKiB;
inline constexpr size_t kOldReadBytesMax = 32 * kKiB;                 // of one packet, towards old agents
inline constexpr absl::Duration kHttpAnswerTime = absl::Seconds(60);  // of an API call, the body included
inline constexpr size_t kHttpBodyBytesMax = 32 * kMiB;
inline constexpr int kApiJsonDepthMax = 32;
inline constexpr size_t kApiRefusalBytesMax = 300;       // of an error's body that is not JSON
inline constexpr size_t kConfigLineBytesMax = 1 * kMiB;  // a CA bundle is one line

}  // namespace hoop::limits
