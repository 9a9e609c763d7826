/* Life cycle, errors and wrong use: each refusal of the ABI. */
#include <pthread.h>

#include "gateway.h"

static const char kKey[] = "grpc://prod:xagt-0123456789abcdef0123456789abcdef@127.0.0.1:1?mode=standard";

static void test_version_and_texts(void) {
  CHECK(hoop_version_number() == HOOP_VERSION_NUMBER);
  CHECK(strcmp(hoop_version(), "0.1.0") == 0);
  CHECK(strcmp(hoop_status_text(HOOP_OK), "ok") == 0);
  CHECK(strcmp(hoop_status_text(HOOP_UNAVAILABLE), "unavailable") == 0);
  CHECK(strcmp(hoop_status_text(4711), "unknown") == 0);
  CHECK(hoop_error_status(NULL) == HOOP_OK);
  CHECK(strcmp(hoop_error_text(NULL), "") == 0);
}

static void test_null_is_nothing_to_destroy(void) {
  hoop_error_destroy(NULL);
  hoop_string_destroy(NULL);
  hoop_options_destroy(NULL);
  hoop_stream_destroy(NULL);
  CHECK(hoop_agent_destroy(NULL) == HOOP_OK);
  CHECK(hoop_gateway_destroy(NULL) == HOOP_OK);
}

static int32_t never_open(hoop_stream* stream, void* user_data) {
  (void)stream, (void)user_data;
  return HOOP_INTERNAL;
}
static void never_log(int32_t level, const char* event, const char* const* keys, const char* const* values,
                      size_t count, void* user_data) {
  (void)level, (void)event, (void)keys, (void)values, (void)count, (void)user_data;
}

static void test_null_is_refused_by_name(void) {
  hoop_options* options = hoop_options_create("agent");
  hoop_agent* agent = NULL;
  hoop_gateway* gateway = NULL;
  size_t taken;
  CHECK(hoop_options_create(NULL) == NULL);
  CHECK(hoop_options_create("teapot") == NULL);
  CHECK_FAILS(hoop_options_set(NULL, "key", "x", &error), HOOP_INVALID_ARGUMENT, "options is null");
  CHECK_FAILS(hoop_options_set(options, NULL, "x", &error), HOOP_INVALID_ARGUMENT, "key is null");
  CHECK_FAILS(hoop_options_set(options, "key", NULL, &error), HOOP_INVALID_ARGUMENT, "value is null");
  CHECK_FAILS(hoop_options_set_log(options, 0, NULL, NULL, NULL, &error), HOOP_INVALID_ARGUMENT, "log is null");
  CHECK_FAILS(hoop_options_serve(options, "x", NULL, NULL, NULL, &error), HOOP_INVALID_ARGUMENT, "open is null");
  CHECK_FAILS(hoop_options_serve(options, NULL, never_open, NULL, NULL, &error), HOOP_INVALID_ARGUMENT,
              "service is null");
  CHECK_FAILS(hoop_agent_create(NULL, &agent, &error), HOOP_INVALID_ARGUMENT, "options is null");
  CHECK_FAILS(hoop_agent_create(options, NULL, &error), HOOP_INVALID_ARGUMENT, "agent is null");
  CHECK_FAILS(hoop_agent_start(NULL, &error), HOOP_INVALID_ARGUMENT, "agent is null");
  CHECK_FAILS(hoop_agent_wait_connected(NULL, 0, &error), HOOP_INVALID_ARGUMENT, "agent is null");
  CHECK_FAILS(hoop_agent_stop(NULL, 0, &error), HOOP_INVALID_ARGUMENT, "agent is null");
  CHECK_FAILS(hoop_agent_wait(NULL, 0, &error), HOOP_INVALID_ARGUMENT, "agent is null");
  CHECK_FAILS(hoop_agent_connected(NULL, &error), HOOP_INVALID_ARGUMENT, "agent is null");
  CHECK_FAILS(hoop_gateway_create(NULL, &gateway, &error), HOOP_INVALID_ARGUMENT, "options is null");
  CHECK_FAILS(hoop_gateway_start(NULL, &error), HOOP_INVALID_ARGUMENT, "gateway is null");
  CHECK_FAILS(hoop_gateway_stop(NULL, 0, &error), HOOP_INVALID_ARGUMENT, "gateway is null");
  CHECK_FAILS(hoop_gateway_wait(NULL, 0, &error), HOOP_INVALID_ARGUMENT, "gateway is null");
  CHECK_FAILS(hoop_gateway_get(NULL, "api_url", NULL, &error), HOOP_INVALID_ARGUMENT, "gateway is null");
  CHECK_FAILS(hoop_stream_write(NULL, "x", 1, &taken, &error), HOOP_INVALID_ARGUMENT, "stream is null");
  CHECK_FAILS(hoop_stream_write_error(NULL, "x", 1, &taken, &error), HOOP_INVALID_ARGUMENT, "stream is null");
  CHECK_FAILS(hoop_stream_finish(NULL, &error), HOOP_INVALID_ARGUMENT, "stream is null");
  CHECK_FAILS(hoop_stream_end(NULL, 0, NULL, &error), HOOP_INVALID_ARGUMENT, "stream is null");
  CHECK_FAILS(hoop_stream_set_reading(NULL, 0, &error), HOOP_INVALID_ARGUMENT, "stream is null");
  CHECK_FAILS(hoop_stream_on_event(NULL, NULL, NULL, NULL, &error), HOOP_INVALID_ARGUMENT, "stream is null");
  CHECK_FAILS(hoop_stream_take_descriptor(NULL, NULL, &error), HOOP_INVALID_ARGUMENT, "stream is null");
  CHECK(hoop_stream_get(NULL, "kind") == NULL);
  CHECK(hoop_agent_start(NULL, NULL) == HOOP_INVALID_ARGUMENT); /* nobody has to want the text */
  hoop_options_destroy(options);
}

