/*
 * hoop.h - libhoop for every language: gateways and agents inside a program of your own.
 *
 * Purpose. An agent lives beside private services, dials out to a gateway and serves the connections that users open
 * there. With this library your own program carries such an agent, and may serve connections by functions of its own
 * (hoop_options_serve): users reach them with the ordinary `hoop connect` and `hoop exec`, and the gateway identifies,
 * authorizes and records them like every other session. A gateway can be carried, too.
 *
 * Life cycle. hoop_options_create, hoop_options_set ...; hoop_agent_create (or hoop_gateway_create), which copies the
 * options and checks them; _start, once; then it works on threads of its own; _stop, which ends its sessions within a
 * deadline; _destroy. _wait returns once _stop has. A stopped one is not started again: create another.
 * A call in the wrong state says HOOP_FAILED_PRECONDITION.
 *
 * Ownership. What a _create gives is yours until its _destroy, which takes NULL, too. A stream that `open` accepts is
 * yours until hoop_stream_destroy. Texts given in are copied. Texts given out as `const char *` live as long as the
 * object they came from; those given out as `char *` end with hoop_string_destroy. Call-backs come as function, user
 * data, destroy function: destroy (which may be NULL) is called once, when the function will not be called any more;
 * where the call that brings them fails, never. What was destroyed must not be used: only of a stream that is noticed,
 * within its own call-backs (HOOP_FAILED_PRECONDITION).
 *
 * Errors. Functions that can fail return a status: HOOP_OK or a negative number, fixed for ever; new ones may be added.
 * Their last parameter, which may be NULL, receives an object with the text, yours to destroy; it is left alone where
 * the call succeeds. Texts never hold secrets. No C++ exception leaves the library.
 *
 * Threads. Every function may be called from any thread, several at a time on the same object, but for _destroy, which
 * is the last call on its object, and options, which are set by one thread at a time. `open` and events come on the
 * agent's thread, one at a time, and must not block: all sessions of that agent wait meanwhile. Within call-backs the
 * functions of streams and options may be called, hoop_agent_connected, hoop_gateway_replace_tls and _get, but for
 * "setup_token"; what waits (_start, _stop, _wait, _destroy, the rest) says HOOP_FAILED_PRECONDITION. A call-back that
 * throws, in C++, counts as HOOP_INTERNAL: `open` refuses, an event ends its stream as a failure, a record ends its
 * reading, a token is refused, a log line is lost.
 *
 * Signals, processes. The library installs no signal handler and its threads take no signal. It does not exit, reads
 * no environment and writes neither to stdout nor to stderr. (Its HTTP parser sets SIGPIPE for a moment while a gateway
 * starts; the disposition is put back. With "postgres_db_uri" libpq reads its own PG* variables.) Descriptors close on
 * exec. After fork() without exec the child must not use the library. Commands of ordinary connections are started by
 * a separate program: option "warden" of an agent. dlclose() unloads the library once everything was destroyed.
 *
 * Logging. Silent, unless hoop_options_set_log gives a function. It may be called from any thread, also several at a
 * time and from inside calls of yours; it must return soon.
 *
 * Compatibility. Functions and numbers declared here stay, with their meaning, for as long as the library is called
 * libhoop.so.0; what is new comes as a new function, option key, stream key or event. Ignore events you do not know.
 * hoop_version_number() says what runs, HOOP_VERSION_NUMBER what was compiled against. bindings/c/CHANGES.md lists all
 * changes.
 */
#ifndef HOOP_H
#define HOOP_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define HOOP_API __attribute__((visibility("default")))
#else
#define HOOP_API
#endif

/* --- Version --- */

#define HOOP_VERSION_NUMBER 0x000100 /* major << 16 | minor << 8 | patch */
HOOP_API uint32_t hoop_version_number(void);
HOOP_API const char* hoop_version(void); /* "0.1.0" */

/* --- Status and errors --- */

#define HOOP_OK 0
#define HOOP_CANCELLED (-1)
#define HOOP_UNKNOWN (-2)
#define HOOP_INVALID_ARGUMENT (-3) /* what was said cannot be: the text names it */
#define HOOP_DEADLINE_EXCEEDED (-4)
#define HOOP_NOT_FOUND (-5)
#define HOOP_ALREADY_EXISTS (-6)
#define HOOP_PERMISSION_DENIED (-7)
#define HOOP_RESOURCE_EXHAUSTED (-8)  /* a bound was reached, or memory or disk is full */
#define HOOP_FAILED_PRECONDITION (-9) /* not in this state */
#define HOOP_ABORTED (-10)
#define HOOP_UNIMPLEMENTED (-12)
#define HOOP_INTERNAL (-13)    /* a bug of ours */
#define HOOP_UNAVAILABLE (-14) /* a peer, or the stream, is gone: try again */
#define HOOP_DATA_LOSS (-15)
#define HOOP_UNAUTHENTICATED (-16)