static void test_options_are_checked(void) {
  hoop_options* agent = hoop_options_create("agent");
  hoop_options* gateway = hoop_options_create("gateway");
  hoop_options* connection = hoop_options_create("connection");
  CHECK_FAILS(hoop_options_set(agent, "keey", "x", &error), HOOP_INVALID_ARGUMENT,
              "option \"keey\": agents have no such option");
  CHECK_FAILS(hoop_options_set(gateway, "key", "x", &error), HOOP_INVALID_ARGUMENT, "\"key\"");
  CHECK_FAILS(hoop_options_set(connection, "colour", "x", &error), HOOP_INVALID_ARGUMENT, "\"colour\"");
  CHECK_FAILS(hoop_options_set(agent, "env.", "x", &error), HOOP_INVALID_ARGUMENT, "\"env.\"");
  CHECK_FAILS(hoop_options_set(agent, "require_verified_tls", "yes", &error), HOOP_INVALID_ARGUMENT,
              "neither true nor false");
  CHECK_FAILS(hoop_options_set(gateway, "journal_bytes_max", "4 GiB", &error), HOOP_INVALID_ARGUMENT, "not a number");
  CHECK_FAILS(hoop_options_set(gateway, "log_calls", "", &error), HOOP_INVALID_ARGUMENT, "not a number");
  CHECK_OK(hoop_options_set(gateway, "log_calls", "2", &error));
  CHECK_OK(hoop_options_set(gateway, "log_requests", "true", &error));
  CHECK_OK(hoop_options_set(gateway, "admin_group", "wheel", &error));
  CHECK_FAILS(hoop_options_set(gateway, "tls_client_auth", "maybe", &error), HOOP_INVALID_ARGUMENT, "none of off");
  CHECK_FAILS(hoop_options_set(connection, "record", "no", &error), HOOP_INVALID_ARGUMENT, "neither durable nor");
  CHECK_FAILS(hoop_options_set(connection, "command.1", "x", &error), HOOP_INVALID_ARGUMENT, "words before it");
  CHECK_FAILS(hoop_options_set(connection, "command.x", "x", &error), HOOP_INVALID_ARGUMENT, "not a number");
  CHECK_FAILS(hoop_options_set_log(connection, 0, never_log, NULL, NULL, &error), HOOP_FAILED_PRECONDITION, "no log");
  CHECK_FAILS(hoop_options_serve(gateway, "x", never_open, NULL, NULL, &error), HOOP_FAILED_PRECONDITION,
              "only an agent");
  CHECK_FAILS(hoop_options_serve(agent, "", never_open, NULL, NULL, &error), HOOP_INVALID_ARGUMENT, "a name is needed");
  CHECK_OK(hoop_options_serve(agent, "x", never_open, NULL, NULL, &error));
  CHECK_FAILS(hoop_options_serve(agent, "x", never_open, NULL, NULL, &error), HOOP_ALREADY_EXISTS, "\"x\"");
  CHECK_FAILS(hoop_options_set_log(agent, HOOP_LOG_DEBUG - 1, never_log, NULL, NULL, &error), HOOP_INVALID_ARGUMENT,
              "lowest: no such level");
  CHECK_FAILS(hoop_options_set_log(agent, HOOP_LOG_ERROR + 1, never_log, NULL, NULL, &error), HOOP_INVALID_ARGUMENT,
              "lowest: no such level");
  hoop_options_destroy(agent);
  hoop_options_destroy(gateway);
  hoop_options_destroy(connection);
}

static void test_objects_need_their_options(void) {
  hoop_options* agent_options_ = hoop_options_create("agent");
  hoop_options* gateway_options_ = hoop_options_create("gateway");
  hoop_agent* agent = NULL;
  hoop_gateway* gateway = NULL;
  CHECK_FAILS(hoop_agent_create(agent_options_, &agent, &error), HOOP_INVALID_ARGUMENT, "\"key\": is not set");
  CHECK_FAILS(hoop_agent_create(gateway_options_, &agent, &error), HOOP_INVALID_ARGUMENT, "not those of an agent");
  CHECK_OK(hoop_options_set(agent_options_, "key", "nonsense", &error));
  CHECK_FAILS(hoop_agent_create(agent_options_, &agent, &error), HOOP_INVALID_ARGUMENT, "");
  CHECK_FAILS(hoop_gateway_create(gateway_options_, &gateway, &error), HOOP_INVALID_ARGUMENT,
              "\"data_dir\": is not set");
  CHECK_FAILS(hoop_gateway_create(agent_options_, &gateway, &error), HOOP_INVALID_ARGUMENT, "not those of a gateway");
  CHECK(agent == NULL && gateway == NULL);
  hoop_options_destroy(agent_options_);
  hoop_options_destroy(gateway_options_);
}

static void test_an_agent_without_gateway(void) {
  hoop_options* options = hoop_options_create("agent");
  hoop_agent* agent = NULL;
  hoop_error* why = NULL;
  CHECK_OK(hoop_options_set(options, "key", kKey, &error));
  CHECK_OK(hoop_agent_create(options, &agent, &error));
  CHECK(hoop_agent_connected(agent, &why) == 0);
  CHECK(why == NULL); /* nothing was tried yet */
  CHECK_FAILS(hoop_agent_wait(agent, 0, &error), HOOP_DEADLINE_EXCEEDED, "was not stopped");
  CHECK_FAILS(hoop_agent_wait_connected(agent, 0, &error), HOOP_FAILED_PRECONDITION, "does not run");
  CHECK_FAILS(hoop_agent_wait_connected(agent, -1, &error), HOOP_INVALID_ARGUMENT, "milliseconds is negative");
  CHECK_FAILS(hoop_agent_stop(agent, -1, &error), HOOP_INVALID_ARGUMENT, "milliseconds is negative");
  CHECK_OK(hoop_agent_start(agent, &error));
  CHECK_FAILS(hoop_agent_start(agent, &error), HOOP_FAILED_PRECONDITION, "was started before");
  CHECK_FAILS(hoop_agent_wait_connected(agent, 300, &error), HOOP_DEADLINE_EXCEEDED, "the agent is not connected: ");
  CHECK(hoop_agent_connected(agent, &why) == 0);
  CHECK(hoop_error_status(why) == HOOP_UNAVAILABLE);
  hoop_error_destroy(why);
  CHECK_OK(hoop_agent_stop(agent, 1000, &error));
  CHECK_OK(hoop_agent_stop(agent, 1000, &error));
  CHECK_OK(hoop_agent_wait(agent, 0, &error));
  CHECK_FAILS(hoop_agent_wait_connected(agent, 30000, &error), HOOP_FAILED_PRECONDITION, "does not run");
  CHECK_FAILS(hoop_agent_start(agent, &error), HOOP_FAILED_PRECONDITION, "was started before");
  CHECK(hoop_agent_destroy(agent) == HOOP_OK);

  CHECK_OK(hoop_agent_create(options, &agent, &error)); /* stopped before it was started */
  CHECK_OK(hoop_agent_stop(agent, 0, &error));
  CHECK_FAILS(hoop_agent_start(agent, &error), HOOP_FAILED_PRECONDITION, "was started before");
  CHECK(hoop_agent_destroy(agent) == HOOP_OK);

  CHECK_OK(hoop_agent_create(options, &agent, &error)); /* never started */
  hoop_options_destroy(options);                        /* the agent has its own */
  CHECK(hoop_agent_destroy(agent) == HOOP_OK);
}