/* "not found"; "unknown" for numbers that mean nothing here. */
HOOP_API const char* hoop_status_text(int32_t status);

typedef struct hoop_error hoop_error;
HOOP_API int32_t hoop_error_status(const hoop_error* error);   /* HOOP_OK for NULL */
HOOP_API const char* hoop_error_text(const hoop_error* error); /* "" for NULL */
HOOP_API void hoop_error_destroy(hoop_error* error);

HOOP_API void hoop_string_destroy(char* text);

/* --- Options: key and value, for gateways, agents and connections --- */

typedef struct hoop_options hoop_options;
typedef struct hoop_stream hoop_stream;

/*
 * `kind` is "agent", "gateway" or "connection". NULL: memory is short, or there is no such kind.
 *
 * agent         key                     required: the line that `hoop admin create agent` prints
 *               tls_ca, tls_server_name, tls_certificate, tls_key    PEM texts, for keys with grpcs://
 *               version                 what the gateway shows for this agent
 *               warden                  the path of hoop-agent: connections may then start commands
 *               runtime_dir             where secret files of commands live for a while (default: /tmp)
 *               require_verified_tls    true, false: refuse databases whose TLS does not verify the server
 *               env.NAME                a variable that connections may ask for; PATH and HOME go to every command
 * gateway       data_dir                required: store and keys; made when missing
 *               postgres_db_uri         default: SQLite in data_dir
 *               secrets_key             as HOOP_SECRETS_KEY; default: a file in data_dir, made when missing
 *               journal_dir, http_listen, grpc_listen, api_url, grpc_url, version
 *               tls_certificate, tls_key, tls_client_ca              PEM texts: both listeners speak TLS
 *               tls_client_auth         off, optional (default with tls_client_ca), agents: docs/tls.md
 *               allow_plaintext         true, false
 *               journal_bytes_max, journal_segment_bytes             numbers
 *               admin_group             whose members are administrators (default: admin)
 *               log_requests            true, false: a line for each HTTP request
 *               log_calls               1: a line for each gRPC call; 2: with the names of its headers
 *               Texts about TLS name options as the variables of the programs: TLS_CERT, TLS_KEY, TLS_CA ...
 * connection    name, agent             required; a name as REST has it: 3 letters or digits at least
 *               type, subtype           for example application and tcp
 *               command.0, command.1    in order
 *               envvar:NAME, filesystem:NAME    what the agent is told of the target
 *               tag.NAME, access_modes (connect,exec,runbooks), record (durable, buffered), overwrite (true, false)
 */
HOOP_API hoop_options* hoop_options_create(const char* kind);
HOOP_API void hoop_options_destroy(hoop_options* options);
/* HOOP_INVALID_ARGUMENT: no such key for this kind, or not such a value; the text names the key. The last value counts.
 */
HOOP_API int32_t hoop_options_set(hoop_options* options, const char* key, const char* value, hoop_error** error);

#define HOOP_LOG_DEBUG 0
#define HOOP_LOG_INFO 1
#define HOOP_LOG_WARNING 2
#define HOOP_LOG_ERROR 3
/* An event with `count` keys and values. The texts live until it returns. */
typedef void (*hoop_log_fn)(int32_t level, const char* event, const char* const* keys, const char* const* values,
                            size_t count, void* user_data);
/* Of agents and gateways: everything from `lowest` on. */
HOOP_API int32_t hoop_options_set_log(hoop_options* options, int32_t lowest, hoop_log_fn log, void* user_data,
                                      void (*destroy)(void* user_data), hoop_error** error);

/* --- Connections that this program serves --- */

/*
 * A user has opened a connection that names the service: a byte stream (type application, subtype tcp) whose HOST is
 * "host:<service>", PORT any port; or a command (type command-line) whose first word is "host:<service>". Called for
 * each TCP connection of a user's program, and for each `hoop exec`.
 * Accept it by returning HOOP_OK after hoop_stream_on_event or hoop_stream_take_descriptor: then the stream is yours
 * until hoop_stream_destroy. Any other status refuses it, and the stream is gone: destroy it not.
 */