static void* wait_for_end(void* gateway) {
  CHECK_OK(hoop_gateway_wait(gateway, -1, &error));
  return NULL;
}
static void* stop_too(void* gateway) {
  CHECK_OK(hoop_gateway_stop(gateway, 5000, &error));
  return NULL;
}

/* What a running gateway is asked without the pointers that it needs. */
static void test_null_is_refused_while_it_runs(hoop_gateway* gateway) {
  char* text = NULL;
  CHECK_FAILS(hoop_gateway_get(gateway, NULL, &text, &error), HOOP_INVALID_ARGUMENT, "key is null");
  CHECK_FAILS(hoop_gateway_get(gateway, "api_url", NULL, &error), HOOP_INVALID_ARGUMENT, "text is null");
  CHECK_FAILS(hoop_gateway_ensure_admin(gateway, NULL, "x", &error), HOOP_INVALID_ARGUMENT, "email is null");
  CHECK_FAILS(hoop_gateway_ensure_admin(gateway, "x", NULL, &error), HOOP_INVALID_ARGUMENT, "password is null");
  CHECK_FAILS(hoop_gateway_issue_token(gateway, NULL, 1, &text, &error), HOOP_INVALID_ARGUMENT, "email is null");
  CHECK_FAILS(hoop_gateway_issue_token(gateway, "x", 1, NULL, &error), HOOP_INVALID_ARGUMENT, "token is null");
  CHECK_FAILS(hoop_gateway_issue_agent_key(gateway, NULL, &text, &error), HOOP_INVALID_ARGUMENT, "agent is null");
  CHECK_FAILS(hoop_gateway_issue_agent_key(gateway, "x", NULL, &error), HOOP_INVALID_ARGUMENT, "key is null");
  CHECK_FAILS(hoop_gateway_apply_connection(gateway, NULL, &error), HOOP_INVALID_ARGUMENT, "connection is null");
  CHECK_FAILS(hoop_gateway_stop(gateway, -1, &error), HOOP_INVALID_ARGUMENT, "milliseconds is negative");
  CHECK_FAILS(hoop_gateway_wait(gateway, 0, &error), HOOP_DEADLINE_EXCEEDED, "gateway: was not stopped");
  CHECK_FAILS(hoop_gateway_issue_token(gateway, "x", -1, &text, &error), HOOP_INVALID_ARGUMENT, "seconds is negative");
}