typedef int32_t (*hoop_open_fn)(hoop_stream* stream, void* user_data);

/* Of agents: `open` serves "host:<service>". HOOP_ALREADY_EXISTS: something does. */
HOOP_API int32_t hoop_options_serve(hoop_options* options, const char* service, hoop_open_fn open, void* user_data,
                                    void (*destroy)(void* user_data), hoop_error** error);

#define HOOP_EVENT_DATA 1     /* the user sent `bytes` */
#define HOOP_EVENT_FINISH 2   /* the user sends no more; of a command: its input is complete */
#define HOOP_EVENT_WRITABLE 3 /* there is room again, after a write that took less than all */
#define HOOP_EVENT_CLOSED 4   /* the last one: the stream has ended, `bytes` is why if that was not in order */
typedef void (*hoop_event_fn)(hoop_stream* stream, int32_t event, const void* bytes, size_t size, void* user_data);

/* Within `open`: serve by events. They come until HOOP_EVENT_CLOSED, or until hoop_stream_destroy. */
HOOP_API int32_t hoop_stream_on_event(hoop_stream* stream, hoop_event_fn event, void* user_data,
                                      void (*destroy)(void* user_data), hoop_error** error);
/*
 * Within `open`: serve by a connected, blocking socket, which is yours to close; a thread of yours reads and writes it
 * (with MSG_NOSIGNAL, or SIGPIPE ignored: the user may leave at any time). No events. A command ends when the socket
 * is closed or shut down for writing, with the code that hoop_stream_end has said until then, else 0.
 */
HOOP_API int32_t hoop_stream_take_descriptor(hoop_stream* stream, int* descriptor, hoop_error** error);

/*
 * Never blocks. `taken` receives how many bytes were taken; when fewer than all, HOOP_EVENT_WRITABLE follows once there
 * is room. HOOP_UNAVAILABLE: the stream is over. HOOP_FAILED_PRECONDITION: ended, or served by a descriptor.
 */
HOOP_API int32_t hoop_stream_write(hoop_stream* stream, const void* bytes, size_t size, size_t* taken,
                                   hoop_error** error);
/* The error output of a command; works with a descriptor, too. */
HOOP_API int32_t hoop_stream_write_error(hoop_stream* stream, const void* bytes, size_t size, size_t* taken,
                                         hoop_error** error);
/* Half close of a byte stream, behind what was written. */
HOOP_API int32_t hoop_stream_finish(hoop_stream* stream, hoop_error** error);
/* Ends it, behind what was written, with a code from 0 to 255. `reason`, which may be NULL, is for the user. The first
 * end counts. */
HOOP_API int32_t hoop_stream_end(hoop_stream* stream, int32_t exit_code, const char* reason, hoop_error** error);
/* 0: no HOOP_EVENT_DATA any more, the user is held back; 1: again. */
HOOP_API int32_t hoop_stream_set_reading(hoop_stream* stream, int32_t reading, hoop_error** error);
/*
 * What is known of it, NULL if nothing: "service", "kind" (stream, command), "session_id", "connection_id",
 * "connection_name", "user_id", "user_email", "argument.0", "argument.1" ..., "env.NAME", "file.NAME".
 */
HOOP_API const char* hoop_stream_get(const hoop_stream* stream, const char* key);
/*
 * One that has not ended ends as a failure. Also within its own events. No further event begins then; one that runs on
 * the agent's thread may still be on its way: the destroy function of its user data says when that is over.
 */
HOOP_API void hoop_stream_destroy(hoop_stream* stream);

/* --- Agent --- */

typedef struct hoop_agent hoop_agent;

/* HOOP_INVALID_ARGUMENT: an option is wrong or missing. The options stay yours. */
HOOP_API int32_t hoop_agent_create(const hoop_options* options, hoop_agent** agent, hoop_error** error);
/* Dials the gateway, and again whenever it is lost, until _stop. */
HOOP_API int32_t hoop_agent_start(hoop_agent* agent, hoop_error** error);
/* 1: the gateway has accepted it; 0: not, and `why`, which may be NULL, receives the last error if there was one. */
HOOP_API int32_t hoop_agent_connected(hoop_agent* agent, hoop_error** why);
/* Until it is connected, between _start and _stop. HOOP_DEADLINE_EXCEEDED: not within that time; the text says why. */
HOOP_API int32_t hoop_agent_wait_connected(hoop_agent* agent, int64_t milliseconds, hoop_error** error);
/* Ends all sessions and their processes within that time. Stopping a stopped one is HOOP_OK. */
HOOP_API int32_t hoop_agent_stop(hoop_agent* agent, int64_t milliseconds, hoop_error** error);
/* Until _stop is done; a negative number: for ever. HOOP_DEADLINE_EXCEEDED: not within that time. */
HOOP_API int32_t hoop_agent_wait(hoop_agent* agent, int64_t milliseconds, hoop_error** error);
/* Stops it if need be. No call-back comes afterwards. HOOP_FAILED_PRECONDITION: from inside one, nothing was done. */
HOOP_API int32_t hoop_agent_destroy(hoop_agent* agent);

/* --- Gateway --- */

typedef struct hoop_gateway hoop_gateway;

/* Opens store, journal and keys. HOOP_FAILED_PRECONDITION: another gateway runs in this folder. */
HOOP_API int32_t hoop_gateway_create(const hoop_options* options, hoop_gateway** gateway, hoop_error** error);
/* Listens and serves. HOOP_FAILED_PRECONDITION: an address is in use. */
HOOP_API int32_t hoop_gateway_start(hoop_gateway* gateway, hoop_error** error);
HOOP_API int32_t hoop_gateway_stop(hoop_gateway* gateway, int64_t milliseconds, hoop_error** error);
HOOP_API int32_t hoop_gateway_wait(hoop_gateway* gateway, int64_t milliseconds, hoop_error** error);
HOOP_API int32_t hoop_gateway_destroy(hoop_gateway* gateway);

/* The rest: while it runs. */

/*
 * Another certificate for connections that come from now on; those that stand stay. Of `options`, which are a
 * gateway's, those that begin with tls_ count, all of them; tls_client_auth is what it was.
 * HOOP_INVALID_ARGUMENT: something is wrong with them, all stays as it was. HOOP_FAILED_PRECONDITION: this gateway does
 * not speak TLS.
 */
HOOP_API int32_t hoop_gateway_replace_tls(hoop_gateway* gateway, const hoop_options* options, hoop_error** error);
/*
 * `text` receives a text of yours.
 * "http_address", "grpc_address", "api_url", "grpc_url", "audit_public_key"; "setup_token" (of the first account;
 * HOOP_FAILED_PRECONDITION: there is one already).
 */
HOOP_API int32_t hoop_gateway_get(hoop_gateway* gateway, const char* key, char** text, hoop_error** error);
/* Makes the account, or gives it this password, with all rights. */
HOOP_API int32_t hoop_gateway_ensure_admin(hoop_gateway* gateway, const char* email, const char* password,
                                           hoop_error** error);
/* A bearer token of that account for the command line and REST. */
HOOP_API int32_t hoop_gateway_issue_token(hoop_gateway* gateway, const char* email, int64_t seconds, char** token,
                                          hoop_error** error);
/* Makes the agent if it is missing, and a fresh key for it: option "key". */
HOOP_API int32_t hoop_gateway_issue_agent_key(hoop_gateway* gateway, const char* agent, char** key, hoop_error** error);
/* HOOP_ALREADY_EXISTS: it is there, and "overwrite" is not set. */
HOOP_API int32_t hoop_gateway_apply_connection(hoop_gateway* gateway, const hoop_options* connection,
                                               hoop_error** error);

/* --- Who somebody is, to a gateway --- */

typedef struct hoop_identity hoop_identity;

/*
 * Whose token it is now, as sessions and REST are told: that of an account, of a service account, or an API key.
 * `identity` receives an object of yours. HOOP_UNAUTHENTICATED: nobody's, or not any more; the text says why.
 */
HOOP_API int32_t hoop_gateway_verify_token(hoop_gateway* gateway, const char* token, hoop_identity** identity,
                                           hoop_error** error);
/*
 * What is known, NULL if nothing: "subject", "user_id", "org_id", "email", "name", "group.0", "group.1" ...,
 * "is_admin", "is_auditor" (true, false), "expires_at" (2026-01-02T15:04:05Z; NULL: the token never does).
 */
HOOP_API const char* hoop_identity_get(const hoop_identity* identity, const char* key);
HOOP_API void hoop_identity_destroy(hoop_identity* identity);