/* Neither a store nor a door is there for who comes too early or too late. */
static void test_what_needs_a_running_gateway(hoop_gateway* gateway, const hoop_options* connection) {
  char* text = NULL;
  CHECK_FAILS(hoop_gateway_get(gateway, "api_url", &text, &error), HOOP_FAILED_PRECONDITION, "does not run");
  CHECK_FAILS(hoop_gateway_ensure_admin(gateway, "x", "x", &error), HOOP_FAILED_PRECONDITION, "does not run");
  CHECK_FAILS(hoop_gateway_issue_token(gateway, "x", 1, &text, &error), HOOP_FAILED_PRECONDITION, "does not run");
  CHECK_FAILS(hoop_gateway_issue_agent_key(gateway, "x", &text, &error), HOOP_FAILED_PRECONDITION, "does not run");
  CHECK_FAILS(hoop_gateway_apply_connection(gateway, connection, &error), HOOP_FAILED_PRECONDITION, "does not run");
}

static void test_a_gateway_from_beginning_to_end(void) {
  struct test_gateway first = {"/tmp/hoop-c-test-XXXXXX", NULL};
  hoop_options *options, *connection = hoop_options_create("connection");
  hoop_gateway* second = NULL;
  char* text = NULL;
  pthread_t waiter, stopper;
  CHECK(mkdtemp(first.folder) != NULL);
  options = gateway_options(first.folder);
  CHECK_OK(hoop_gateway_create(options, &first.gateway, &error));
  CHECK_FAILS(hoop_gateway_create(options, &second, &error), HOOP_FAILED_PRECONDITION, "another gateway");
  test_what_needs_a_running_gateway(first.gateway, connection);
  CHECK_OK(hoop_gateway_start(first.gateway, &error));
  test_null_is_refused_while_it_runs(first.gateway);
  CHECK_FAILS(hoop_gateway_start(first.gateway, &error), HOOP_FAILED_PRECONDITION, "was started before");
  CHECK_FAILS(hoop_gateway_get(first.gateway, "colour", &text, &error), HOOP_INVALID_ARGUMENT, "colour");
  CHECK_OK(hoop_gateway_get(first.gateway, "api_url", &text, &error));
  CHECK(strncmp(text, "http://127.0.0.1:", 17) == 0);
  hoop_string_destroy(text);
  CHECK_OK(hoop_gateway_get(first.gateway, "setup_token", &text, &error));
  CHECK(strlen(text) > 20);
  hoop_string_destroy(text);
  CHECK_FAILS(hoop_gateway_issue_token(first.gateway, "me@example.test", 60, &text, &error), HOOP_NOT_FOUND, "");
  CHECK_OK(hoop_gateway_ensure_admin(first.gateway, "me@example.test", "a-secret", &error));
  CHECK_FAILS(hoop_gateway_get(first.gateway, "setup_token", &text, &error), HOOP_FAILED_PRECONDITION,
              "there is an account already");
  CHECK_OK(hoop_gateway_issue_token(first.gateway, "me@example.test", 60, &text, &error));
  hoop_string_destroy(text);
  CHECK_FAILS(hoop_gateway_apply_connection(first.gateway, options, &error), HOOP_INVALID_ARGUMENT,
              "not those of a connection");
  CHECK_FAILS(hoop_gateway_apply_connection(first.gateway, connection, &error), HOOP_INVALID_ARGUMENT, "name");
  CHECK_OK(hoop_options_set(connection, "name", "table", &error));
  CHECK_OK(hoop_options_set(connection, "agent", "prod", &error));
  CHECK_OK(hoop_options_set(connection, "type", "command-line", &error));
  CHECK_OK(hoop_options_set(connection, "command.0", "host:table", &error));
  CHECK_OK(hoop_options_set(connection, "access_modes", "exec,connect", &error));
  CHECK_OK(hoop_gateway_apply_connection(first.gateway, connection, &error));
  CHECK_FAILS(hoop_gateway_apply_connection(first.gateway, connection, &error), HOOP_ALREADY_EXISTS, "table");
  CHECK_OK(hoop_options_set(connection, "overwrite", "true", &error));
  CHECK_OK(hoop_gateway_apply_connection(first.gateway, connection, &error));
  CHECK(pthread_create(&waiter, NULL, wait_for_end, first.gateway) == 0);
  CHECK(pthread_create(&stopper, NULL, stop_too, first.gateway) == 0);
  CHECK_OK(hoop_gateway_stop(first.gateway, 5000, &error));
  CHECK(pthread_join(stopper, NULL) == 0);
  CHECK(pthread_join(waiter, NULL) == 0);
  test_what_needs_a_running_gateway(first.gateway, connection);
  CHECK(hoop_gateway_destroy(first.gateway) == HOOP_OK);
  hoop_options_destroy(connection);
  hoop_options_destroy(options);
  remove_folder(first.folder);
}