/*
 * Tells a gateway whose `token` it is, beside the gateway's own accounts and API keys, about which it is not asked.
 * `identity`, empty, is lent until it returns: fill it by hoop_identity_set. Return
 *   HOOP_OK                 the token is good now, `identity` is whose
 *   HOOP_UNAUTHENTICATED    it is nobody's, or not any more
 *   HOOP_NOT_FOUND          it is none of yours; then it is nobody's
 *   HOOP_UNAVAILABLE        that cannot be said now; anything else counts as HOOP_INTERNAL
 * Called for every session, every REST request and every two minutes for each session that runs, which
 * HOOP_UNAUTHENTICATED then ends; and within hoop_gateway_verify_token. On threads of the gateway, several at a time.
 * It may block: eight sessions that begin wait for it at a time and 512 behind them, of REST's requests four and 256,
 * while agents and the gateway's own users come in. hoop_gateway_destroy waits for what is under way: bound your
 * look-ups, remember answers.
 */
typedef int32_t (*hoop_verify_fn)(const char* token, hoop_identity* identity, void* user_data);
/* Of gateways; the last one counts. The keys of agents are the gateway's as before. */
HOOP_API int32_t hoop_options_set_verifier(hoop_options* options, hoop_verify_fn verify, void* user_data,
                                           void (*destroy)(void* user_data), hoop_error** error);
/*
 * Within hoop_verify_fn. "subject" is needed, by which your users are told apart; "user_id" and "email" are the subject
 * where they are not set; "name"; "group.0", "group.1" ... in this order; "is_admin", "is_auditor" (default: false, no
 * group makes an administrator here); "expires_at" (default: never). Of a refusal: "reason", for the log and
 * hoop_gateway_verify_token; users read "invalid authentication", but for the reason "user is not active".
 * Each text is a line of UTF-8 of at most 2048 bytes, without control characters; at most 1000 groups.
 * HOOP_INVALID_ARGUMENT: no such key, or not such a value; then HOOP_OK of this call-back is not believed, either. An
 * answer that cannot be used counts as HOOP_INTERNAL, with a line in the log that says why.
 */
HOOP_API int32_t hoop_identity_set(hoop_identity* identity, const char* key, const char* value, hoop_error** error);

/* --- What a gateway recorded --- */

/*
 * Which sessions there are is asked of REST (GET /api/sessions, docs/rest.md) with a token of hoop_gateway_issue_token;
 * a session that this program serves says its id: hoop_stream_get(stream, "session_id").
 */

#define HOOP_RECORD_OPEN 1             /* the first one: who uses what, JSON */
#define HOOP_RECORD_OPEN_OK 2          /* the target answered */
#define HOOP_RECORD_INPUT 3            /* bytes towards the target */
#define HOOP_RECORD_OUTPUT 4           /* bytes from the target */
#define HOOP_RECORD_ERROR_OUTPUT 5     /* of a command */
#define HOOP_RECORD_CONNECTION_CLOSE 6 /* one connection id ended */
#define HOOP_RECORD_CONTROL 7          /* a terminal's size, and packets without content */
#define HOOP_RECORD_VERDICT 8          /* what was recorded before was refused or replaced */
#define HOOP_RECORD_SEAL 9             /* the last one: the signed seal, JSON */
#define HOOP_RECORD_GIVEN 10           /* the second one, where the user gave arguments or variables, JSON */
#define HOOP_FROM_USER 1
#define HOOP_FROM_TARGET 2
#define HOOP_FROM_GATEWAY 3
/*
 * One record: when (microseconds since 1970), what, from whom, of which connection id ("0" is a command's), and its
 * bytes, which live until it returns. HOOP_OK goes on, anything else ends the reading.
 */
typedef int32_t (*hoop_record_fn)(int64_t microseconds, int32_t kind, int32_t from, const char* connection_id,
                                  const void* bytes, size_t size, void* user_data);
/*
 * Calls `record` on this thread for each record of the session, in order, also of one that still runs. Takes bounded
 * memory; a call-back that is slow keeps nobody else waiting. HOOP_NOT_FOUND: no such session. HOOP_DATA_LOSS: what is
 * stored is damaged there. HOOP_CANCELLED: `record` ended it.
 */
HOOP_API int32_t hoop_gateway_read_record(hoop_gateway* gateway, const char* session_id, hoop_record_fn record,
                                          void* user_data, hoop_error** error);
/*
 * Computes checksums, chain and signature once more. HOOP_OK: the record is whole, unchanged and sealed.
 * HOOP_UNAVAILABLE: not yet, for the session still runs: nothing is wrong so far, its end will be the seal.
 * HOOP_DATA_LOSS: it is not; the text names the record, or says that the session is over and there is no seal.
 */
HOOP_API int32_t hoop_gateway_verify_record(hoop_gateway* gateway, const char* session_id, hoop_error** error);

#ifdef __cplusplus
}
#endif

#endif /* HOOP_H */