static void test_an_address_in_use(void) {
  struct test_gateway first = start_gateway();
  char folder[] = "/tmp/hoop-c-test-XXXXXX", *address = NULL;
  hoop_gateway* second = NULL;
  hoop_options* options;
  CHECK(mkdtemp(folder) != NULL);
  options = gateway_options(folder);
  CHECK_OK(hoop_gateway_get(first.gateway, "http_address", &address, &error));
  CHECK_OK(hoop_options_set(options, "http_listen", address, &error));
  CHECK_OK(hoop_gateway_create(options, &second, &error));
  CHECK_FAILS(hoop_gateway_start(second, &error), HOOP_FAILED_PRECONDITION, address);
  end_gateway(&first);
  CHECK_OK(hoop_gateway_start(second, &error)); /* a start that failed may be tried again */
  CHECK(hoop_gateway_destroy(second) == HOOP_OK);
  hoop_options_destroy(options);
  hoop_string_destroy(address);
  remove_folder(folder);
}

/* A gateway whose start is watched by its own log: the line that says it serves comes while _start still runs. */
struct start {
  hoop_gateway* gateway;
  int seen;
};

static void* stop_while_it_starts(void* gateway) {
  CHECK_FAILS(hoop_gateway_stop(gateway, 5000, &error), HOOP_FAILED_PRECONDITION, "gateway: is starting");
  CHECK_FAILS(hoop_gateway_start(gateway, &error), HOOP_FAILED_PRECONDITION, "gateway: was started before");
  CHECK_FAILS(hoop_gateway_wait(gateway, 0, &error), HOOP_DEADLINE_EXCEEDED, "gateway: was not stopped");
  return NULL;
}

static void on_start_log(int32_t level, const char* event, const char* const* keys, const char* const* values,
                         size_t count, void* user_data) {
  struct start* start = user_data;
  char* text = NULL;
  pthread_t other;
  (void)level, (void)keys, (void)values, (void)count;
  if (strcmp(event, "gateway serving") != 0) return;
  ++start->seen;
  CHECK(pthread_create(&other, NULL, stop_while_it_starts, start->gateway) == 0);
  CHECK(pthread_join(other, NULL) == 0);
  /* What waits is refused within a call-back, what only looks is not. */
  CHECK_FAILS(hoop_gateway_start(start->gateway, &error), HOOP_FAILED_PRECONDITION, "not from inside a call-back");
  CHECK_FAILS(hoop_gateway_stop(start->gateway, 0, &error), HOOP_FAILED_PRECONDITION, "not from inside a call-back");
  CHECK_FAILS(hoop_gateway_wait(start->gateway, 0, &error), HOOP_FAILED_PRECONDITION, "not from inside a call-back");
  CHECK(hoop_gateway_destroy(start->gateway) == HOOP_FAILED_PRECONDITION);
  CHECK_FAILS(hoop_gateway_ensure_admin(start->gateway, "x", "x", &error), HOOP_FAILED_PRECONDITION, "call-back");
  CHECK_FAILS(hoop_gateway_issue_token(start->gateway, "x", 1, &text, &error), HOOP_FAILED_PRECONDITION, "call-back");
  CHECK_FAILS(hoop_gateway_issue_agent_key(start->gateway, "x", &text, &error), HOOP_FAILED_PRECONDITION, "call-back");
  CHECK_FAILS(hoop_gateway_get(start->gateway, "setup_token", &text, &error), HOOP_FAILED_PRECONDITION, "call-back");
  CHECK_FAILS(hoop_gateway_get(start->gateway, "api_url", &text, &error), HOOP_FAILED_PRECONDITION, "does not run");
}

static void test_a_stop_while_it_starts(void) {
  char folder[] = "/tmp/hoop-c-test-XXXXXX";
  struct start start = {NULL, 0};
  hoop_options* options;
  CHECK(mkdtemp(folder) != NULL);
  options = gateway_options(folder);
  CHECK_OK(hoop_options_set_log(options, HOOP_LOG_INFO, on_start_log, &start, NULL, &error));
  CHECK_OK(hoop_gateway_create(options, &start.gateway, &error));
  hoop_options_destroy(options);
  CHECK_OK(hoop_gateway_start(start.gateway, &error));
  CHECK(start.seen == 1);
  CHECK_OK(hoop_gateway_stop(start.gateway, 5000, &error));
  CHECK(hoop_gateway_destroy(start.gateway) == HOOP_OK);
  remove_folder(folder);
}

/* An address may be asked for by one thread while another one stops the gateway. */
static void* ask_until_it_stops(void* gateway) {
  static const char* const keys[] = {"http_address", "grpc_address", "api_url"};
  int32_t status = HOOP_OK;
  size_t i;
  for (i = 0; status == HOOP_OK; ++i) {
    char* text = NULL;
    status = hoop_gateway_get(gateway, keys[i % 3], &text, NULL);
    CHECK(status == HOOP_FAILED_PRECONDITION || strstr(text, "127.0.0.1:") != NULL);
    hoop_string_destroy(text);
  }
  CHECK(status == HOOP_FAILED_PRECONDITION);
  return NULL;
}

static void test_questions_while_it_stops(void) {
  struct test_gateway gateway = start_gateway();
  pthread_t asker;
  CHECK(pthread_create(&asker, NULL, ask_until_it_stops, gateway.gateway) == 0);
  CHECK_OK(hoop_gateway_stop(gateway.gateway, 5000, &error));
  CHECK(pthread_join(asker, NULL) == 0);
  CHECK(hoop_gateway_destroy(gateway.gateway) == HOOP_OK);
  remove_folder(gateway.folder);
}

static void count_destroyed(void* user_data) { ++*(int*)user_data; }

static void test_user_data_is_destroyed_once(void) {
  struct test_gateway gateway = start_gateway();
  hoop_options* options = agent_options(&gateway, "prod");
  hoop_agent* agent = NULL;
  int service = 0, log = 0, unused = 0, refused = 0;
  CHECK_OK(hoop_options_serve(options, "table", never_open, &service, count_destroyed, &error));
  CHECK_OK(hoop_options_set_log(options, HOOP_LOG_ERROR, never_log, &unused, count_destroyed, &error));
  CHECK_OK(hoop_options_set_log(options, HOOP_LOG_ERROR, never_log, &log, count_destroyed, &error));
  CHECK(unused == 1); /* the second one took its place */
  CHECK(hoop_options_serve(options, "table", never_open, &refused, count_destroyed, NULL) == HOOP_ALREADY_EXISTS);
  CHECK(hoop_options_set_log(options, 7, never_log, &refused, count_destroyed, NULL) == HOOP_INVALID_ARGUMENT);
  CHECK_OK(hoop_agent_create(options, &agent, &error));
  hoop_options_destroy(options);
  CHECK(service == 0 && log == 0);
  CHECK(hoop_agent_destroy(agent) == HOOP_OK);
  CHECK(service == 1 && log == 1 && unused == 1 && refused == 0);
  end_gateway(&gateway);
}

int main(void) {
  test_version_and_texts();
  test_null_is_nothing_to_destroy();
  test_null_is_refused_by_name();
  test_options_are_checked();
  test_objects_need_their_options();
  test_an_agent_without_gateway();
  test_a_gateway_from_beginning_to_end();
  test_an_address_in_use();
  test_a_stop_while_it_starts();
  test_questions_while_it_stops();
  test_user_data_is_destroyed_once();
  return 0;
}
